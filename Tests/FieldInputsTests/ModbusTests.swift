import CModbus
import Foundation
import Synchronization
import Testing

@testable import FieldInputs

/// A Modbus server of libmodbus itself, on a thread of its own, for one connection after the other.
private final class ModbusServer: @unchecked Sendable {
    // The context is used by the server's thread alone after `init`; `stop` only sets a flag and closes the socket.
    private let context: OpaquePointer
    private let mapping: UnsafeMutablePointer<modbus_mapping_t>
    private var listening: Int32
    let port: Int

    init(holding: [UInt16], input: [UInt16]) throws {
        port = Int.random(in: 20_000..<32_000)
        context = try #require(modbus_new_tcp("127.0.0.1", Int32(port)))
        mapping = try #require(modbus_mapping_new(0, 0, Int32(holding.count), Int32(input.count)))
        for (index, word) in holding.enumerated() { mapping.pointee.tab_registers[index] = word }
        for (index, word) in input.enumerated() { mapping.pointee.tab_input_registers[index] = word }
        listening = modbus_tcp_listen(context, 1)
        try #require(listening >= 0)
    }

    /// Answers so many requests, then closes the connection.
    func serve(requests: Int) {
        Thread.detachNewThread { [self] in
            guard modbus_tcp_accept(context, &listening) >= 0 else { return }
            var query = [UInt8](repeating: 0, count: Int(MODBUS_TCP_MAX_ADU_LENGTH))
            for _ in 0..<requests {
                let count = modbus_receive(context, &query)
                guard count > 0 else { break }
                modbus_reply(context, query, count, mapping)
            }
            modbus_close(context)
        }
    }
}

@Suite("Modbus")
struct ModbusTests {
    private func register(
        _ address: Int, _ type: AdapterConfiguration.Register.ValueType,
        _ table: AdapterConfiguration.Register.Table = .holding, scale: Double = 1
    ) -> AdapterConfiguration.Register {
        .init(name: "r\(address)", address: address, table: table, type: type, scale: scale, unit: nil)
    }

    @Test("COMMON-16: registers of a real server are read in each type, scaled, and again after a lost connection")
    func types() throws {
        let float = Float(21.5).bitPattern
        let server = try ModbusServer(
            holding: [
                65_535, 0xFFFF, 0xFFFE, UInt16(float >> 16), UInt16(truncatingIfNeeded: float), 0x0001, 0x0000,
            ], input: [215])
        let reader = ModbusReader(
            .init(
                tcp: .init(host: "127.0.0.1", port: server.port), rtu: nil, unit: 1, interval: 1,
                registers: [
                    register(0, .uint16), register(0, .int16), register(1, .int32), register(3, .float32),
                    register(5, .uint32), register(0, .uint16, .input, scale: 0.1),
                ]), urn: "urn:dev:ops:32473-meter-1")
        server.serve(requests: 6)
        #expect(try reader.values().map(\.value) == [65_535, -1, -2, 21.5, 65_536, 21.5])
        // The server has closed the connection: one failure, then a new connection.
        #expect(throws: FieldInputError(.modbus, "")) { try reader.values() }
        server.serve(requests: 6)
        #expect(try reader.values().map(\.value).last == 21.5)
    }

    @Test("A server that is not there, and a mapping that cannot be, are refused plainly")
    func refusals() throws {
        let reader = ModbusReader(
            .init(
                tcp: .init(host: "127.0.0.1", port: 9), rtu: nil, unit: 1, interval: 1,
                registers: [register(0, .uint16)]), urn: "urn:dev:ops:32473-meter-1")
        #expect(throws: FieldInputError(.modbus, "")) { try reader.values() }
        let file = NSTemporaryDirectory() + "adapters-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        #expect(try AdapterConfiguration.file(file) == [])
        for text in [
            "{}",
            #"[{"urn":"u","generation":1,"channel":"c","plainHTTP":false,"modbus":{"unit":1,"interval":1,"registers":[]}}]"#,
            #"""
            [{"urn":"u","generation":1,"channel":"c","plainHTTP":false,"modbus":{"tcp":{"host":"h","port":1},"unit":0,
            "interval":1,"registers":[]}}]
            """#,
        ] {
            try Data(text.utf8).write(to: URL(filePath: file))
            #expect(throws: FieldInputError(.configuration, "")) { try AdapterConfiguration.file(file) }
        }
    }
}
