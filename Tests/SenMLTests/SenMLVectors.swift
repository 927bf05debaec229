import Foundation
import SenML

/// The examples of RFC 8428 as the working group publishes them, read in place.
enum SenMLVectors {
    /// `CAIRN_VECTORS`, or the folder `shared/vectors` beside the repository.
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["CAIRN_VECTORS"] {
            return URL(fileURLWithPath: path).appendingPathComponent("senml")
        }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return repository.appendingPathComponent("../shared/vectors/senml").standardized
    }()

    static let names = ["ex1", "ex2", "ex3", "ex4", "ex5", "ex6", "ex7", "ex10", "ex11", "ex13"]

    static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func octets(_ name: String) throws -> [UInt8] {
        [UInt8](try Foundation.Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
    }
}
