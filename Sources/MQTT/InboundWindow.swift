/// Decides when the network thread may read and write, so that the consumer's pace reaches the broker.
///
/// libmosquitto queues the PUBACK of each message while it reads it and sends it when it is next allowed to write.
/// That gives acknowledgement after processing without support by the library: having read a burst, the thread
/// neither reads nor writes until the consumer is done with it. Pure state; the thread and the consumer act on it.
struct InboundWindow {
    private let limit: Int
    private let acknowledgement: MQTTConfiguration.Acknowledgement
    private var buffer: [MQTTMessage] = []
    /// Messages of this connection are with the consumer and not acknowledged.
    private var isOutstanding = false

    init(limit: Int, acknowledgement: MQTTConfiguration.Acknowledgement) {
        self.limit = limit
        self.acknowledgement = acknowledgement
    }

    var mayRead: Bool {
        buffer.count < limit && (acknowledgement == .onReceipt || !isOutstanding)
    }

    var mayWrite: Bool {
        acknowledgement == .onReceipt || (buffer.isEmpty && !isOutstanding)
    }

    mutating func receive(_ message: MQTTMessage) {
        buffer.append(message)
    }

    /// The consumer asks for messages: it is done with those it got before.
    mutating func take() -> [MQTTMessage] {
        isOutstanding = !buffer.isEmpty
        defer { buffer = [] }
        return buffer
    }

    /// The consumer is done with what it has, and asks for no more.
    mutating func acknowledge() {
        isOutstanding = false
    }

    /// The connection ended, and with it the unsent acknowledgements: the broker will deliver those messages again.
    /// What the consumer has not seen yet is forgotten here, or it would come twice.
    mutating func connectionLost() {
        isOutstanding = false
        if acknowledgement == .afterProcessing { buffer = [] }
    }
}
