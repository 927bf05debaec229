import APIKit
import EnergyTradingContract
import EnergyTradingMetering
import Foundation

/// What the market would read in a meter's telegram, for whoever connects one; nothing of it is kept.
enum TelegramRoute {
    static let route = Route(
        .post, "/api/v1/energy/telegrams", "What a P1 telegram says; it is not recorded", tag: "energy",
        access: .roles([EnergyContract.Role.prosumer, EnergyContract.Role.aggregator]),
        consumes: "application/octet-stream", bodyLimit: P1Telegram.maximumSize, problems: [400: "bad-request"]
    ) { request in
        do throws(P1Error) {
            return .json(try shown(try P1Telegram(request.body)))
        } catch {
            throw Problem.badRequest("this is no telegram: \(error)")
        }
    }

    private static func shown(_ telegram: P1Telegram) throws(P1Error) -> [String: Any] {
        var objects: [[String: Any]] = []
        for object in telegram.objects {
            var item: [String: Any] = ["code": "\(object.code)", "values": object.values]
            // Of a code that is no number it is the text alone.
            if let quantity = try? telegram.quantity(object.code), !quantity.unit.isEmpty {
                item["quantity"] = [
                    "digits": quantity.digits, "decimals": quantity.decimals, "unit": quantity.unit,
                ]
            }
            objects.append(item)
        }
        return [
            "identification": telegram.identification, "hasChecksum": telegram.hasChecksum, "objects": objects,
            "imported": try telegram.imported() ?? NSNull(), "exported": try telegram.exported() ?? NSNull(),
            "power": try telegram.power() ?? NSNull(), "time": telegram.time ?? NSNull(),
            "serial": telegram.serial ?? NSNull(),
        ]
    }
}
