import APIKit
import ContractKit
import KeyService
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// Makes the models of the sharing pages from ledger, index and vault, for one signed-in participant.
struct SharingModel {
    /// Accesses and ended grants that a page lists.
    private static let rows = 100

    private let platform: Platform
    private let session: Session
    private var person: String { session.participant }

    init(_ platform: Platform, _ session: Session) {
        self.platform = platform
        self.session = session
    }

    // MARK: Owners

    func myData() throws -> MyDataPage {
        let now = platform.now
        let grants = try scan(GrantsContract.grants).filter { $0.value.terms.owner == person }
        let live = grants.filter { $0.value.isLive(at: now) }
        return MyDataPage(
            owner: session.name, ledgerID: platform.node.ledger.hex, csrfToken: session.formToken,
            streams: try streams().map { name, latest in
                MyDataPage.Stream(
                    name: name, channel: StreamName.channel(of: name),
                    isPublished: try platform.state.get(GrantsContract.streams, name)?.isPublished ?? false,
                    readers: live.filter { $0.value.terms.streams.contains(name) }.map {
                        platform.name(of: $0.value.terms.reader)
                    }, latest: latest.map(Self.moment))
            },
            requests: try scan(GrantsContract.requests)
                .filter { $0.value.terms.owner == person && $0.value.answer == .waiting }
                .map { shown($0.value.terms, id: $0.key, with: $0.value.terms.reader) },
            grants: grants.sorted { $0.value.grantedAt > $1.value.grantedAt }.prefix(Self.rows).map { id, grant in
                .init(
                    terms: shown(grant.terms, id: id, with: grant.terms.reader), since: Self.moment(grant.grantedAt),
                    ended: Self.end(of: grant, now: now), accesses: grant.releases)
            },
            accesses: try AccessLog(of: person, on: platform).entries.prefix(Self.rows).map { entry in
                .init(
                    time: Self.moment(entry.time), reader: platform.name(of: entry.terms.reader),
                    channels: Set(entry.epochs.map { StreamName.channel(of: $0.stream) }).sorted(),
                    purpose: entry.terms.purpose, transactionID: entry.transaction.hex)
            })
    }

    /// The owner's streams with the time of the last reading, where an epoch tells it.
    private func streams() throws -> [(name: String, latest: UInt64?)] {
        var found: [String: UInt64?] = [:]
        for (key, _) in try scan(TelemetryContract.streams) {
            let parts = key.split(separator: "/").map(String.init)
            guard parts.count == 2, StreamName.owner(of: parts[1]) == person else { continue }
            let number = try platform.state.get(TelemetryContract.latestEpochs, key)
            let epoch = try number.flatMap {
                try platform.state.get(
                    TelemetryContract.epochs,
                    EpochRecord.key(gateway: parts[0], stream: parts[1], number: $0))
            }
            found[parts[1]] = [found[parts[1]] ?? nil, epoch?.to].compactMap { $0 }.max()
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func consent(_ id: String) throws -> ConsentPage {
        guard let request = try platform.state.get(GrantsContract.requests, id), request.terms.owner == person else {
            throw Problem.notFound("request \(id) to you")
        }
        let reader = try platform.state.get(MembershipContract.participants, request.terms.reader)
        let organisation = reader.map { platform.node.memberName($0.member) }
        let voucher = reader?.attestedBy ?? ""
        return ConsentPage(
            terms: shown(request.terms, id: id, with: request.terms.reader),
            organisation: organisation ?? "",
            vouchedBy: voucher == "genesis" ? "the members of the ledger" : platform.name(of: voucher),
            isOpen: request.answer == .waiting, csrfToken: session.formToken)
    }

    // MARK: Readers

    func sharedData() throws -> SharedDataPage {
        let now = platform.now
        let owners = Set(try scan(MembershipContract.devices).map(\.value.owner)).subtracting([person])
        return SharedDataPage(
            reader: session.name, csrfToken: session.formToken,
            grants: try scan(GrantsContract.grants).filter { $0.value.terms.reader == person }
                .sorted { $0.value.grantedAt > $1.value.grantedAt }.prefix(Self.rows).map { id, grant in
                    .init(
                        terms: shown(grant.terms, id: id, with: grant.terms.owner),
                        ended: Self.end(of: grant, now: now))
                },
            requests: try scan(GrantsContract.requests).filter { $0.value.terms.reader == person }
                .sorted { $0.value.askedAt > $1.value.askedAt }.prefix(Self.rows).map { id, request in
                    .init(
                        terms: shown(request.terms, id: id, with: request.terms.owner),
                        answer: request.answer.rawValue)
                }, owners: owners.sorted().map { .init($0, platform.name(of: $0)) }, today: Self.moment(now).day)
    }

    func grant(_ id: String) throws -> GrantPage {
        guard let grant = try platform.state.get(GrantsContract.grants, id), grant.terms.reader == person else {
            throw Problem.notFound("grant \(id) for you")
        }
        let isLive = grant.isLive(at: platform.now)
        return GrantPage(
            terms: shown(grant.terms, id: id, with: grant.terms.owner), since: Self.moment(grant.grantedAt),
            isLive: isLive, newKeys: isLive ? try platform.keyService.missing(grant, reader: person).count : 0,
            charts: isLive ? try charts(grant) : [], csrfToken: session.formToken)
    }

    private func charts(_ grant: GrantRecord) throws -> [LineChart] {
        let readings = try platform.readings(for: session)
        let quantities = try readings.sealedQuantities().filter { grant.terms.streams.contains($0.stream) }
        return try quantities.prefix(GrantPage.maximumCharts).compactMap { quantity in
            let values = try readings.readings(device: quantity.device, quantity: quantity.quantity)
            guard let first = values.first else { return nil }
            return LineChart(
                title: "\(StreamName.channel(of: quantity.stream)): \(quantity.quantity)", unit: first.unit,
                series: [
                    .init(
                        name: quantity.quantity, source: "readings signed by \(quantity.device)",
                        points: values.map { .init(Self.moment($0.time), $0.value) })
                ])
        }
    }

    // MARK: Parts

    private func scan<Element>(_ map: StateMap<Element>) throws -> [(key: String, value: Element)] {
        try platform.state.scan(map, limit: GrantRoutes.maximumListed)
    }

    private func shown(_ terms: GrantTerms, id: String, with other: String) -> SharedTerms {
        SharedTerms(
            id: id, person: platform.name(of: other), channels: terms.streams.map { StreamName.channel(of: $0) },
            purpose: terms.purpose, from: Self.moment(terms.from), to: terms.to.map(Self.moment),
            until: Self.moment(terms.until))
    }

    private static func end(of grant: GrantRecord, now: UInt64) -> Moment? {
        grant.revokedAt.map(moment) ?? (now < grant.terms.until ? nil : moment(grant.terms.until))
    }

    private static func moment(_ milliseconds: UInt64) -> Moment {
        Moment(milliseconds: Int64(clamping: milliseconds))
    }
}
