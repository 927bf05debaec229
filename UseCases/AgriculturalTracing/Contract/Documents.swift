import ContractKit

/// Pictures and reports (TR 6.1.2.2): they stay off the ledger, their SHA-256 and who says what they show are on it.
extension TracingContract {
    static let mediaTypes = ["image/jpeg", "image/png", "application/pdf", "text/plain", "video/mp4"]

    /// Whoever answers for a plot, a lot or a box attaches a document to it. A picture in which faces were blurred names the hash of the
    /// original too, which its owner keeps.
    func attach(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let hash = try arguments.hash("document")
        let about = try arguments.text("about", maximum: 120)
        let record = Attachment(
            by: context.sender.id, about: about, mediaType: try arguments.text("mediaType", maximum: 40),
            caption: try arguments.text("caption", maximum: 200), original: try arguments.optionalHash("original"))
        let takenAt = try arguments.unsigned("takenAt")
        try arguments.finish()
        guard Self.mediaTypes.contains(record.mediaType) else {
            throw .invalid("mediaType", "one of \(Self.mediaTypes.joined(separator: ", "))")
        }
        guard record.original != hash else { throw .invalid("original", "another hash than that of what is published") }
        guard Self.isPast(takenAt, context) else { throw .invalid("takenAt", "a time that has passed") }
        try requireWord(about, context)
        guard try context.get(Self.documents, hash.hex) == nil else { throw .exists("this document") }
        context.set(Self.documents, hash.hex, record)
    }

    /// Whether the sender may say something of a plot, a lot or a box.
    private func requireWord(_ about: String, _ context: ContractContext) throws(ContractError) {
        let name = String(about.drop { $0 != ":" }.dropFirst())
        if about.hasPrefix("plot:") {
            return try requireFarmOwner(try context.require(Self.plots, name, "the plot").farm, context)
        }
        if about.hasPrefix("lot:") {
            let lot = try context.require(Self.harvestLots, name, "the lot")
            guard lot.owner == context.sender.id || context.sender.roles.contains(Role.laboratory) else {
                throw .notAuthorised("the lot \(name) belongs to \(lot.owner)")
            }
            return
        }
        let path = try ProductCode(path: about).path
        guard path == about else { throw .invalid("about", "plot:NAME, lot:NAME or the path of a product code") }
        try Self.requireHolder(try Self.liveBox(path, context), path, context)
    }
}

/// A document that lies off the ledger; key: its SHA-256 in hex.
public struct Attachment: StateValue, Hashable {
    public var by: String
    /// `plot:NAME`, `lot:NAME` or the path of a product code.
    public var about: String
    public var mediaType: String
    public var caption: String
    /// SHA-256 of what the published picture was made from.
    public var original: Hash32?

    init(by: String, about: String, mediaType: String, caption: String, original: Hash32?) {
        self.by = by
        self.about = about
        self.mediaType = mediaType
        self.caption = caption
        self.original = original
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a document")
        self.init(
            by: try fields.text("by"), about: try fields.text("about"), mediaType: try fields.text("mediaType"),
            caption: try fields.text("caption"), original: fields.value("original").hash32)
    }

    public var cbor: Value {
        [
            "by": .text(by), "about": .text(about), "mediaType": .text(mediaType), "caption": .text(caption),
            "original": original.map { .hash($0) } ?? .null,
        ]
    }
}
