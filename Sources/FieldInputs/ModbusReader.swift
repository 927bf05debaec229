import CModbus
import Foundation
import SenML

/// A connection to a Modbus server over TCP or RTU through libmodbus. It blocks, so it is used from one thread alone.
final class ModbusReader: BlockingReader {
    /// How long a server may take to answer, milliseconds.
    static let timeout: UInt32 = 1000

    private let configuration: AdapterConfiguration.Modbus
    private let urn: String
    private var context: OpaquePointer?

    init(_ configuration: AdapterConfiguration.Modbus, urn: String) {
        self.configuration = configuration
        self.urn = urn
    }

    deinit { disconnect() }

    func read() throws(FieldInputError) -> [SenMLRecord] {
        let begun = Date()
        var records = try values().map { register, value in
            // A register can hold a float that is no number; SenML cannot.
            SenMLRecord(
                name: register.name, unit: register.unit, value: value.isFinite ? .number(value) : .string("NA"))
        }
        records[0].baseName = urn + ":"
        records[0].baseTime = (begun.timeIntervalSince1970 * 1000).rounded() / 1000
        return records
    }

    /// Reads all registers; connects first where there is no connection.
    ///
    /// - Throws: ``FieldInputError`` with `modbus`; the connection is then made anew at the next call.
    func values() throws(FieldInputError) -> [(register: AdapterConfiguration.Register, value: Double)] {
        let context = try connected()
        var values: [(register: AdapterConfiguration.Register, value: Double)] = []
        for register in configuration.registers {
            var words = [UInt16](repeating: 0, count: register.type.count)
            let count =
                switch register.table {
                case .holding:
                    modbus_read_registers(context, Int32(register.address), Int32(words.count), &words)
                case .input:
                    modbus_read_input_registers(context, Int32(register.address), Int32(words.count), &words)
                }
            guard count == words.count else {
                let error = Self.fault("cannot read register \(register.address) (\(register.name))")
                disconnect()
                throw error
            }
            values.append((register, Self.number(words, register.type) * register.scale))
        }
        return values
    }

    /// The number in one or two registers, the high one first.
    static func number(_ words: [UInt16], _ type: AdapterConfiguration.Register.ValueType) -> Double {
        let high = UInt32(words.first ?? 0)
        let both = high << 16 | UInt32(words.last ?? 0)
        return switch type {
        case .uint16: Double(high)
        case .int16: Double(Int16(bitPattern: words.first ?? 0))
        case .uint32: Double(both)
        case .int32: Double(Int32(bitPattern: both))
        case .float32: Double(Float(bitPattern: both))
        }
    }

    private func connected() throws(FieldInputError) -> OpaquePointer {
        if let context { return context }
        let made: OpaquePointer?
        if let tcp = configuration.tcp {
            made = modbus_new_tcp(tcp.host, Int32(clamping: tcp.port))
        } else if let rtu = configuration.rtu, let parity = rtu.parity.utf8.first {
            made = modbus_new_rtu(rtu.device, Int32(clamping: rtu.baud), CChar(parity), 8, 1)
        } else {
            made = nil
        }
        guard let made else { throw Self.fault("the address of the server is not usable") }
        modbus_set_slave(made, Int32(configuration.unit))
        modbus_set_response_timeout(made, Self.timeout / 1000, Self.timeout % 1000 * 1000)
        guard modbus_connect(made) == 0 else {
            let error = Self.fault("the server cannot be reached")
            modbus_free(made)
            throw error
        }
        context = made
        return made
    }

    private func disconnect() {
        guard let context else { return }
        modbus_close(context)
        modbus_free(context)
        self.context = nil
    }

    private static func fault(_ what: String) -> FieldInputError {
        FieldInputError(.modbus, "\(what): \(String(cString: modbus_strerror(errno))); check address and wiring")
    }
}
