/// The words that the Core Business Vocabulary 2.0 gives attributes of events; in JSON they stand bare.
public struct Vocabulary: Sendable {
    /// What an attribute is called in messages.
    public let name: String
    /// The word's URI begins so.
    public let prefix: String
    /// Prefix of the URN that CBV 1.2 had for it; nil where there was none.
    public let urn: String?
    public let words: Set<String>

    private init(_ name: String, _ prefix: String, urn: String?, _ words: String) {
        self.name = name
        self.prefix = prefix
        self.urn = urn.map { "urn:epcglobal:cbv:\($0):" }
        self.words = Set(words.split(whereSeparator: \.isWhitespace).map(String.init))
    }

    /// CBV 2.0 §7.1.
    public static let businessStep = Vocabulary(
        "bizStep", "https://ref.gs1.org/cbv/BizStep-", urn: "bizstep",
        """
        accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
        decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
        installing killing loading other packing picking receiving removing repackaging repairing replacing
        reserving retail_selling shipping staging_outbound stock_taking stocking storing transporting unloading
        unpacking void_shipping sensor_reporting sampling
        """)
    /// CBV 2.0 §7.2.
    public static let disposition = Vocabulary(
        "disposition", "https://ref.gs1.org/cbv/Disp-", urn: "disp",
        """
        active container_closed damaged destroyed dispensed disposed encoded expired in_progress in_transit
        inactive no_pedigree_match non_sellable_other partially_dispensed recalled reserved retail_sold returned
        sellable_accessible sellable_not_accessible stolen unknown available completeness_verified
        completeness_inferred conformant container_open mismatch_instance mismatch_class mismatch_quantity
        needs_replacement non_conformant unavailable
        """)
    /// CBV 2.0 §7.3.
    public static let businessTransaction = Vocabulary(
        "type of a business transaction", "https://ref.gs1.org/cbv/BTT-", urn: "btt",
        """
        bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt
        """)
    /// CBV 2.0 §7.4.
    public static let sourceOrDestination = Vocabulary(
        "type of a source or destination", "https://ref.gs1.org/cbv/SDT-", urn: "sdt",
        """
        owning_party possessing_party location
        """)
    /// CBV 2.0 §7.5.
    public static let errorReason = Vocabulary(
        "reason of an error declaration", "https://ref.gs1.org/cbv/ER-", urn: "er",
        """
        did_not_occur incorrect_data
        """)
    /// CBV 2.0 §7.
    public static let component = Vocabulary(
        "component", "https://ref.gs1.org/cbv/Comp-", urn: "comp",
        """
        x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude
        longitude altitude
        """)
    /// CBV 2.0 §7.
    public static let measurement = Vocabulary(
        "type of a measurement", "https://gs1.org/voc/", urn: nil,
        """
        AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude AmountOfSubstance
        AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance
        Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity
        ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force
        Frequency Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance
        LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass
        MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass
        MolarVolume Power Pressure RadiantFlux RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle
        SpecificVolume Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate
        VolumeFraction VolumetricFlux Wavenumber
        """)
    /// CBV 2.0 §7.
    public static let sensorAlert = Vocabulary(
        "exception of a sensor", "https://gs1.org/voc/", urn: nil,
        """
        ALARM_CONDITION ERROR_CONDITION
        """)

    /// Measurements of GS1's Web Vocabulary that its JSON-LD context for EPCIS leaves out: they are accepted, and stay bare in a hash.
    private static let unlisted: Set = ["EffectiveDose", "EffectiveDoseRate"]

    /// The URI of a value: a bare word of this vocabulary gets its prefix, everything else stands.
    public func uri(of value: String) -> String {
        if words.contains(value) { return prefix + value }
        guard let urn, value.hasPrefix(urn) else { return value }
        return prefix + value.dropFirst(urn.count)
    }

    /// Why a value is no word of this vocabulary nor a URI of somebody else's; nil where it is.
    func objection(to value: String) -> String? {
        if words.contains(value) || Self.unlisted.contains(value) && name == Self.measurement.name { return nil }
        guard Name.isURI(value) else {
            return "\(value) is no \(name) of CBV 2.0: \(words.sorted().joined(separator: ", ")), or a URI of your own"
        }
        if value.hasPrefix("urn:epcglobal:cbv:") || value.hasPrefix("http://ns.gs1.org/cbv/")
            || value.hasPrefix("https://ns.gs1.org/cbv/")
        {
            return "in JSON a \(name) of CBV stands bare, not as \(value)"
        }
        let short = prefix.replacing(Name.cbv, with: "cbv:")
        for start in [prefix, short] where start.hasSuffix("-") && value.hasPrefix(start) {
            let word = String(value.dropFirst(start.count))
            if !words.contains(word) { return "\(word) is no \(name) of CBV 2.0" }
        }
        return nil
    }
}
