import NIOCore
import Synchronization

/// Answers on their way to the connections of one event loop. A block's answers come all at once and from another thread: they wake the loop
/// once, not each.
final class AnswerMailbox: Sendable {
    private let loop: any EventLoop
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    init(loop: any EventLoop) {
        self.loop = loop
    }

    /// Has `delivery` run on the loop.
    func deliver(_ delivery: @escaping @Sendable () -> Void) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(delivery)
            return waiting.count == 1
        }
        if isFirst { loop.execute { self.empty() } }
    }

    private func empty() {
        let deliveries = waiting.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
        for delivery in deliveries { delivery() }
    }

    /// One mailbox for each event loop of a server.
    final class Group: Sendable {
        private let mailboxes = Mutex<[ObjectIdentifier: AnswerMailbox]>([:])

        func mailbox(of loop: any EventLoop) -> AnswerMailbox {
            mailboxes.withLock { mailboxes in
                if let known = mailboxes[ObjectIdentifier(loop)] { return known }
                let mailbox = AnswerMailbox(loop: loop)
                mailboxes[ObjectIdentifier(loop)] = mailbox
                return mailbox
            }
        }
    }
}
