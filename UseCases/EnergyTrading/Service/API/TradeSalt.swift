import Crypto
import Foundation
import Ledger
import UseCaseKit

/// The salt of a trade's commitment: the aggregator's secret and the trade give it, so that none has to be kept.
struct TradeSalt {
    private let key: SymmetricKey

    init(platform: Platform, aggregator: String) throws {
        // A secret of its own, not the signing key: it is made into what others are told.
        key = SymmetricKey(data: try platform.keys.keyOrNew(of: "\(aggregator)-salts").rawRepresentation)
    }

    func salt(_ interval: UInt64, _ number: UInt64) -> Bytes {
        Bytes(HMAC<SHA256>.authenticationCode(for: Data("trade \(interval)/\(number)".utf8), using: key).prefix(16))
    }
}
