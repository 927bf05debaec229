/// Decides what a stream's forwarder does next. Pure: it is given the batches, their answers and the time.
struct ForwardPlan {
    enum Step: Hashable {
        /// There is nothing to send.
        case idle
        /// Sign these again (by index), then send all.
        case send(signAgain: [Int])
        /// The first batch was rejected lately: wait so many seconds.
        case wait(Double)
    }

    /// Seconds before the end of validity at which a statement that was never sent is signed again: it has to be
    /// ordered before it ends.
    static let margin: UInt64 = 60

    /// The code of a statement whose time is over; it is signed again at once (docs/reference/formats.md, `exp`).
    static let expired = "expired"

    /// The code of a batch in the open whose stream is not published (any more); it is sealed at once.
    static let notPublished = "telemetry-105"

    let pauses: ClosedRange<Double>
    private var notBefore: Double = 0

    init(pauses: ClosedRange<Double>) {
        self.pauses = pauses
    }

    /// - Parameter now: seconds since 1970.
    func step(_ batches: [StoredBatch], now: Double) -> Step {
        guard let first = batches.first else { return .idle }
        let isPassing = first.rejectionCode == Self.expired || first.rejectionCode == Self.notPublished
        if first.rejectionCode != nil && !isPassing && now < notBefore {
            return .wait(notBefore - now)
        }
        // A rejection is final for the bytes that were rejected, so they are signed anew. Bytes that may have reached
        // the node are never replaced while their outcome is open, or one reading could be registered twice.
        let again = batches.indices.filter { index in
            let batch = batches[index]
            if batch.rejectionCode != nil { return true }
            return !batch.wasSent && Double(batch.validUntil) < now + Double(Self.margin)
        }
        return .send(signAgain: again)
    }

    /// Notes that a round ended with rejections.
    mutating func rejected(_ batch: StoredBatch, now: Double) {
        var pause = pauses.lowerBound
        for _ in 0..<min(batch.rejections, 30) where pause < pauses.upperBound { pause *= 2 }
        notBefore = now + min(pause, pauses.upperBound)
    }
}
