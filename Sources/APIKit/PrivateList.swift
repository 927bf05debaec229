import Foundation
import Synchronization

/// A list kept as JSON in one file that its owner alone can read; written whole, so it is for lists of people's size.
public final class PrivateList<Element: Codable & Sendable>: Sendable {
    private let file: URL
    private let elements: Mutex<[Element]>

    /// Opens the file, or begins a new list.
    public init(file: URL) throws {
        self.file = file
        let kept = try (try? Data(contentsOf: file)).map { try JSONDecoder().decode([Element].self, from: $0) }
        elements = Mutex(kept ?? [])
    }

    /// The list now.
    public var all: [Element] { elements.withLock { $0 } }

    /// Changes the list; nothing has changed if `body` throws or the file cannot be written.
    public func change<Result>(_ body: (inout [Element]) throws -> Result) throws -> Result {
        try elements.withLock { elements in
            var changed = elements
            let result = try body(&changed)
            let data = try JSONEncoder().encode(changed)
            try data.write(to: file, options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            elements = changed
            return result
        }
    }
}
