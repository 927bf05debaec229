import ContractKit

/// The contract's own refusals. Numbers are stable and never reused.
enum Refusal {
    static let notSensed = ContractError(
        110, "the sensors of the bay have not measured the goods within a day; no receipt without goods that are seen")
    static func weight(_ declared: UInt64, _ seen: UInt64) -> ContractError {
        ContractError(
            111, "declared are \(declared / 1000) kg and the scale sees \(seen / 1000) kg; correct the declaration")
    }
    static func count(_ declared: UInt64, _ seen: UInt64) -> ContractError {
        ContractError(112, "declared are \(declared) pieces and \(seen) are seen")
    }
    static func density(_ seen: UInt64, _ range: ClosedRange<UInt64>) -> ContractError {
        ContractError(
            113,
            "weight against volume gives \(seen) kg/m³ where \(range.lowerBound) to \(range.upperBound) is right "
                + "for the goods; open and inspect them")
    }
    static let blind = ContractError(114, "a sensor of the bay does not report; repair it first")
    static let notInspected = ContractError(115, "sealed goods need an inspector's signature first")
    static let duplicate = ContractError(116, "goods with one of these marks are in another lot or pledged elsewhere")
    static let hasReceipt = ContractError(117, "there is a receipt for this lot already")
    static let openAlarms = ContractError(118, "the lot has open alarms; the site's operator closes them with a reason")
    static func number(_ next: String) -> ContractError {
        ContractError(119, "receipts of a site have consecutive numbers; the next is \(next)")
    }
    static let device = ContractError(120, "a measurement names a device that is not enrolled at this gateway")
    static let notConserved = ContractError(121, "the parts of a receipt add up to its weight and count exactly")
    static let notYourApproval = ContractError(
        122, "an application is sent by a person with the role approver, and not by who prepared it")
    static func stage(_ stage: String) -> ContractError { ContractError(123, "this is not possible when \(stage)") }
    static let noConsent = ContractError(130, "the enterprise has not consented to this, or the consent has ended")
    static let noAuthority = ContractError(131, "the bank has not authorised this organisation, or that has ended")
    static let stale = ContractError(133, "there is no status report that is fresh enough; ask for a new one")
    static let alarmed = ContractError(134, "the status report has open alarms")
    /// Says no name: a bank learns that a lot is not free, and nothing of the other bank.
    static let notFree = ContractError(140, "the receipt is not free")
    static func overLimit(_ limit: UInt64) -> ContractError {
        ContractError(141, "the goods, the bank's rules and its limit for this borrower allow \(limit) (minor units)")
    }
    static let noPrice = ContractError(142, "there is no price for the goods that is fresh enough")
    static let notEligible = ContractError(143, "the bank does not lend on goods of this kind")
    static let pledged = ContractError(150, "the receipt is pledged; the bank has to consent")
    static func cover(_ most: UInt64) -> ContractError {
        ContractError(151, "the loan needs the goods; at most \(most / 1000) kg can go")
    }
    static let blocked = ContractError(152, "goods are missing; nothing is released until that is cleared")
    static let unlike = ContractError(153, "a swap is of goods of the same kind and at least the same weight")
    static let remark = ContractError(160, "a remark has at most 120 bytes")
    static let alreadyBeneficiary = ContractError(161, "this is the beneficiary already")
    static let alreadyNominated = ContractError(162, "this is nominated already")
    static let nobody = ContractError(163, "a transfer is to somebody")
    static let notNominated = ContractError(164, "the beneficiary has nominated somebody else, or nobody")
    static let alreadyHolder = ContractError(165, "this is the holder already")
    static let nothingToReject = ContractError(166, "there is no transfer to reject")
    static let rejectBoth = ContractError(167, "who got both roles rejects both")
    static let inactive = ContractError(168, "the receipt is cancelled")
    static let surrendered = ContractError(169, "the receipt was surrendered; only the issuer acts on it")
    static let sameParty = ContractError(170, "a secured party is named once in a notice")
    static func law(_ flaw: String) -> ContractError { ContractError(172, "the notice is not complete: \(flaw)") }
    static let ended = ContractError(171, "the notice was discharged or has expired")
}
