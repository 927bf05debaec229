import ContractKit

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
}
