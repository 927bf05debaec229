import SenML
import Testing

@Suite("Rules of RFC 8428")
struct SenMLRuleTests {
    private func resolve(_ json: String, now: Double = 1_700_000_000) throws -> [ResolvedRecord] {
        try SenMLPack(json: Array(json.utf8)).resolve(now: now)
    }

    @Test(
        "A pack that breaks a rule is refused whole, with the rule's code",
        arguments: [
            (#"[]"#, SenMLError.Code.notAPack),
            (#"{"n":"a","v":1}"#, .notAPack),
            (#"[1]"#, .notAPack),
            (#"[{"n":"a","v":1}"#, .malformedJSON),
            (#"[{"n":"a","v":1}] x"#, .malformedJSON),
            (#"[{"n":"a","v":01}]"#, .malformedJSON),
            (#"[{"n":"a","v":1.}]"#, .malformedJSON),
            (#"[{"n":"a","v":-}]"#, .malformedJSON),
            (#"[{"n":"\ud800","v":1}]"#, .malformedJSON),
            (#"[{"n":"a","v":"1"}]"#, .wrongType),
            (#"[{"n":"a","v":null}]"#, .wrongType),
            (#"[{"n":"a","vb":1}]"#, .wrongType),
            (#"[{"n":"a","vd":"aGk="}]"#, .wrongType),
            (#"[{"n":"a","v":1,"vs":"b"}]"#, .value),
            (#"[{"n":"a"}]"#, .value),
            (#"[{"v":1}]"#, .name),
            (#"[{"n":"-a","v":1}]"#, .name),
            (#"[{"n":"a b","v":1}]"#, .name),
            (#"[{"n":"ä","v":1}]"#, .name),
            (#"[{"n":"a","v":1,"n":"a"}]"#, .duplicateField),
            (#"[{"n":"a","v":1,"x":1,"x":2}]"#, .duplicateField),
            (#"[{"n":"a","v":1,"new_":true}]"#, .mandatoryField),
            (#"[{"bver":11,"n":"a","v":1}]"#, .version),
            (#"[{"bver":0,"n":"a","v":1}]"#, .version),
            (#"[{"bver":10,"n":"a","v":1},{"bver":9,"n":"a","v":1}]"#, .version),
            (#"[{"bver":1.5,"n":"a","v":1}]"#, .wrongType),
            (#"[{"n":"a","v":1e999}]"#, .number),
            (#"[{"bv":1e308,"n":"a","v":1e308}]"#, .number),
        ])
    func refuses(json: String, code: SenMLError.Code) {
        #expect(throws: SenMLError(code, "")) { try resolve(json) }
    }

    @Test("Fields that are not known are passed over")
    func extensions() throws {
        let records = try resolve(#"[{"n":"a","v":1,"loc":{"x":[1,{"y":null}]},"bextra":"z"}]"#)
        #expect(records.first?.value == .number(1))
    }

    @Test("Base value and base sum are added, and stand for what is missing")
    func bases() throws {
        let records = try resolve(#"[{"bn":"p:","bv":20,"bs":100,"n":"a","v":1,"s":2},{"n":"b"},{"n":"c","vs":"x"}]"#)
        #expect(records.map(\.value) == [.number(21), .number(20), .string("x")])
        #expect(records.map(\.sum) == [102, 100, 100])
    }

    @Test("Times below 2^28 count from now, others are absolute")
    func times() throws {
        let records = try resolve(
            #"[{"n":"a","v":1},{"n":"a","v":1,"t":-10},{"n":"a","v":1,"t":268435455},{"n":"a","v":1,"t":268435456}]"#,
            now: 1000)
        #expect(records.map(\.time) == [1000, 990, 268_436_455, 268_435_456])
    }

    @Test("A lower version stays in the resolved records")
    func version() throws {
        #expect(try resolve(#"[{"bver":5,"n":"a","v":1},{"n":"b","v":1}]"#).map(\.version) == [5, 5])
        #expect(try resolve(#"[{"bver":10,"n":"a","v":1}]"#).map(\.version) == [nil])
    }

    @Test("Chronological order is by time and otherwise as sent")
    func order() throws {
        let pack = try SenMLPack(
            json: Array(#"[{"n":"a","v":1,"t":5},{"n":"b","v":1,"t":-5},{"n":"c","v":1,"t":5}]"#.utf8))
        #expect(try pack.resolve(now: 0, order: .chronological).map(\.name) == ["b", "a", "c"])
    }

    @Test("Limits are kept")
    func limits() {
        let limits = SenMLLimits(size: 64, records: 2, name: 8, value: 4, depth: 2)
        for json in [
            #"[{"n":"a","v":1},{"n":"a","v":1},{"n":"a","v":1}]"#, #"[{"bn":"12345","n":"6789","v":1}]"#,
            #"[{"n":"a","vs":"12345"}]"#, #"[{"n":"a","v":1,"x":[[[[1]]]]}]"#,
            #"[{"n":"a","v":1}                                                     ]"#,
        ] {
            #expect(throws: SenMLError(.limit, "")) {
                try SenMLPack(json: Array(json.utf8), limits: limits).resolve(now: 0, limits: limits)
            }
        }
    }

    @Test("CBOR: text labels of known fields are refused, indefinite lengths and decimal fractions are read")
    func cbor() throws {
        #expect(throws: SenMLError(.textLabel, "")) {
            try SenMLPack(cbor: [0x81, 0xA2, 0x00, 0x61, 0x61, 0x61, 0x76, 0x01])
        }
        // [_ {_ 0: "a", 2: 4([-1, 235])}]
        let octets: [UInt8] = [0x9F, 0xBF, 0x00, 0x61, 0x61, 0x02, 0xC4, 0x82, 0x20, 0x18, 0xEB, 0xFF, 0xFF]
        #expect(try SenMLPack(decoding: octets).records.first?.value == .number(23.5))
        #expect(throws: SenMLError(.malformedCBOR, "")) { try SenMLPack(cbor: [0x9F]) }
        #expect(throws: SenMLError(.mandatoryField, "")) {
            try SenMLPack(cbor: [0x81, 0xA3, 0x00, 0x61, 0x61, 0x02, 0x01, 0x62, 0x78, 0x5F, 0x01])
        }
    }

    @Test("What is not finite is not written")
    func notFinite() {
        let pack = SenMLPack(records: [SenMLRecord(name: "a", value: .number(.nan))])
        #expect(throws: SenMLError(.number, "")) { try pack.json() }
        #expect(throws: SenMLError(.number, "")) { try pack.cbor() }
    }

    @Test("Strings survive JSON, with all their escapes")
    func strings() throws {
        let text = "a\"\\\u{8}\u{c}\n\r\t\u{1}é😀"
        let pack = SenMLPack(records: [SenMLRecord(name: "a", value: .string(text))])
        #expect(try SenMLPack(json: try pack.json()) == pack)
        #expect(try resolve(#"[{"n":"a","vs":"\ud83d\ude00\u0041"}]"#).first?.value == .string("😀A"))
    }
}
