/// What the network thread, the library's callbacks and the callers share, under one lock.
struct SessionState {
    typealias Waiter = CheckedContinuation<Void, any Error>
    typealias Consumer = CheckedContinuation<[MQTTMessage]?, any Error>
    typealias Publisher = CheckedContinuation<MQTTPublication, any Error>

    enum Connection {
        case none
        case awaitingAcceptance
        case accepted
    }

    /// A subscription that a caller waits for.
    struct Subscription {
        let filters: [String]
        let waiter: Waiter
    }

    var connection = Connection.none
    /// Speaking MQTT 5, until the broker turns out not to know it.
    var isVersion5: Bool
    /// The broker has accepted this client at least once, so the protocol version is settled.
    var wasAccepted = false
    /// Close after what is queued has been written.
    var isClosing = false
    /// The network thread has ended.
    var isClosed = false
    /// Why the last attempt failed.
    var lastFailure = "no attempt was made yet"
    /// A refusal that another attempt does not change.
    var refusal: MQTTError?

    var filters: [String]
    var window: InboundWindow
    var consumer: Consumer?
    var deliveryFailure: MQTTError?

    var connectWaiters: [UInt64: Waiter] = [:]
    var closeWaiters: [CheckedContinuation<Void, Never>] = []
    /// Numbers waiters and publications.
    private var lastTicket: UInt64 = 0

    /// Publications that the network thread has not given to the library yet, in order.
    var outbox: [(ticket: UInt64, message: MQTTMessage)] = []
    /// Tickets of publications that the library has, by packet identifier.
    var tickets: [Int32: UInt64] = [:]
    /// Publications whose answer is awaited.
    var publishers: [UInt64: Publisher] = [:]
    /// Answers that came before anybody asked for them.
    var answers: [UInt64: Result<MQTTPublication, any Error>] = [:]
    /// Nobody waits any more for the answers to these.
    var abandoned: Set<UInt64> = []

    /// Subscriptions that are to be requested, and those that were, by packet identifier.
    var subscriptionRequests: [Subscription] = []
    var subscriptions: [Int32: Subscription] = [:]
    /// The identifier of the subscription made at each connection.
    var standingSubscription: Int32?

    init(_ configuration: MQTTConfiguration) {
        isVersion5 = configuration.version == .v5OrV311
        filters = configuration.subscriptions
        window = InboundWindow(
            limit: max(1, configuration.receiveWindow), acknowledgement: configuration.acknowledgement)
    }

    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Publications that were handed over and not answered.
    var pending: Int { outbox.count + tickets.count }

    /// Gives an answer to whoever waits for it, or keeps it.
    mutating func answer(_ ticket: UInt64, _ result: Result<MQTTPublication, any Error>) -> Publisher? {
        if let publisher = publishers.removeValue(forKey: ticket) { return publisher }
        if abandoned.remove(ticket) == nil { answers[ticket] = result }
        return nil
    }
}
