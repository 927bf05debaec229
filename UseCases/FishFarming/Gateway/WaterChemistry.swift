import Foundation

/// What water holds and what is poisonous in it.
public enum WaterChemistry {
    /// Oxygen in equilibrium with air, mg/L: Garcia and Gordon 1992, eq. 8, with the Benson-Krause coefficients, at the
    /// pressure of the place less that of water vapour.
    ///
    /// - Parameters:
    ///   - temperature: °C, -2 to 40.
    ///   - pressure: of the air, mbar.
    ///   - salinity: practical salinity.
    public static func oxygenSaturation(temperature: Double, pressure: Double = 1013.25, salinity: Double = 0) -> Double
    {
        let scaled = log((298.15 - temperature) / (273.15 + temperature))
        let fresh =
            2.00907 + scaled
            * (3.22014 + scaled * (4.05010 + scaled * (4.94457 + scaled * (-0.256847 + scaled * 3.88767))))
        let salt =
            salinity * (-6.24523e-3 + scaled * (-7.37614e-3 + scaled * (-1.03410e-2 + scaled * -8.17083e-3)))
            - 4.88682e-7 * salinity * salinity
        // mL/L at one atmosphere; 1.42905 g of oxygen fill a litre.
        let standard = exp(fresh + salt) * 1.42905
        let vapour = vapourPressure(temperature: temperature, salinity: salinity)
        return standard * (pressure / 1013.25 - vapour) / (1 - vapour)
    }

    /// Pressure of water vapour over water, atmospheres (Weiss and Price 1980).
    private static func vapourPressure(temperature: Double, salinity: Double) -> Double {
        let kelvin = temperature + 273.15
        return exp(24.4543 - 67.4509 * (100 / kelvin) - 4.8489 * log(kelvin / 100) - 0.000544 * salinity)
    }

    /// The part of total ammonia that is un-ionised and poisons fish, in fresh water (Emerson et al. 1975).
    public static func unionisedAmmonia(temperature: Double, acidity: Double) -> Double {
        let pKa = 0.09018 + 2729.92 / (273.15 + temperature)
        return 1 / (pow(10, pKa - acidity) + 1)
    }
}
