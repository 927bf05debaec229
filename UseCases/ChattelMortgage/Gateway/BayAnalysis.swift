import Foundation
import Ledger

/// What the sensors of one bay say, turned into one finding for each change. Pure: (memory, reading) → finding.
///
/// A change begins when the weight leaves what was last told by more than the scale's error. It is told once the weight has
/// come to rest and contour and tags were read after it, or when ``patience`` is over: two hundred readings of a fork-lift
/// at work are one finding.
public struct BayAnalysis: Sendable {
    /// What differs from the last finding by no more than this is the scale's error, kg.
    public static let tolerance = 20.0
    /// What differs from the last finding by no more than this is the contour scanner's error, m.
    public static let reach = 0.05
    /// Longest time from the first reading of a change to its finding, seconds.
    public static let patience = 2.5
    /// Raw readings that are kept around a change.
    private static let maximumRaw = 400

    /// The measurements of a bay at rest.
    public struct Finding: Sendable, Hashable {
        public var weight: Double
        public var length: Double
        public var width: Double
        public var height: Double
        public var count: Int
        public var tags: [String]
        public var devices: [String]
        /// SHA-256 over device, number and values of the readings around the change, a line each.
        public var raw: Hash32
        /// Device time of the last reading, seconds since 1970.
        public var time: Double
    }

    private var told: (weight: Double, length: Double, tags: [String])?
    private var weight: (value: Double, time: Double)?
    private var atRest = false
    private var contour: (length: Double, width: Double, height: Double, time: Double)?
    private var identity: (count: Int, tags: [String], time: Double)?
    private var changedAt: Double?
    /// Time of the last reading of the scale that differs from the one before it.
    private var movedAt = 0.0
    private var devices: [String] = []
    private var raw: [String] = []

    public init() {}

    /// A reading in the order of the devices' sequence numbers.
    ///
    /// - Parameter values: by the last part of their names.
    public mutating func observe(
        _ role: String, device: String, sequence: UInt64, time: Double, numbers: [String: Double], tags: String?
    ) -> Finding? {
        if !devices.contains(device) { devices = (devices + [device]).sorted() }
        raw.append("\(device)#\(sequence) \(numbers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })")
        if raw.count > Self.maximumRaw { raw.removeFirst(raw.count - Self.maximumRaw) }
        switch role {
        case "scale":
            guard let value = numbers["weight"] else { return nil }
            atRest = weight.map { abs($0.value - value) <= Self.tolerance } ?? false
            if !atRest { movedAt = time }
            weight = (value, time)
            if let told, abs(told.weight - value) <= Self.tolerance {
                let isAsTold = contour.map { abs(told.length - $0.length) <= Self.reach } ?? false
                if isAsTold && told.tags == identity?.tags { changedAt = nil }
            } else if changedAt == nil {
                changedAt = time
            }
        case "contour":
            guard let length = numbers["length"], let width = numbers["width"], let height = numbers["height"] else {
                return nil
            }
            contour = (length, width, height, time)
            if let told, abs(told.length - length) > Self.reach, changedAt == nil { changedAt = time }
        case "identity":
            let list = (tags ?? "").split(separator: ",").map(String.init)
            identity = (Int(numbers["count"] ?? 0), list, time)
            if let told, told.tags != list, changedAt == nil { changedAt = time }
        default: return nil
        }
        return finding(at: time)
    }

    private mutating func finding(at time: Double) -> Finding? {
        guard let began = changedAt, let weight, let contour, let identity else { return nil }
        // What was read while the goods still moved says nothing of them at rest.
        let isComplete =
            atRest && weight.time > max(movedAt, began) && min(contour.time, identity.time) > movedAt
            && min(contour.time, identity.time) >= began
        guard isComplete || time - began >= Self.patience else { return nil }
        told = (weight.value, contour.length, identity.tags)
        changedAt = nil
        let digest = Hash32.sha256(Bytes(raw.joined(separator: "\n").utf8))
        raw.removeAll(keepingCapacity: true)
        return Finding(
            weight: weight.value, length: contour.length, width: contour.width, height: contour.height,
            count: identity.count, tags: identity.tags, devices: devices, raw: digest,
            time: max(weight.time, max(contour.time, identity.time)))
    }
}
