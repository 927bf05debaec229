import PortalKit
import UseCaseKit

/// Ways in to one consortium. In a demonstration a door that needs somebody signed in opens as one of its made-up people.
struct Doors: Sendable {
    let useCase: any UseCase
    let platform: Platform
    let links: [(name: String, roles: [String], link: String)]

    var section: StartPage.Section {
        useCase.doors(on: platform).mapAddresses { page in
            links.first { useCase.home(for: $0.roles) == page }?.link ?? page
        }
    }
}
