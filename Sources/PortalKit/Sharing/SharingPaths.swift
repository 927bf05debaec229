/// Addresses of the pages about sharing readings.
public enum SharingPaths {
    /// What an owner has, who may read it, and who did.
    public static let myData = "/my-data"
    /// A request to decide on.
    public static func request(_ id: String) -> String { "\(myData)/requests/\(id)" }
    /// Where the answer to a request is posted: `answer`, and `channel-…` for each channel allowed.
    public static func answer(_ id: String) -> String { "\(request(id))/answer" }
    /// Where `grant` is posted to end it; also by the reader who gives it back.
    public static let revoke = "\(myData)/revoke"
    /// Where `stream` and `change` are posted.
    public static let change = "\(myData)/streams"
    /// What a reader got and asked for.
    public static let shared = "/shared-data"
    /// Where `owner`, `channels`, `purpose`, `from` and `until` are posted.
    public static let ask = "\(shared)/requests"
    /// A grant with the values that it opened.
    public static func grant(_ id: String) -> String { "\(shared)/grants/\(id)" }
    /// Where a reader has the keys of a grant fetched.
    public static func fetch(_ id: String) -> String { "\(grant(id))/keys" }
}

/// The terms of a request or grant, for people.
public struct SharedTerms: Sendable, Equatable {
    let id: String
    let person: String
    let channels: [String]
    let purpose: String
    let from: Moment
    let to: Moment?
    let until: Moment

    /// Terms.
    /// - Parameters:
    ///   - person: the name of the other side.
    ///   - channels: of the owner, in order.
    ///   - from, to: when the readings were measured; `to` is nil for all that will be.
    ///   - until: when access ends.
    public init(
        id: String, person: String, channels: [String], purpose: String, from: Moment, to: Moment?, until: Moment
    ) {
        self.id = id
        self.person = person
        self.channels = channels
        self.purpose = purpose
        self.from = from
        self.to = to
        self.until = until
    }

    var channelList: String { channels.joined(separator: ", ") }
    var period: String { "\(from.day.text) to \(to?.day.text ?? "the end of access")" }
}

/// What every page about sharing says, for it is easily expected otherwise.
enum SharingWords {
    static let unread =
        "Ending access stops new readings and keys that were not fetched. It cannot make anyone forget what they have "
        + "read already."
    static let periods =
        "Readings are locked in periods of a day at most. A key opens its whole period, so access to the past can show "
        + "some hours before and after it."
}
