import PortalKit

/// What a consumer has to know first about a box, with what the words need.
public enum BoxVerdict: Sendable, Equatable {
    /// In date and in order.
    case active(useBy: Day)
    /// Past its use-by date.
    case expired(useBy: Day)
    /// Sold; the code is no longer live.
    case sold(at: Moment, by: String)
    /// Withdrawn: why, by whom, since when.
    case recalled(reason: String, by: String, since: Moment)
    /// No such code was ever registered.
    case unknown
    /// Stopped, for example by a test over its limit.
    case held(reason: String)
    /// Printed, but never confirmed on a box.
    case unused
    /// The box bears another label now.
    case replaced(by: BoxCode)

    /// The state of the code.
    public var state: CodeState {
        switch self {
        case .active: .active
        case .expired: .expired
        case .sold: .sold
        case .recalled: .recalled
        case .unknown: .unknown
        case .held: .held
        case .unused, .replaced: .unused
        }
    }

    /// The banner: what it is, and what to do.
    var banner: StatusBanner {
        switch self {
        case .active(let useBy):
            StatusBanner(
                state: state, headline: "Good until \(useBy.text)",
                sentence: "No recall is known and the code has not been sold before.")
        case .expired(let useBy):
            StatusBanner(
                state: state, headline: "Use-by date was \(useBy.text)",
                sentence: "Do not buy or eat it. Shops cannot sell this box any more; please tell them.")
        case .sold(let time, let seller):
            StatusBanner(
                state: state, headline: "Left the shop on \(time.day.text)",
                sentence: "\(seller) sold this box. If you bought it there, all is well. If it is offered to "
                    + "you as new, the label may be a copy.")
        case .recalled(let reason, let who, let since):
            StatusBanner(
                state: state, headline: "Do not eat this",
                sentence: "\(reason) Recalled by \(who) on \(since.day.text). Bring it back to the shop; you "
                    + "need no receipt.")
        case .unknown:
            StatusBanner(
                state: state, headline: "Nobody registered this code",
                sentence: "The product may be out of date, withdrawn or a copy. Do not rely on its label; "
                    + "ask the shop.")
        case .held(let reason):
            StatusBanner(
                state: state, headline: "Do not eat this yet",
                sentence: "\(reason) The box may not be sold until this is settled.")
        case .replaced(let code):
            StatusBanner(
                state: state, headline: "This label was replaced",
                sentence: "Its box bears the label \(code.printed) now. If you find this one on a box, tell the shop.")
        case .unused:
            StatusBanner(
                state: state, headline: "This label is on no box",
                sentence: "It was printed, but nobody confirmed that it is on a box. It may be a copy.")
        }
    }
}
