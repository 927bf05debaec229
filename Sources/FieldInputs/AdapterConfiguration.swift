import DeviceKit
import Foundation

/// Plain sensors that cannot sign, behind an adapter which signs for them with the key of an enrolled device. One entry of
/// the file `adapters.json` in the gateway's folder (docs/operating/devices.md).
public struct AdapterConfiguration: Codable, Sendable, Hashable {
    /// A Modbus server and which of its registers are read.
    public struct Modbus: Codable, Sendable, Hashable {
        public var tcp: TCP?
        public var rtu: RTU?
        /// The server's unit identifier, 1 to 247.
        public var unit: Int
        /// Seconds between two readings.
        public var interval: Double
        public var registers: [Register]
    }

    /// A phasor measurement unit (IEEE C37.118.2) over TCP.
    public struct Synchrophasor: Codable, Sendable, Hashable {
        public var tcp: TCP
        /// IDCODE of its stream.
        public var id: UInt16
        /// Seconds between two readings; a unit sends up to 120 a second.
        public var interval: Double
    }

    public struct TCP: Codable, Sendable, Hashable {
        /// IPv4 address.
        public var host: String
        public var port: Int
    }

    public struct RTU: Codable, Sendable, Hashable {
        /// For example `/dev/ttyUSB0`.
        public var device: String
        public var baud: Int
        /// `N`, `E` or `O`.
        public var parity: String
    }

    /// A value in one or two registers.
    public struct Register: Codable, Sendable, Hashable {
        public enum Table: String, Codable, Sendable { case holding, input }

        public enum ValueType: String, Codable, Sendable {
            case int16, uint16, int32, uint32, float32

            /// How many registers it takes; of two the first is the high one.
            var count: Int { self == .int16 || self == .uint16 ? 1 : 2 }
        }

        /// The last part of the SenML record's name.
        public var name: String
        /// As in the protocol, from 0.
        public var address: Int
        public var table: Table
        public var type: ValueType
        /// The register's number times this is the value.
        public var scale: Double
        /// SenML unit.
        public var unit: String?
    }

    /// The device as which the adapter is enrolled.
    public var urn: String
    /// Generation of its key.
    public var generation: UInt64
    /// The last level of its topic.
    public var channel: String
    /// Whether unsigned packs may be posted to it over HTTP, by whoever reaches the gateway's loopback port.
    public var plainHTTP: Bool
    public var modbus: Modbus?
    public var synchrophasor: Synchrophasor?

    /// Registers that one adapter reads.
    public static let maximumRegisters = 64

    /// Reads the adapters of a file; no file means none.
    ///
    /// - Throws: ``FieldInputError`` with `configuration`: which entry, and what is wrong with it.
    public static func file(_ path: String) throws(FieldInputError) -> [AdapterConfiguration] {
        guard let octets = FileManager.default.contents(atPath: path) else { return [] }
        let adapters: [AdapterConfiguration]
        do {
            adapters = try JSONDecoder().decode([AdapterConfiguration].self, from: octets)
        } catch {
            throw FieldInputError(.configuration, "\(path) is no list of adapters: \(error)")
        }
        for adapter in adapters {
            if let synchrophasor = adapter.synchrophasor {
                guard adapter.modbus == nil, synchrophasor.interval >= 1 else {
                    throw FieldInputError(
                        .configuration,
                        "\(path): \(adapter.urn) reads modbus or a synchrophasor, at intervals of at least a second")
                }
            }
            guard let modbus = adapter.modbus else { continue }
            guard (modbus.tcp == nil) != (modbus.rtu == nil) else {
                throw FieldInputError(.configuration, "\(path): \(adapter.urn) has either tcp or rtu")
            }
            guard 1...247 ~= modbus.unit, modbus.interval >= 1, 1...maximumRegisters ~= modbus.registers.count,
                modbus.registers.allSatisfy({ 0...65_535 - $0.type.count + 1 ~= $0.address && $0.scale.isFinite })
            else {
                throw FieldInputError(
                    .configuration,
                    "\(path): \(adapter.urn) needs a unit of 1 to 247, an interval of at least a second, and 1 to "
                        + "\(maximumRegisters) registers with addresses of 0 to 65535")
            }
        }
        return adapters
    }
}
