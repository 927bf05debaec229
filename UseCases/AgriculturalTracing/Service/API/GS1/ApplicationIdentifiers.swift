/// The application identifiers of the GS1 General Specifications (§3) as far as a Digital Link needs them: what a value looks like, and which of
/// them are keys.
enum ApplicationIdentifiers {
    struct Entry {
        /// Parts of a value: character set, fewest and most characters.
        let parts: [(set: Character, range: ClosedRange<Int>)]
        /// Its length is known beforehand, so that no separator follows (§7.8.5, figure 7.8.5-2).
        let isPredefined: Bool
        /// It may stand in a Digital Link's query.
        let isAttribute: Bool
        /// The first part ends with a check digit (§7.9).
        let hasCheckDigit: Bool
    }

    /// Primary keys of Digital Links with the qualifiers that may follow, in order; GS1 Digital Link: URI Syntax §4.3.
    static let keys: [String: [[String]]] = [
        "00": [], "01": [["22", "10", "21"], ["235"]], "253": [], "255": [], "401": [], "402": [],
        "414": [["254"], ["7040"]], "415": [["8020"]], "417": [["7040"]], "8003": [], "8004": [["7040"]],
        "8006": [["22", "10", "21"]], "8010": [["8011"]], "8013": [], "8017": [["8019"]], "8018": [["8019"]],
    ]

    /// Names that stood for numbers before Digital Link 1.3, which readers may still meet.
    static let formerNames: [String: String] = [
        "sscc": "00", "gtin": "01", "gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402", "gln": "414",
        "pay": "415",
        "party": "417", "grai": "8003", "giai": "8004", "itip": "8006", "cpid": "8010", "gmn": "8013", "gsrnp": "8017",
        "gsrn": "8018", "cpv": "22", "lot": "10", "ser": "21", "glnx": "254", "refno": "8020", "cpsn": "8011",
        "srin": "8019",
    ]

    /// Groups of identifiers of one form: `*` predefined length, `?` may be an attribute, `!` check digit, then parts as
    /// set and length (`X..20`, `N6`, `[N4]` where it may be missing).
    private static let groups: [(form: String, identifiers: String)] = [
        ("*?! N18", "00"), ("*?! N14", "01 02"), ("*! N14", "03"), ("*? N6", "11-13 15-17 3100-3105 3110-3115"),
        ("*? N6", "3120-3125 3130-3135 3140-3145 3150-3155 3160-3165 3200-3205 3210-3215 3220-3225 3230-3235"),
        ("*? N6", "3240-3245 3250-3255 3260-3265 3270-3275 3280-3285 3290-3295 3300-3305 3310-3315 3320-3325"),
        ("*? N6", "3330-3335 3340-3345 3350-3355 3360-3365 3370-3375 3400-3405 3410-3415 3420-3425 3430-3435"),
        ("*? N6", "3440-3445 3450-3455 3460-3465 3470-3475 3480-3485 3490-3495 3500-3505 3510-3515 3520-3525"),
        ("*? N6", "3530-3535 3540-3545 3550-3555 3560-3565 3570-3575 3600-3605 3610-3615 3620-3625 3630-3635"),
        ("*? N6", "3640-3645 3650-3655 3660-3665 3670-3675 3680-3685 3690-3695"), ("*? N2", "20"),
        ("*?! N13", "410-417"), ("X..20", "21 22"), ("X..28", "235"), ("? N..6", "242"),
        ("? X..20", "10 243 420 4318 7020-7022 710-717 7240 8002 8012"), ("X..20", "254"),
        ("? X..30", "240 241 250 251 400 401 403 4308 4319 7002 7023 8004 90"), ("?! N13 [X..17]", "253"),
        ("?! N13 [N..12]", "255"), ("? N..8", "30 37"), ("? N..15", "3900-3909 3920-3929"),
        ("? N3 N..15", "3910-3919 3930-3939"), ("? N4", "3940-3943 8111"), ("? N6", "3950-3955 4326 7006 8005"),
        ("?! N17", "402"), ("? N3 X..9", "421"), ("? N3", "422 424 426"), ("? N3 [N3] [N3] [N3] [N3]", "423 425"),
        ("? X..3", "427 7008"), ("? X..35", "4300 4301 4310 4311 4320"), ("? X..70", "4302-4306 4312-4316 7257"),
        ("? X2", "4307 4317"), ("? N10 N10", "4309"), ("? N1", "4321-4323 7252"), ("? N6 N4", "4324 4325 7003"),
        ("? N6 [X1]", "4330-4333"), ("? N13", "7001"), ("? N..4", "7004"), ("? X..12", "7005"), ("? N6 [N6]", "7007"),
        ("? X..10", "7009 7255"), ("? X..2", "7010"), ("? N6 [N4]", "7011"), ("? N3 X..27", "7030-7039"),
        ("N1 X1 X1 X1", "7040"), ("X..4", "7041"), ("? X2 X..28", "7230-7239"), ("? N2", "7241"), ("? X..25", "7242"),
        ("? N8", "7250"), ("? N8 N4", "7251"), ("? X..40", "7253 7254 7259"), ("? X..90", "7256 91-99"),
        ("? X3", "7258"),
        ("? N4 N5 N3 N1 N1", "8001"), ("? N14 [X..16]", "8003"), ("?! N14 N4", "8006 8026"), ("? X..34", "8007"),
        ("? N6 N2 [N2] [N2]", "8008"), ("? X..50", "8009"), ("? Y..30", "8010"), ("N..12", "8011"), ("? X..25", "8013"),
        ("X..25", "8014 8020"), ("?! N18", "8017 8018"), ("N..10", "8019"), ("? Z..90", "8030"), ("N15", "8040 8041"),
        ("N32", "8042"), ("N18 [N..2]", "8043"), ("? X..70", "8110 8112"), ("X..70", "8200"),
    ]

    static let all: [String: Entry] = {
        var all: [String: Entry] = [:]
        for (form, identifiers) in groups {
            let words = form.split(separator: " ").map(String.init)
            let flags = words[0].contains { "*?!".contains($0) } ? words[0] : ""
            let entry = Entry(
                parts: words.dropFirst(flags.isEmpty ? 0 : 1).map(part), isPredefined: flags.contains("*"),
                isAttribute: flags.contains("?"), hasCheckDigit: flags.contains("!"))
            for range in identifiers.split(separator: " ") {
                let ends = range.split(separator: "-").map(String.init)
                guard let first = Int(ends[0]), let last = Int(ends[ends.count - 1]) else { continue }
                for number in first...last {
                    let digits = String(number)
                    all[String(repeating: "0", count: ends[0].utf8.count - digits.utf8.count) + digits] = entry
                }
            }
        }
        return all
    }()

    /// `X..20`, `N6`, or `[N4]`.
    private static func part(_ text: String) -> (set: Character, range: ClosedRange<Int>) {
        let isOptional = text.hasPrefix("[")
        let plain = text.filter { $0 != "[" && $0 != "]" }
        let isVariable = plain.contains(".")
        let length = Int(plain.drop { !$0.isNumber }) ?? 1
        return (plain.first ?? "X", (isOptional ? 0 : isVariable ? 1 : length)...length)
    }
}
