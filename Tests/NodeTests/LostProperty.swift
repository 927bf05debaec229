import APIKit
import ContractKit
import Ledger
import PortalKit
import UseCaseKit

/// A sixth use case, as small as one can be: what is found is reported, and handed to whoever it belongs to, once.
/// docs/add-a-use-case.md walks through it.
struct LostProperty: UseCase {
    let name = "lost-property"
    let table = "no table: it is not of the report"
    let contracts: [any Contract] = [LostPropertyContract()]
    let parameters: [(contract: String, values: CBOR)] = [("lost", ["daysKept": 90])]
    let templates: [TemplateFolder] = []

    let cast = Cast(
        members: [("railway", "Valley Railway"), ("town", "Town of Valley")],
        participants: [
            .init("town-hall", member: "town", name: "Town hall", roles: [MembershipContract.registrar]),
            .init("station", member: "railway", name: "Central station", roles: [LostPropertyContract.finder]),
        ])

    func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == LostPropertyContract.contractName else { return [] }
        return (statement.operation.arguments["thing"]?.text).map { ["thing:\($0)"] } ?? []
    }

    func exchange(in statement: Statement) -> Exchange? {
        guard statement.operation.contract == LostPropertyContract.contractName else { return nil }
        return Exchange(producer: statement.issuer, receiver: "Ledger", exchanged: statement.operation.name)
    }

    func routes(on platform: Platform) -> [Route] {
        [
            Route(.get, "/api/v1/things/{id}", "A thing that was found", tag: "lost", access: .signedIn) { request in
                let id = try request.parameter("id")
                guard let thing = try platform.state.get(LostPropertyContract.things, id) else {
                    throw Problem.notFound("thing \(id)")
                }
                return .json(["id": id, "keeper": thing.keeper, "handedTo": thing.handedTo ?? ""])
            }
        ]
    }

    func doors(on platform: Platform) -> StartPage.Section {
        .init(
            title: "Lost property", sentence: "What is found comes back to whoever lost it.",
            doors: [.init(title: "I found something", sentence: "Report it.", href: "/found", stage: .storage)])
    }

    func home(for roles: [String]) -> String? { roles.contains(LostPropertyContract.finder) ? "/found" : nil }
    func examples(on platform: Platform) throws -> [String: [String: String]] { [:] }
    func scenario(on stage: Stage) async throws {}
    func simulate(on stage: Stage) async throws {}
}

struct LostPropertyContract: Contract {
    static let contractName = "lost"
    static let finder = "finder"
    static let things = StateMap<Thing>(contractName, "things")

    struct Thing: StateValue {
        var keeper: String
        var handedTo: String?

        init(keeper: String) { self.keeper = keeper }

        init(cbor: Value) throws(ContractError) {
            guard let map = cbor.map, let keeper = map["keeper"]?.text else { throw .corrupt("of a thing") }
            self.keeper = keeper
            handedTo = map["handedTo"]?.text
        }

        var cbor: Value { ["keeper": .text(keeper), "handedTo": .optional(handedTo)] }
    }

    let name = contractName
    let version: UInt64 = 1

    func execute(_ operation: Ledger.Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        let id = try arguments.text("thing", maximum: 40)
        switch operation.name {
        case "report":
            try arguments.finish()
            try context.requireRole(Self.finder)
            guard try context.get(Self.things, id) == nil else { throw .exists("the thing \(id)") }
            context.set(Self.things, id, Thing(keeper: context.sender.id))
        case "hand":
            let to = try arguments.text("to", maximum: 60)
            try arguments.finish()
            var thing = try context.require(Self.things, id, "the thing")
            guard thing.keeper == context.sender.id else { throw .notAuthorised("\(thing.keeper) keeps it") }
            if let other = thing.handedTo { throw ContractError(100, "\(id) was handed to \(other) already") }
            thing.handedTo = to
            context.set(Self.things, id, thing)
        default: throw .unknownOperation(operation.name)
        }
    }
}
