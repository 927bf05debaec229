import ContractKit

/// What a testing agency is accredited for; key: the agency.
public struct Accreditation: StateValue, Hashable {
    /// The accreditation body.
    public var by: String
    public var number: String
    /// Analytes, as reports name them.
    public var scope: [String]
    /// ms since 1970; valid from this instant and before `until`.
    public var from: UInt64
    public var until: UInt64

    init(by: String, number: String, scope: [String], from: UInt64, until: UInt64) {
        self.by = by
        self.number = number
        self.scope = scope
        self.from = from
        self.until = until
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an accreditation")
        self.init(
            by: try fields.text("by"), number: try fields.text("number"), scope: try fields.texts("scope"),
            from: try fields.number("from"), until: try fields.number("until"))
    }

    public var cbor: Value {
        [
            "by": .text(by), "number": .text(number), "scope": .texts(scope), "from": .unsigned(from),
            "until": .unsigned(until),
        ]
    }
}

/// A test report that was used; key: its id.
public struct TestReport: StateValue, Hashable {
    public var lot: String
    /// Whether an accreditation of the agency covered the analyte when it reported.
    public var isCovered: Bool

    init(lot: String, isCovered: Bool) {
        self.lot = lot
        self.isCovered = isCovered
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a test report")
        self.init(lot: try fields.text("lot"), isCovered: try fields.flag("isCovered"))
    }

    public var cbor: Value { ["lot": .text(lot), "isCovered": .bool(isCovered)] }
}

/// Boxes under one SSCC; key: its 18 digits.
public struct Pallet: StateValue, Hashable {
    public var packer: String
    /// Paths of product codes, in the order in which they were put on.
    public var boxes: [String]

    init(packer: String, boxes: [String]) {
        self.packer = packer
        self.boxes = boxes
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a pallet")
        self.init(packer: try fields.text("packer"), boxes: try fields.texts("boxes"))
    }

    public var cbor: Value { ["packer": .text(packer), "boxes": .texts(boxes)] }
}

/// That a record is wrong, in the words of whoever signed it; key: the signer and the record's id.
public struct ErrorDeclaration: StateValue, Hashable {
    public var reason: String
    /// The record that holds instead.
    public var corrective: Hash32?
    public var declaredAt: UInt64

    init(reason: String, corrective: Hash32?, declaredAt: UInt64) {
        self.reason = reason
        self.corrective = corrective
        self.declaredAt = declaredAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an error declaration")
        self.init(
            reason: try fields.text("reason"), corrective: fields.value("corrective").hash32,
            declaredAt: try fields.number("declaredAt"))
    }

    public var cbor: Value {
        [
            "reason": .text(reason), "corrective": corrective.map { .hash($0) } ?? .null,
            "declaredAt": .unsigned(declaredAt),
        ]
    }
}

/// A holder's word that its boxes of a recalled lot are off the shelf; key: the lot and the holder.
public struct RecallAnswer: StateValue, Hashable {
    /// Boxes that were set aside.
    public var boxes: UInt64
    public var confirmedAt: UInt64

    init(boxes: UInt64, confirmedAt: UInt64) {
        self.boxes = boxes
        self.confirmedAt = confirmedAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of an answer to a recall")
        self.init(boxes: try fields.number("boxes"), confirmedAt: try fields.number("confirmedAt"))
    }

    public var cbor: Value { ["boxes": .unsigned(boxes), "confirmedAt": .unsigned(confirmedAt)] }
}
