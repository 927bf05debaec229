/// The portal's first page: leads each kind of user to a page of theirs.
public struct StartPage: PortalPage {
    public static let templateName = "start"

    /// A way in for one kind of user.
    public struct Door: Sendable, Equatable {
        let title: String
        let sentence: String
        public let href: String
        let stage: TimelineStep.Stage

        /// A door: "I am a farmer", what one finds behind it, and its address.
        public init(title: String, sentence: String, href: String, stage: TimelineStep.Stage) {
            self.title = title
            self.sentence = sentence
            self.href = href
            self.stage = stage
        }

        /// The same door with another address.
        public func leading(to href: String) -> Door {
            Door(title: title, sentence: sentence, href: href, stage: stage)
        }
    }

    /// Doors of one use case.
    public struct Section: Sendable, Equatable {
        let title: String
        let sentence: String
        let doors: [Door]

        /// A use case and its doors.
        public init(title: String, sentence: String, doors: [Door]) {
            self.title = title
            self.sentence = sentence
            self.doors = doors
        }

        /// The same section with each door's address replaced.
        public func mapAddresses(_ transform: (String) -> String) -> Section {
            Section(title: title, sentence: sentence, doors: doors.map { $0.leading(to: transform($0.href)) })
        }

        /// The same doors, seen from another site.
        public func at(_ address: String) -> Section {
            mapAddresses { $0.hasPrefix("/") ? address + $0 : $0 }
        }
    }

    let sections: [Section]
    let ledgers: [Site.Link]

    /// The start page; `ledgers` lead to the explorer's home of each ledger.
    public init(sections: [Section], ledgers: [Site.Link]) {
        self.sections = sections
        self.ledgers = ledgers
    }

    public var head: PageHead {
        PageHead(
            title: "Start", summary: "Records that sensors made and several organisations keep together.",
            current: "/")
    }

    public struct View {
        let sections: [SectionView]
        let ledgers: [LedgerView]
        let hasLedgers: Bool
        let verifyLink: String
    }

    struct SectionView {
        let sectionTitle: String
        let sectionSentence: String
        let doors: [DoorView]
    }

    struct DoorView {
        let doorTitle: String
        let doorSentence: String
        let doorLink: String
        let doorSymbol: String
    }

    struct LedgerView {
        let ledgerTitle: String
        let ledgerLink: String
    }

    public func view() -> View {
        View(
            sections: sections.map { section in
                SectionView(
                    sectionTitle: section.title, sectionSentence: section.sentence,
                    doors: section.doors.map {
                        DoorView(
                            doorTitle: $0.title, doorSentence: $0.sentence, doorLink: $0.href,
                            doorSymbol: $0.stage.symbol.svg)
                    })
            },
            ledgers: ledgers.map { LedgerView(ledgerTitle: $0.title, ledgerLink: $0.href) },
            hasLedgers: !ledgers.isEmpty, verifyLink: ExplorerPaths.verify)
    }
}
