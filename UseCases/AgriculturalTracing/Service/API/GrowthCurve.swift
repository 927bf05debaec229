import AgriculturalTracingContract
import Foundation

/// How high a crop stands, beside how high it should: what lies far off, and what falls though nobody cut it, is marked.
struct GrowthCurve {
    /// A measured height, m, at ms since 1970.
    struct Height: Equatable {
        let time: UInt64
        let metres: Double
    }

    struct Mark: Equatable {
        enum Kind: Equatable { case falling, offCurve }
        let kind: Kind
        let at: Height
        let words: String
    }

    /// A height may lie so far from what is expected, a part of it.
    static let tolerance = 0.35
    /// And so far in any case, m: a sensor sees leaves move.
    static let slack = 0.03

    private static let day = 86_400_000.0

    /// ms since 1970; nil where no sowing is known.
    let sownAt: UInt64?
    /// m, one for every ``TracingContract/growthStep`` days from sowing.
    let expected: [Double]
    /// ms since 1970.
    let harvests: [UInt64]

    /// What is expected at a time, m; nil before the sowing and without a curve. After its end the crop keeps its height.
    func expected(at time: UInt64) -> Double? {
        guard let sownAt, time >= sownAt, let last = expected.last else { return nil }
        let place = Double(time - sownAt) / Self.day / Double(TracingContract.growthStep)
        let index = Int(place)
        guard index + 1 < expected.count else { return last }
        return expected[index] + (expected[index + 1] - expected[index]) * (place - Double(index))
    }

    /// Heights in order of time.
    func marks(_ heights: [Height]) -> [Mark] {
        var marks: [Mark] = []
        var highest: Height?
        for height in heights {
            let cut = highest.flatMap { before in harvests.last { $0 > before.time && $0 <= height.time } }
            if cut != nil { highest = nil }
            if let before = highest, before.metres - height.metres > max(Self.slack, before.metres * 0.1) {
                marks.append(
                    Mark(
                        kind: .falling, at: height,
                        words:
                            "From \(Self.text(before.metres)) to \(Self.text(height.metres)) m, and no harvest is recorded"
                    ))
                // One fall is one mark.
                highest = height
            } else if height.metres > highest?.metres ?? -1 {
                highest = height
            }
            if let wanted = expected(at: height.time),
                abs(height.metres - wanted) > Self.slack + wanted * Self.tolerance,
                !harvests.contains(where: { $0 <= height.time && $0 > sownAt ?? 0 }), marks.last?.at != height
            {
                marks.append(
                    Mark(
                        kind: .offCurve, at: height,
                        words: "\(Self.text(height.metres)) m, where \(Self.text(wanted)) m is expected"))
            }
        }
        return marks
    }

    private static func text(_ metres: Double) -> String { "\((metres * 100).rounded() / 100)" }
}
