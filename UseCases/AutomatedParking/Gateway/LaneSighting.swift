import Gateway
import Ledger
import SenML

/// What a device of a lane told.
enum LaneSighting: Sendable {
    case plate(PassageDecision.Read)
    /// A tag by its keyed hash, not yet known to stand for a car.
    case tag(Hash32, LoopWatch.Car)
    case loop(LoopWatch.Car)

    /// Channels of tag readers and loops; `tag` has 32 octets, `occupied` is a boolean.
    static let tagChannel = "tag"
    static let loopChannel = "loop"

    /// nil for other channels, and where something is missing.
    init?(_ reading: AcceptedReading) {
        func value(_ name: String) -> ResolvedRecord? {
            reading.records.first { $0.name.split(separator: ":").last.map(String.init) == name }
        }
        guard let time = reading.records.first?.time, time > 0, time < 1e11 else { return nil }
        let car = LoopWatch.Car(
            device: reading.device.text, time: UInt64(time * 1000),
            image: Hash32.sha256(Bytes("\(reading.device.text)#\(reading.sequence)".utf8)), received: reading.received)
        switch reading.channel {
        case PlateReading.channel:
            guard let read = PlateReading.read(reading) else { return nil }
            self = .plate(read)
        case Self.tagChannel:
            guard case .octets(let octets)? = value("tag")?.value, let tag = Hash32(octets) else { return nil }
            self = .tag(tag, car)
        case Self.loopChannel:
            guard case .boolean(true)? = value("occupied")?.value else { return nil }
            self = .loop(car)
        default: return nil
        }
    }
}
