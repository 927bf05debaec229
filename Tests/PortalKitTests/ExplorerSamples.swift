@testable import PortalKit

/// Models with every part filled, and with none, for the snapshots.
enum ExplorerSamples {
    static let ledgerID = String(repeating: "ab", count: 32)
    static let hash = String(repeating: "9f3a", count: 16)
    static let time = Moment(milliseconds: 1_790_000_000_000)

    static let ledger = LedgerPage(
        name: "Harvest", ledgerID: ledgerID, height: 1204, logSize: 18_422, headTime: time, quorum: 3,
        survivesLying: 1, survivesSilent: 1,
        members: [
            .init(id: "cooperative", name: "Co-operative", lastVote: 1204),
            .init(id: "haulier", name: "Haulier", lastVote: nil),
        ],
        blocks: [.init(height: 1204, time: time, accepted: 3, rejected: 1, votes: 4, hash: hash)])

    static let block = BlockPage(
        ledgerName: "Harvest", ledgerID: ledgerID, height: 1204, time: time, hash: hash, previousHash: hash,
        logSize: 18_421, logRoot: hash, stateRoot: hash, resultsRoot: hash, voters: ["Co-operative", "Retailer"],
        quorum: 3,
        transactions: [
            .init(
                id: hash, operation: "agriculture · sow", subject: "plot-12", signer: "Linde Farm",
                isAccepted: true),
            .init(
                id: hash, operation: "agriculture · sell", subject: "box 2", signer: "Shop",
                isAccepted: false),
        ],
        hasNext: false)

    static let transaction = TransactionPage(
        ledgerName: "Harvest", ledgerID: ledgerID, id: hash, mark: .final, position: .init(height: 7, time: time),
        contract: "agriculture", operation: "sow", subject: "plot-12",
        arguments: [Fact("plot", "plot-12"), Fact("at", time)],
        signer: .init(
            id: "farm-7", name: "Linde Farm", role: "farmer", organisation: "Co-operative",
            vouchedBy: "Chamber", kid: hash),
        refusal: nil, events: [Fact("sown", "plot-12")],
        receipts: [.init(member: "Co-operative", treeSize: 20, leafIndex: 5)], evidenceURL: "/api/v1/evidence/x",
        historyURL: "/history")

    static let refused = TransactionPage(
        ledgerName: "Harvest", ledgerID: ledgerID, id: hash, mark: .rejected, position: nil, contract: "agriculture",
        operation: "sell", subject: "box 2", arguments: [],
        signer: .init(id: "shop", name: "Shop", role: "seller", organisation: "Retailer", vouchedBy: nil, kid: hash),
        refusal: "The box is out of date. Take it off the shelf.", events: [], receipts: [], evidenceURL: nil,
        historyURL: nil)

    static let participant = ParticipantPage(
        ledgerName: "Harvest", ledgerID: ledgerID, id: "farm-7", name: "Linde Farm", organisation: "Co-operative",
        roles: ["farmer"], vouchedBy: "Chamber", validUntil: time, isRevoked: false,
        keys: [.init(kid: hash, algorithm: "Ed25519", from: 0, until: nil)], statements: [])

    static let device = DevicePage(
        ledgerName: "Harvest", ledgerID: ledgerID, urn: "urn:dev:os:32473-1", kind: "Climate probe",
        ownerID: "farm-7", ownerName: "Linde Farm", gateway: "Gateway 1", vouchedBy: nil, kid: hash, generation: 2,
        isRevoked: true,
        readings: [
            .init(channel: "Air", value: 18.4, unit: "°C", time: time),
            .init(channel: "Soil", value: 12, unit: "%", time: time, finding: "Out of range"),
        ],
        charts: [
            LineChart(
                title: "Air", unit: "°C",
                series: [
                    .init(
                        name: "Probe", source: "signed",
                        points: (0..<4).map { .init(Moment(milliseconds: time.milliseconds + $0 * 60_000), Double($0)) }
                    )
                ])
        ],
        batches: [])

    static let start = StartPage(
        sections: [
            .init(
                title: "Food", sentence: "Seed to shop.",
                doors: [.init(title: "I farm", sentence: "Plots", href: "/farm", stage: .growth)])
        ],
        ledgers: [.init(title: "Harvest", href: "/ledgers/ab")])

    static let submitted = SubmittedPage(
        title: "Fertilising recorded", mark: .ordered, transactionID: hash, ledgerID: ledgerID, sentence: "Saved.",
        back: .init(title: "Back to the farm", href: "/farm"))

    static let names = [
        "ledger", "block", "transaction", "refused", "participant", "device", "start", "submitted",
        "verify", "problem",
    ]

    static func rendered(by portal: Portal) throws -> [String: String] {
        [
            "ledger": try portal.render(ledger), "block": try portal.render(block),
            "transaction": try portal.render(transaction), "refused": try portal.render(refused),
            "participant": try portal.render(participant), "device": try portal.render(device),
            "start": try portal.render(start), "submitted": try portal.render(submitted),
            "verify": try portal.render(VerifyPage(ledgers: [(name: "Harvest", id: ledgerID)])),
            "problem": try portal.render(ProblemPage.notFound),
        ]
    }
}
