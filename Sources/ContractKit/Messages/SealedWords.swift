import Ledger

/// The words of a message, for one reader: HPKE base mode (RFC 9180 §6.1), the encapsulated key before the ciphertext.
public struct SealedWords: Sendable, Hashable {
    /// Most octets of words in UTF-8.
    public static let maximumWords = 1000
    /// Words with the encapsulated key and the tag.
    public static let maximumBox = maximumWords + 48

    /// The participant who opens it.
    public let reader: String
    public let box: Bytes

    public init(reader: String, box: Bytes) {
        self.reader = reader
        self.box = box
    }

    /// - Throws: `ContractError` with `invalid` for another shape.
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, map.count == 2, let reader = map["reader"]?.text, let box = map["box"]?.bytes else {
            throw .invalid("sealed", "a list of maps with reader and box")
        }
        self.init(reader: reader, box: box)
    }

    public var cbor: Value { ["reader": .text(reader), "box": .bytes(box)] }

    /// Takes the arguments `text`, the SHA-256 of the words that all can hold each other to, and `sealed`, the words under a
    /// key of each reader.
    ///
    /// - Throws: `ContractError` with `invalid` where a box is for somebody else or too large.
    public static func take(_ arguments: inout Arguments, readers: [String]) throws(ContractError) {
        _ = try arguments.hash("text")
        for value in try arguments.array("sealed", maximum: readers.count) {
            let words = try SealedWords(cbor: value)
            guard readers.contains(words.reader), words.box.count <= maximumBox else {
                throw .invalid("sealed", "at most \(maximumBox) octets for each party of the case")
            }
        }
    }
}
