import Foundation

/// Outside test data, read where it lies and never copied.
public enum Vectors {
    /// The folder of vectors: `CAIRN_VECTORS`, or `shared/vectors` beside the repository.
    public static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["CAIRN_VECTORS"] { return URL(filePath: path) }
        return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/vectors")
    }()

    /// A file or folder of the vectors; nil, with a line that says so, where it is absent.
    public static func locate(_ path: String, cases: Int) -> URL? {
        let url = folder.appending(path: path)
        if FileManager.default.fileExists(atPath: url.path) { return url }
        print("skipped \(cases) cases: no outside data at \(path)")
        return nil
    }

    public static func json(_ url: URL) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
    }

    public static func files(in folder: URL, suffix: String) -> [URL] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
        return all.compactMap { $0 as? URL }.filter { $0.path.hasSuffix(suffix) }.sorted { $0.path < $1.path }
    }
}
