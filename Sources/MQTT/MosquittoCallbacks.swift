import CMosquitto

/// The C functions that the library calls, on the network thread.
enum MosquittoCallbacks {
    static func install(on client: OpaquePointer) {
        mosquitto_connect_v5_callback_set(client) { _, context, code, _, _ in
            session(context)?.connectAnswered(code)
        }
        mosquitto_publish_v5_callback_set(client) { _, context, identifier, code, _ in
            session(context)?.publicationAnswered(identifier, code)
        }
        mosquitto_subscribe_v5_callback_set(client) { _, context, identifier, count, granted, _ in
            let codes = granted.map { Array(UnsafeBufferPointer(start: $0, count: Int(count))) } ?? []
            session(context)?.subscriptionAnswered(identifier, codes)
        }
        mosquitto_message_v5_callback_set(client) { _, context, received, properties in
            guard let received = received?.pointee, let topic = received.topic else { return }
            let octets = UnsafeRawBufferPointer(start: received.payload, count: Int(received.payloadlen))
            var message = MQTTMessage(
                topic: String(cString: topic), payload: [UInt8](octets),
                qualityOfService: .init(rawValue: received.qos) ?? .atMostOnce, retain: received.retain)
            MosquittoProperties.read(properties, into: &message)
            session(context)?.received(message)
        }
    }
}

/// A function of the file, because a C function pointer captures nothing, not even a metatype.
private func session(_ context: UnsafeMutableRawPointer?) -> MosquittoSession? {
    context.map { Unmanaged<MosquittoSession>.fromOpaque($0).takeUnretainedValue() }
}
