extension APIResponse {
    /// The whole answer as it goes over an HTTP/1.1 connection that stays open; nil for a stream.
    func wireBytes(reason: String, date: String) -> [UInt8]? {
        guard case .bytes(let content) = body else { return nil }
        var head =
            "HTTP/1.1 \(status) \(reason)\r\nX-Content-Type-Options: nosniff\r\nContent-Type: \(contentType)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(content.count)\r\nDate: \(date)\r\nServer: \(Server.name)\r\n\r\n"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.utf8.count + content.count)
        bytes += head.utf8
        bytes += content
        return bytes
    }
}
