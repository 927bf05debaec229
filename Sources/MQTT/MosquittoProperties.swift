import CMosquitto
import Foundation

/// MQTT 5 properties as libmosquitto keeps them: a linked list in C that has to be freed.
struct MosquittoProperties: ~Copyable {
    private(set) var list: OpaquePointer?

    /// The properties of a message that is to be published.
    init(of message: MQTTMessage) throws(MQTTError) {
        for property in message.userProperties {
            try check(
                mosquitto_property_add_string_pair(
                    &list, Int32(MQTT_PROP_USER_PROPERTY.rawValue), property.name, property.value))
        }
        if let type = message.contentType {
            try check(mosquitto_property_add_string(&list, Int32(MQTT_PROP_CONTENT_TYPE.rawValue), type))
        }
        if let topic = message.responseTopic {
            try check(mosquitto_property_add_string(&list, Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue), topic))
        }
        if let data = message.correlationData {
            guard data.count <= UInt16.max else {
                throw MQTTError(.invalidMessage, "correlation data has at most 65535 octets")
            }
            try check(
                mosquitto_property_add_binary(
                    &list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), data, UInt16(data.count)))
        }
    }

    deinit {
        var list = list
        mosquitto_property_free_all(&list)
    }

    /// Gives the list to the library, which frees it (a will).
    consuming func release() -> OpaquePointer? {
        let given = list
        list = nil
        return given
    }

    private func check(_ result: Int32) throws(MQTTError) {
        if result != MOSQ_ERR_SUCCESS.rawValue {
            throw MQTTError(.invalidMessage, "a property of the message: \(Mosquitto.text(result))")
        }
    }

    /// Copies the properties of a received message.
    static func read(_ properties: OpaquePointer?, into message: inout MQTTMessage) {
        var next = properties
        while let property = next {
            switch mosquitto_property_identifier(property) {
            case Int32(MQTT_PROP_USER_PROPERTY.rawValue): readPair(property, into: &message)
            case Int32(MQTT_PROP_CONTENT_TYPE.rawValue):
                message.contentType = readString(property, MQTT_PROP_CONTENT_TYPE)
            case Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue):
                message.responseTopic = readString(property, MQTT_PROP_RESPONSE_TOPIC)
            case Int32(MQTT_PROP_CORRELATION_DATA.rawValue): message.correlationData = readOctets(property)
            default: break
            }
            next = mosquitto_property_next(property)
        }
    }

    private static func readPair(_ property: OpaquePointer, into message: inout MQTTMessage) {
        var name: UnsafeMutablePointer<CChar>?
        var value: UnsafeMutablePointer<CChar>?
        defer {
            free(name)
            free(value)
        }
        // Started at the property itself, the search returns that one.
        guard
            mosquitto_property_read_string_pair(
                property, Int32(MQTT_PROP_USER_PROPERTY.rawValue), &name, &value, false) != nil, let name, let value
        else { return }
        message.userProperties.append(.init(String(cString: name), String(cString: value)))
    }

    private static func readString(_ property: OpaquePointer, _ identifier: mqtt5_property) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        defer { free(value) }
        mosquitto_property_read_string(property, Int32(identifier.rawValue), &value, false)
        return value.map { String(cString: $0) }
    }

    private static func readOctets(_ property: OpaquePointer) -> [UInt8]? {
        var value: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        defer { free(value) }
        mosquitto_property_read_binary(
            property, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), &value, &count, false)
        return value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: Int(count))) }
    }
}
