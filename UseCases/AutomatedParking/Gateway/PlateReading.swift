import Gateway
import Ledger
import SenML

/// A camera's message: `plate`, `shape`, `image` (32 octets each), `confidence` (0 to 1), and what else it saw.
public enum PlateReading {
    public static let channel = "plate"

    /// nil where something is missing.
    static func read(_ reading: AcceptedReading) -> PassageDecision.Read? {
        var hashes: [String: Hash32] = [:]
        var confidence: Double?
        for record in reading.records {
            let name = String(record.name.split(separator: ":").last ?? "")
            if case .octets(let octets) = record.value, let hash = Hash32(octets) { hashes[name] = hash }
            if name == "confidence" { confidence = record.number }
        }
        guard let plate = hashes["plate"], let shape = hashes["shape"], let image = hashes["image"],
            let confidence, (0...1).contains(confidence), let time = reading.records.first?.time, time > 0,
            time < 1e11
        else { return nil }
        return PassageDecision.Read(
            device: reading.device.text, time: UInt64(time * 1000), plate: plate, shape: shape, image: image,
            confidence: UInt64((confidence * 1000).rounded()), received: reading.received)
    }
}
