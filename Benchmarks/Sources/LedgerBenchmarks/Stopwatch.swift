/// Times a body and prints what one operation costs, beside what it is compared with.
struct Stopwatch {
    let name: String

    /// Operations a second.
    @discardableResult
    func measure(_ operations: Int, per bound: (name: String, rate: Double)? = nil, _ body: () throws -> Void) rethrows
        -> Double
    {
        let start = ContinuousClock.now
        try body()
        let elapsed = ContinuousClock.now - start
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let rate = Double(operations) / seconds
        var line = "\(name): \(Int(rate)) a second, \((seconds / Double(operations) * 1e8).rounded() / 100) µs each"
        if let bound { line += ", \((rate / bound.rate * 100).rounded() / 100) of \(bound.name)" }
        print(line)
        return rate
    }
}
