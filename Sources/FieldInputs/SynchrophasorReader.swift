import Foundation
import SenML

/// A connection to a phasor measurement unit over TCP. It blocks, so it is used from one thread alone.
final class SynchrophasorReader: BlockingReader {
    /// How long a unit may be silent, seconds.
    private static let timeout = 5

    private let configuration: AdapterConfiguration.Synchrophasor
    private let urn: String
    private var descriptor: Int32 = -1
    private var reported: SynchrophasorConfiguration?

    init(_ configuration: AdapterConfiguration.Synchrophasor, urn: String) {
        self.configuration = configuration
        self.urn = urn
    }

    deinit { disconnect() }

    /// Follows the unit until the interval is over, and returns what it measured last.
    func read() throws(FieldInputError) -> [SenMLRecord] {
        do throws(FieldInputError) {
            if descriptor < 0 { try connect() }
            let end = Date().addingTimeInterval(configuration.interval)
            var last: SynchrophasorReading?
            while Date() < end {
                let frame = try nextFrame()
                switch frame.kind {
                case .configuration2: reported = try SynchrophasorConfiguration(frame)
                case .data:
                    guard let reported else { continue }
                    let readings = try SynchrophasorReading.all(in: frame, reported)
                    if let good = readings.first(where: \.isGood) { last = good }
                default: continue
                }
            }
            guard let last else {
                throw FieldInputError(.synchrophasor, "the unit sends no good data; check its clock")
            }
            return last.records(urn: urn)
        } catch {
            disconnect()
            throw error
        }
    }

    private func connect() throws(FieldInputError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: Self.timeout, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = UInt16(clamping: configuration.tcp.port).bigEndian
        guard inet_pton(AF_INET, configuration.tcp.host, &place.sin_addr) == 1 else {
            throw FieldInputError(.synchrophasor, "\(configuration.tcp.host) is no IPv4 address")
        }
        let isConnected = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Self.fault("the unit cannot be reached") }
        try send(.sendConfiguration2)
        // A unit may send data already, of which nothing is known yet.
        while reported == nil {
            let frame = try nextFrame()
            if frame.kind == .configuration2 { reported = try SynchrophasorConfiguration(frame) }
        }
        try send(.start)
    }

    private func send(_ command: SynchrophasorFrame.Command) throws(FieldInputError) {
        let octets = SynchrophasorFrame.command(
            command, to: configuration.id, at: UInt32(Date().timeIntervalSince1970))
        guard Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL)) == octets.count else {
            throw Self.fault("the unit takes no command")
        }
    }

    private func nextFrame() throws(FieldInputError) -> SynchrophasorFrame {
        let start = try receive(4)
        guard let size = SynchrophasorFrame.size(start) else {
            throw FieldInputError(.synchrophasor, "what the unit sends are no frames of C37.118.2")
        }
        return try SynchrophasorFrame(start + receive(size - start.count))
    }

    private func receive(_ count: Int) throws(FieldInputError) -> [UInt8] {
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: count)
        while octets.count < count {
            let got = recv(descriptor, &piece, count - octets.count, 0)
            guard got > 0 else { throw Self.fault("the unit is silent") }
            octets += piece.prefix(got)
        }
        return octets
    }

    private func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        reported = nil
    }

    private static func fault(_ what: String) -> FieldInputError {
        FieldInputError(.synchrophasor, "\(what): \(String(cString: strerror(errno))); check address and wiring")
    }
}
