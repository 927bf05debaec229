import APIKit
import AutomatedParkingContract
import AutomatedParkingGateway
import ContractKit
import Ledger
import PortalKit
import UseCaseKit

/// Tags on windscreens: a reader takes one for the plate that its account has registered.
extension DriverRoutes {
    func tag(_ input: FormInput, _ session: Session) throws -> [Platform.Wish] {
        guard let plate = input["plate"].flatMap({ Hash32(hex: $0) }),
            let tag = PlateName.tag(try input.text("number"), try key())
        else { throw Problem.badRequest("choose a plate, and give the 4 to 40 letters and digits printed on the tag") }
        return [
            ParkingRoutes.wish("tag", [("tag", .hash(tag)), ("plate", .hash(plate))], about: "plate:\(plate.hex)")
        ]
    }

    /// - Parameter plates: keyed hashes of plates in force; nobody here knows them in clear.
    func tagForm(_ plates: [String], _ session: Session) -> [Form] {
        guard !plates.isEmpty else { return [] }
        return [
            Form(
                id: "tag", title: "A tag on the windscreen", action: "/parking/tag",
                fields: [
                    .init(
                        "plate", label: "For which of your plates",
                        kind: .choice(plates.map { .init($0, "Plate \($0.prefix(8))") })),
                    .init(
                        "number", label: "Number on the tag", kind: .text(maximumLength: 60),
                        hint: "A reader then knows your car where the camera does not. Only a keyed hash is recorded."),
                ], submit: "Use this tag", csrfToken: session.formToken)
        ]
    }
}
