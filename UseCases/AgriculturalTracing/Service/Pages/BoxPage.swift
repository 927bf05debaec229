import PortalKit

/// The consumer's page of a box, at its GS1 Digital Link.
///
/// The order is the order of a reader's questions: may I eat it, where is it from, is that true, what happened to it,
/// what is missing. It is complete without script, sets no cookie and loads nothing from elsewhere.
public struct BoxPage: PortalPage {
    public static let templateName = "agriculture/box"

    /// The code on the box.
    public let code: BoxCode
    /// See ``BoxVerdict``.
    public let verdict: BoxVerdict
    /// The code as an absolute GS1 Digital Link URI, which the QR symbol holds.
    public let digitalLink: String
    /// What is known about the box; nil for an unknown code.
    public let record: BoxRecord?

    /// A box's page. `record` is nil when nobody registered the code.
    public init(code: BoxCode, verdict: BoxVerdict, digitalLink: String, record: BoxRecord?) {
        self.code = code
        self.verdict = verdict
        self.digitalLink = digitalLink
        self.record = record
    }

    public var head: PageHead {
        let title = record.map { "\($0.product) · \(verdict.state.label)" } ?? verdict.state.label
        return PageHead(title: title, summary: verdict.banner.headline, width: .reading)
    }
}

/// What the ledger knows about a box.
public struct BoxRecord: Sendable, Equatable {
    /// A place where the record is silent.
    public struct Gap: Sendable, Equatable {
        let afterStep: Int
        let title: String
        let sentence: String

        /// A gap after the step with index `afterStep` (−1: before the first), named in a few words ("The harvest is not
        /// recorded") and explained.
        public init(afterStep: Int, title: String, sentence: String) {
            self.afterStep = afterStep
            self.title = title
            self.sentence = sentence
        }
    }

    /// Tests in short.
    public struct Tests: Sendable, Equatable {
        let passed: Int
        let total: Int
        let laboratory: String

        /// How many of a lot's tests it passed, and who tested.
        public init(passed: Int, total: Int, laboratory: String) {
            self.passed = passed
            self.total = total
            self.laboratory = laboratory
        }
    }

    /// Temperature on the way in short.
    public struct Temperature: Sendable, Equatable {
        let lowest: Double?
        let highest: Double
        let limit: Double
        let minutesAbove: Int

        /// Lowest, highest and limit in °C, and minutes above the limit. The lowest is nil where the carrier's word is all
        /// that is public.
        public init(lowest: Double?, highest: Double, limit: Double, minutesAbove: Int) {
            self.lowest = lowest
            self.highest = highest
            self.limit = limit
            self.minutesAbove = minutesAbove
        }
    }

    /// A certificate of who grew or packed it.
    public struct Certificate: Sendable, Equatable {
        public enum Standing: Sendable, Equatable { case held, withdrawnSince, notHeld }

        let number: String
        let scheme: String
        let scope: String
        let holder: String
        let by: String
        let until: Day
        let standing: Standing

        /// A certificate; `standing` on the day on which the box was packed.
        public init(
            number: String, scheme: String, scope: String, holder: String, by: String, until: Day, standing: Standing
        ) {
            self.number = number
            self.scheme = scheme
            self.scope = scope
            self.holder = holder
            self.by = by
            self.until = until
            self.standing = standing
        }
    }

    /// A picture or report that lies off the ledger.
    public struct Picture: Sendable, Equatable {
        /// How it compares with the hash on the ledger.
        public enum State: Sendable, Equatable { case matches, altered, absent }

        let href: String
        let isImage: Bool
        let caption: String
        let by: String
        let taken: Moment
        let state: State
        let isEdited: Bool

        /// A picture at `href`; `isEdited` where the hash of an original is recorded, too.
        public init(
            href: String, isImage: Bool, caption: String, by: String, taken: Moment, state: State, isEdited: Bool
        ) {
            self.href = href
            self.isImage = isImage
            self.caption = caption
            self.by = by
            self.taken = taken
            self.state = state
            self.isEdited = isEdited
        }
    }

    /// What a brand says of its product; nobody but the brand vouches for it.
    public struct Statement: Sendable, Equatable {
        let words: String
        let by: String

        public init(words: String, by: String) {
            self.words = words
            self.by = by
        }
    }

    /// For example "Vine tomatoes".
    public let product: String
    /// Brand, and what more stands below the name, for example "Linde Farm · 500 g".
    public let subtitle: String
    /// Region, not coordinates.
    public let origin: String
    public let harvested: Day?
    public let packed: Day?
    public let useBy: Day?
    public let tests: Tests?
    public let temperature: Temperature?
    /// In order of time, seed to sale.
    public let steps: [TimelineStep]
    public let gaps: [Gap]
    /// Percent of the expected steps that are recorded.
    public let completeness: Int
    public let results: [TestResult]
    /// Growing data; each series names its source.
    public let growing: [LineChart]
    /// Temperature and the like on the way, with limits.
    public let transport: [LineChart]
    public let certificates: [Certificate]
    public let pictures: [Picture]
    public let statement: Statement?
    public let verify: VerifyPanel?
    /// The box's record in the explorer.
    public let recordURL: String?
    /// Where a problem is reported, if anywhere.
    public let reportProblemURL: String?

    /// What is known about a box.
    public init(
        product: String, subtitle: String, origin: String, harvested: Day?, packed: Day?, useBy: Day?,
        tests: Tests?, temperature: Temperature?, steps: [TimelineStep], gaps: [Gap], completeness: Int,
        results: [TestResult], growing: [LineChart], transport: [LineChart],
        certificates: [Certificate] = [], pictures: [Picture] = [], statement: Statement? = nil, verify: VerifyPanel?,
        recordURL: String?, reportProblemURL: String? = nil
    ) {
        self.product = product
        self.subtitle = subtitle
        self.origin = origin
        self.harvested = harvested
        self.packed = packed
        self.useBy = useBy
        self.tests = tests
        self.temperature = temperature
        self.steps = steps
        self.gaps = gaps
        self.completeness = completeness
        self.results = results
        self.growing = growing
        self.transport = transport
        self.certificates = certificates
        self.pictures = pictures
        self.statement = statement
        self.verify = verify
        self.recordURL = recordURL
        self.reportProblemURL = reportProblemURL
    }
}
