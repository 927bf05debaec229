import CMosquitto
import Foundation
import Synchronization

/// One client's network thread: connects, reads, writes and connects again until it is closed.
///
/// `poll` is used with the library's `loop_read`, `loop_write` and `loop_misc` instead of its own loop, which waits
/// with `select` and would corrupt memory in a process with more than 1,024 descriptors.
final class MosquittoSession: Sendable {
    /// Milliseconds of one wait; pings and timeouts are looked after between waits.
    private static let tick: Int32 = 500

    /// Seconds that the broker keeps the session of a client that went away: a week (MQTT 5 §3.1.2.11.2).
    private static let sessionExpiry: UInt32 = 7 * 24 * 3600

    let configuration: MQTTConfiguration
    let handle: MosquittoHandle
    let wake: WakePipe
    let state: Mutex<SessionState>

    init(_ configuration: MQTTConfiguration) throws(MQTTError) {
        self.configuration = configuration
        handle = try MosquittoHandle(configuration)
        wake = try WakePipe()
        state = Mutex(SessionState(configuration))
    }

    func start() {
        // The library's callbacks get the session without a reference of their own: the thread holds one, and
        // callbacks run on the thread only.
        mosquitto_user_data_set(handle.pointer, Unmanaged.passUnretained(self).toOpaque())
        MosquittoCallbacks.install(on: handle.pointer)
        let thread = Thread { self.run() }
        thread.name = "mqtt"
        thread.stackSize = 512 * 1024
        thread.start()
    }

    private func run() {
        var delay = ReconnectDelay(configuration.reconnectDelay)
        while !state.withLock({ $0.isClosing || $0.refusal != nil }) {
            var result = connect()
            if result == MOSQ_ERR_SUCCESS.rawValue { result = serve() }
            if state.withLock({ $0.connection == .accepted }) { delay.reset() }
            connectionEnded(result)
            if state.withLock({ $0.isClosing || $0.refusal != nil }) { break }
            pause(delay.next())
        }
        let socket = mosquitto_socket(handle.pointer)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
        finish()
    }

    private func connect() -> Int32 {
        let isVersion5 = state.withLock { state in
            state.connection = .awaitingAcceptance
            return state.isVersion5
        }
        let version = isVersion5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        mosquitto_int_option(handle.pointer, MOSQ_OPT_PROTOCOL_VERSION, version)
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if isVersion5 && !configuration.cleanSession {
            mosquitto_property_add_int32(
                &properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), Self.sessionExpiry)
        }
        return mosquitto_connect_bind_v5(
            handle.pointer, configuration.host, Int32(configuration.port), Int32(configuration.keepAlive), nil,
            properties)
    }

    /// Reads and writes until the connection ends; returns why.
    private func serve() -> Int32 {
        let deadline = ContinuousClock.now + .seconds(configuration.connectTimeout)
        var nextMisc = ContinuousClock.now
        var sentDisconnect = false
        while true {
            let plan = state.withLock { state in
                (
                    mayRead: state.window.mayRead, mayWrite: state.window.mayWrite, closing: state.isClosing,
                    accepted: state.connection == .accepted
                )
            }
            if !plan.accepted && ContinuousClock.now > deadline { return MOSQ_ERR_TIMEOUT.rawValue }
            passOnRequests()
            if plan.closing && plan.mayWrite && !sentDisconnect {
                sentDisconnect = true
                mosquitto_disconnect(handle.pointer)
            }
            if plan.closing && sentDisconnect && !mosquitto_want_write(handle.pointer) { return 0 }
            // What is not processed must not be acknowledged, and a goodbye would be written after the
            // acknowledgements: then the connection just ends, and the broker keeps those messages for the next one.
            if plan.closing && !plan.mayWrite { return 0 }
            let socket = mosquitto_socket(handle.pointer)
            guard socket >= 0 else { return MOSQ_ERR_CONN_LOST.rawValue }
            var events: Int16 = 0
            if plan.mayRead { events |= Int16(POLLIN) }
            if plan.mayWrite && mosquitto_want_write(handle.pointer) { events |= Int16(POLLOUT) }
            let ready = wait(socket, events)
            if let failure = exchange(ready, plan.mayRead) { return failure }
            if ContinuousClock.now >= nextMisc {
                nextMisc = ContinuousClock.now + .seconds(1)
                let result = mosquitto_loop_misc(handle.pointer)
                if result != MOSQ_ERR_SUCCESS.rawValue { return result }
            }
        }
    }

    private func exchange(_ ready: Int16, _ mayRead: Bool) -> Int32? {
        // First what was allowed to be written before anything more is read: reading queues acknowledgements, and those
        // must wait for the consumer.
        if ready & Int16(POLLOUT) != 0 {
            let result = mosquitto_loop_write(handle.pointer, 1)
            if result != MOSQ_ERR_SUCCESS.rawValue { return result }
        }
        if ready & Int16(POLLIN) != 0 {
            let result = readBurst()
            if result != MOSQ_ERR_SUCCESS.rawValue { return result }
        } else if ready & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
            // Reading lets the library notice and report the end of the connection. Where reading is paused, what is
            // left unread was not acknowledged and comes again.
            return mayRead ? readOnce() : MOSQ_ERR_CONN_LOST.rawValue
        }
        return nil
    }

    /// Reads what is there, up to the window, and hands it to the consumer in one piece.
    private func readBurst() -> Int32 {
        var result: Int32
        repeat {
            result = mosquitto_loop_read(handle.pointer, 1)
        } while result == MOSQ_ERR_SUCCESS.rawValue && state.withLock({ $0.window.mayRead }) && isReadable()
        deliver()
        return result
    }

    private func readOnce() -> Int32 {
        let result = mosquitto_loop_read(handle.pointer, 1)
        deliver()
        return result == MOSQ_ERR_SUCCESS.rawValue ? MOSQ_ERR_CONN_LOST.rawValue : result
    }

    private func isReadable() -> Bool {
        var entry = pollfd(fd: mosquitto_socket(handle.pointer), events: Int16(POLLIN), revents: 0)
        return entry.fd >= 0 && poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLIN) != 0
    }

    private func wait(_ socket: Int32, _ events: Int16) -> Int16 {
        var entries = [
            pollfd(fd: socket, events: events, revents: 0),
            pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&entries, 2, Self.tick) > 0 else { return 0 }
        if entries[1].revents != 0 { wake.drain() }
        return entries[0].revents
    }

    private func pause(_ seconds: Double) {
        let end = ContinuousClock.now + .seconds(seconds)
        while !state.withLock({ $0.isClosing }) {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            if left <= 0 { return }
            var entry = pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, Int32(left.rounded(.up))) > 0 { wake.drain() }
        }
    }
}
