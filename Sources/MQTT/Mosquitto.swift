import CMosquitto
import Foundation

/// The library as a whole.
enum Mosquitto {
    /// `mosquitto_lib_init` is not thread-safe; a static is initialised once. The library is never unloaded.
    static let isReady: Bool = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

    /// What the library says about one of its results.
    static func text(_ result: Int32) -> String {
        if result == MOSQ_ERR_ERRNO.rawValue { return String(cString: strerror(errno)) }
        return String(cString: mosquitto_strerror(result))
    }

    /// What an MQTT 5 reason code or a 3.1.1 CONNACK code means.
    static func reason(_ code: Int32) -> String {
        code >= 0x80
            ? String(cString: mosquitto_reason_string(code)) : String(cString: mosquitto_connack_string(code))
    }
}

/// The C client. Only the network thread calls it. `mosquitto_threaded_set` is set all the same: it makes the library
/// queue what it has to send, instead of sending it from within its own reading.
final class MosquittoHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ configuration: MQTTConfiguration) throws(MQTTError) {
        guard Mosquitto.isReady else { throw MQTTError(.configuration, "libmosquitto could not be initialised") }
        guard let pointer = mosquitto_new(configuration.clientID, configuration.cleanSession, nil) else {
            throw MQTTError(.configuration, "the client id '\(configuration.clientID)' is not usable")
        }
        self.pointer = pointer
        try check(mosquitto_threaded_set(pointer, true), "threads")
        let window = Int32(min(max(configuration.receiveWindow, 1), Int(UInt16.max)))
        try check(mosquitto_int_option(pointer, MOSQ_OPT_RECEIVE_MAXIMUM, window), "receive window")
        try check(mosquitto_int_option(pointer, MOSQ_OPT_SEND_MAXIMUM, Int32(UInt16.max)), "send window")
        try check(mosquitto_int_option(pointer, MOSQ_OPT_TCP_NODELAY, 1), "TCP_NODELAY")
        if configuration.version == .v5OrV311 {
            try check(mosquitto_int_option(pointer, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5), "MQTT 5")
        }
        if let tls = configuration.tls { try setTLS(tls) }
        if let login = configuration.login {
            try check(mosquitto_username_pw_set(pointer, login.name, login.password), "name and password")
        }
        if let will = configuration.will { try setWill(will, configuration.version) }
    }

    deinit { mosquitto_destroy(pointer) }

    private func setTLS(_ tls: MQTTConfiguration.TLS) throws(MQTTError) {
        for file in [tls.authorityFile, tls.certificateFile, tls.keyFile].compactMap({ $0 })
        where access(file, R_OK) != 0 {
            throw MQTTError(.configuration, "cannot read \(file); enrol this client or correct the path")
        }
        try check(
            mosquitto_tls_set(pointer, tls.authorityFile, nil, tls.certificateFile, tls.keyFile, nil),
            "the TLS files")
        // 1 = SSL_VERIFY_PEER; the library checks the host name of the certificate too, and by default takes TLS 1.2 or
        // later.
        try check(mosquitto_tls_opts_set(pointer, 1, nil, nil), "the TLS options")
    }

    private func setWill(_ will: MQTTMessage, _ version: MQTTConfiguration.ProtocolVersion) throws(MQTTError) {
        var properties: OpaquePointer?
        if version == .v5OrV311 { properties = try MosquittoProperties(of: will).release() }
        let result = mosquitto_will_set_v5(
            pointer, will.topic, Int32(will.payload.count), will.payload, will.qualityOfService.rawValue,
            will.retain, properties)
        try check(result, "the will")
    }

    private func check(_ result: Int32, _ what: String) throws(MQTTError) {
        if result != MOSQ_ERR_SUCCESS.rawValue {
            throw MQTTError(.configuration, "\(what): \(Mosquitto.text(result))")
        }
    }
}
