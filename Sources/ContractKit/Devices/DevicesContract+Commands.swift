import Ledger

/// Commands: given, passed on by the device's gateway, settled once.
extension DevicesContract {
    func command(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try MembershipContract.identifier(try arguments.text("id", maximum: 64), "id")
        let device = try arguments.text("device", maximum: 120)
        let name = try Self.level(try arguments.text("name", maximum: 64), "name")
        let content = try arguments.bytes("arguments", maximum: Self.maximumArguments)
        let timeout = try arguments.unsigned("timeout", in: Self.timeouts)
        try arguments.finish()
        try Self.requireOwner(of: device, context)
        try Self.issue(
            id, to: device, name: name, arguments: content, timeout: timeout, by: context.sender.id, in: context)
    }

    /// Gives a command in the course of another contract's operation, which has to say itself who may.
    ///
    /// - Parameters:
    ///   - timeout: seconds from ledger time.
    ///   - by: for the record, for example `contract:parking`.
    /// - Throws: 100 when too many are open, 8 when the id was used, 101 when the device is revoked.
    public static func issue(
        _ id: String, to device: String, name: String, arguments: Bytes, timeout: UInt64, by: String,
        in context: ContractContext
    ) throws(ContractError) {
        let record = try context.require(MembershipContract.devices, device, "the device")
        guard record.revokedAt == nil else { throw ContractError(101, "\(device) is revoked and obeys nobody") }
        let key = "\(device)/\(id)"
        guard try context.get(commands, key) == nil else { throw .exists("the command \(key)") }
        let waiting = try context.state.scan(open, prefix: "\(record.gateway)/\(device)/", limit: maximumOpen)
        guard waiting.count < maximumOpen else {
            throw ContractError(100, "\(maximumOpen) commands to \(device) are open; wait for their outcomes")
        }
        let deadline = try context.time.adding(try timeout.multiplied(by: 1000))
        context.set(
            commands, key,
            CommandRecord(
                by: by, gateway: record.gateway, name: name, arguments: arguments, issued: context.time,
                deadline: deadline, transaction: context.transaction, height: context.height))
        context.set(open, "\(record.gateway)/\(key)", context.height)
        // The timer is this contract's, whichever contract gave the command.
        context.state.set(Timers.key(contract: "devices", id: key, time: try deadline.adding(grace)), Timers.set)
        try context.emit("commanded", subject: device, [("id", .text(id)), ("name", .text(name))])
    }

    func outcome(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.gateway)
        let id = try arguments.text("id", maximum: 64)
        let device = try arguments.text("device", maximum: 120)
        guard let word = CommandRecord.Word(rawValue: try arguments.text("word", maximum: 16)) else {
            throw .invalid("word", "done, refused or timeout")
        }
        let reply = try arguments.bytes("reply", maximum: Self.maximumArguments)
        try arguments.finish()
        let key = "\(device)/\(id)"
        let record = try context.require(Self.commands, key, "the command")
        guard record.gateway == context.sender.id else {
            throw .notAuthorised("the command went to \(record.gateway), who reports its outcome")
        }
        if let outcome = record.outcome {
            throw ContractError(102, "the command is settled: \(outcome.word.rawValue)")
        }
        context.state.set(
            Timers.key(contract: "devices", id: key, time: try record.deadline.adding(Self.grace)), nil)
        try settle(key, record, word, reply, context)
    }

    func settle(
        _ key: String, _ record: CommandRecord, _ word: CommandRecord.Word, _ reply: Bytes, _ context: ContractContext
    ) throws(ContractError) {
        var record = record
        record.outcome = .init(word: word, reply: reply, time: context.time)
        context.set(Self.commands, key, record)
        context.remove(Self.open, "\(record.gateway)/\(key)")
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw .corrupt(key) }
        if word == .done, record.name == "interval" {
            for (place, interval) in try context.state.scan(Self.intervals, prefix: "\(parts[0])/", limit: 64)
            where interval.command == parts[1] {
                var interval = interval
                interval.inForce = context.time
                context.set(Self.intervals, place, interval)
            }
        }
        try context.emit("settled", subject: parts[0], [("id", .text(parts[1])), ("word", .text(word.rawValue))])
    }

    func setInterval(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let device = try arguments.text("device", maximum: 120)
        let channel = try Self.level(try arguments.text("channel", maximum: 64), "channel")
        let seconds = try arguments.unsigned("seconds", in: Self.sampling)
        try arguments.finish()
        try Self.requireOwner(of: device, context)
        let known = try context.state.scan(Self.intervals, prefix: "\(device)/", limit: 64)
        guard known.count < 64 || known.contains(where: { $0.key == "\(device)/\(channel)" }) else {
            throw ContractError(103, "a device has at most 64 channels with an interval")
        }
        let id = "interval-\(context.transaction.hex.prefix(16))"
        context.set(
            Self.intervals, "\(device)/\(channel)",
            IntervalRecord(seconds: seconds, command: id, since: context.time))
        let content = Bytes(#"{"channel":"\#(channel)","seconds":\#(seconds)}"#.utf8)
        // A device that is away gets it when it is back, within a day.
        try Self.issue(
            id, to: device, name: "interval", arguments: content, timeout: Self.timeouts.upperBound,
            by: context.sender.id, in: context)
    }

    static func requireOwner(of device: String, _ context: ContractContext) throws(ContractError) {
        let record = try context.require(MembershipContract.devices, device, "the device")
        guard record.owner == context.sender.id else {
            throw .notAuthorised("\(device) belongs to \(record.owner), who alone commands it")
        }
    }

    /// A name that can be one level of an MQTT topic.
    static func level(_ name: String, _ argument: String) throws(ContractError) -> String {
        let allowed = name.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard allowed else { throw .invalid(argument, "letters, digits, - and _") }
        return name
    }
}
