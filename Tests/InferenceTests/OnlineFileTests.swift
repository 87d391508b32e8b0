import Foundation
import Inference
import ResourceAPI
import TestSupport
import Testing

@Suite("Files of online features")
struct OnlineFileTests {
    /// A folder for one test.
    private final class Place {
        let path = NSTemporaryDirectory() + "ingot-online-" + UUID().uuidString

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ script: String = OnlineFixture.weather()) throws -> String {
            let file = path + "/a ?#%.sqlite"
            try? FileManager.default.removeItem(atPath: file)
            try OnlineFixture.write(script, to: file)
            return file
        }

        func message(_ script: String) throws -> String {
            let file = try file(script)
            do {
                _ = try OnlineFile(path: file)
                return "opened"
            } catch {
                return error.message.replacing(file, with: "FILE")
            }
        }
    }

    private func text(_ vector: FeatureVector) -> String {
        zip(vector.values, vector.statuses).map { "\($0.description) \($1.rawValue)" }
            .joined(separator: ", ")
    }

    private let instant = OnlineFixture.instant
    private let hour = OnlineFixture.hour

    @Test("values, what is null, what is too old and who is unknown")
    func statuses() throws {
        let place = try Place()
        let file = try OnlineFile(path: place.file())
        #expect(file.view == "weather" && file.keys.map(\.name) == ["origin"])
        #expect(file.instant == instant && file.entities == 4)
        func at(_ time: Int64, _ key: EntityValue?) throws -> String {
            try text(file.vector(of: [key], at: time))
        }
        #expect(
            try at(instant, .text("EWR")) == "8.25 PRESENT, 'clear' PRESENT, 2.0 PRESENT")
        #expect(
            try at(instant, .text("JFK")) == "null NULL_VALUE, null NULL_VALUE, 0.0 PRESENT")
        #expect(
            try at(instant, .text("LGA"))
                == "null OUTSIDE_MAX_AGE, null OUTSIDE_MAX_AGE, 0.0 PRESENT")
        #expect(
            try at(instant, .text("we'ird")) == "-0.0 PRESENT, 'fog' PRESENT, 1.0 PRESENT")
        let unknown = "null NOT_FOUND, null NOT_FOUND, 0.0 NOT_FOUND"
        #expect(try at(instant, .text("ewr")) == unknown)
        #expect(try at(instant, .text("")) == unknown)
        #expect(try at(instant, .text("EWR\0")) == unknown)
        #expect(try at(instant, nil) == unknown)
        #expect(try at(instant, .integer(1)) == unknown)
    }

    @Test("an event exactly the time to live ago is used, one a microsecond earlier is not")
    func boundary() throws {
        let place = try Place()
        let file = try OnlineFile(path: place.file())
        let last = instant + 2 * hour
        #expect(
            try text(file.vector(of: [.text("EWR")], at: last))
                == "8.25 PRESENT, 'clear' PRESENT, 0.0 PRESENT")
        #expect(
            try text(file.vector(of: [.text("EWR")], at: last + 1))
                == "null OUTSIDE_MAX_AGE, null OUTSIDE_MAX_AGE, 0.0 PRESENT")
        for time in [Int64.max, Int64.max - 1] {
            #expect(
                try text(file.vector(of: [.text("EWR")], at: time)).hasPrefix("null OUTSIDE"))
        }
    }

    @Test("a row that lags behind is as old as it is itself")
    func lags() throws {
        let place = try Place()
        let file = try OnlineFile(path: place.file(OnlineFixture.lagged()))
        func at(_ time: Int64, _ key: String) throws -> String {
            try text(file.vector(of: [.text(key)], at: time))
        }
        #expect(try at(instant, "both") == "1.5 PRESENT, 2.5 PRESENT")
        #expect(try at(instant + hour, "both") == "1.5 PRESENT, 2.5 PRESENT")
        #expect(try at(instant + hour + 1, "both") == "1.5 PRESENT, null OUTSIDE_MAX_AGE")
        #expect(
            try at(instant + 2 * hour + 1, "both") == "null OUTSIDE_MAX_AGE, null OUTSIDE_MAX_AGE")
        #expect(try at(instant, "old") == "1.5 PRESENT, null OUTSIDE_MAX_AGE")
        #expect(try at(instant + hour, "one") == "1.5 PRESENT, null NULL_VALUE")
        #expect(try at(instant, "none") == "null NOT_FOUND, null NOT_FOUND")
        let start = "'FILE' is not a file of online features: "
        #expect(
            try place.message(OnlineFixture.lagged(lag: 1001)) == start + "a lag is out of range")
        #expect(
            try place.message(OnlineFixture.lagged(lag: 3))
                == start + "no such column: features.__event:3")
    }

    @Test("a file that is not one is refused with its reason")
    func refused() throws {
        let place = try Place()
        func head(_ outputs: [String], keys: [(String, String)] = [("k", "string")]) -> String {
            OnlineFixture.head(view: "v", asOf: 0, entities: 0, keys: keys, outputs: outputs)
        }
        let output = "'v__a', 'float', NULL, 0, NULL"
        let table = "CREATE TABLE features (k TEXT PRIMARY KEY, __event, v__a) WITHOUT ROWID;"
        func refusal(_ script: String) throws -> String {
            let message = try place.message(script)
            let start = "'FILE' is not a file of online features: "
            #expect(message.hasPrefix(start), "\(message)")
            return String(message.dropFirst(start.count))
        }
        #expect(try place.message(head([output]) + table) == "opened")
        #expect(try refusal("") == "no such table: about")
        #expect(try refusal(head([output])) == "no such table: features")
        #expect(
            try refusal(head([output]) + table + "CREATE VIEW x AS SELECT 1;")
                == "it holds other things than its tables")
        #expect(
            try refusal(head([output]) + table + "CREATE TABLE x (y);")
                == "it holds other things than its tables")
        #expect(
            try refusal(head([output, "'v__b', 'float', NULL, 0, NULL"]) + table)
                == "no such column: features.v__b")
        #expect(
            try refusal(head(["'v__a', 'vector', NULL, 0, NULL"]) + table)
                == "a feature has an unknown type")
        #expect(
            try refusal(head([output], keys: [("k", "uuid")]) + table)
                == "a key has an unknown type")
        #expect(
            try refusal(head([output], keys: []) + table)
                == "its view, keys or features are not named")
        #expect(
            try refusal(head(["'v__a', 'float', 9223372036854775807, 0, NULL"]) + table)
                == "a maximum age is out of range")
        #expect(
            try refusal(head(["'v__a', 'float', NULL, 0, 'x'"]) + table)
                == "a value that should be a number is none")
        #expect(
            try refusal(
                head([output]) + table + "UPDATE about SET value = 3 WHERE name = 'format';")
                == "its format is 3, and this is for formats 1 and 2")
        #expect(
            try refusal(head([output]) + table + "DELETE FROM about WHERE name = 'as_of';")
                == "'as_of' is missing")
    }

    @Test("values of wrong types are errors of the look-up")
    func wrongValues() throws {
        let place = try Place()
        let script = OnlineFixture.weather(temp: "'warm'")
        let file = try OnlineFile(path: place.file(script))
        do {
            _ = try file.vector(of: [.text("EWR")], at: instant)
            Issue.record("it was read")
        } catch {
            #expect(
                error.message
                    == "the online features of 'weather' cannot be read: a value that should be a number is none"
            )
            #expect(!error.isRequestFault)
        }
        #expect(try file.vector(of: [.text("JFK")], at: instant).event == instant - 3 * hour)
    }

    @Test("no cut and no damage ends the process")
    func damage() throws {
        let place = try Place()
        let whole = [UInt8](try Data(contentsOf: URL(filePath: place.file())))
        let path = place.path + "/damaged.sqlite"
        var random = SystemRandomNumberGenerator()
        var opened = 0
        func attempt(_ bytes: some Sequence<UInt8>) throws {
            try Data(bytes).write(to: URL(filePath: path))
            guard let file = try? OnlineFile(path: path) else { return }
            opened += 1
            for key in ["EWR", "JFK", "XXX"] {
                _ = try? file.vector(of: [.text(key)], at: instant)
            }
        }
        for count in stride(from: 0, to: whole.count, by: 509) { try attempt(whole.prefix(count)) }
        for _ in 0..<400 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            try attempt(bytes)
        }
        #expect(opened > 0)
    }

    @Test("a file that is cut while it is open gives errors")
    func cutWhileOpen() throws {
        let place = try Place()
        var script = OnlineFixture.weather() + "BEGIN;"
        for index in 0..<5000 {
            script += "INSERT INTO features VALUES ('k\(index)', 0, 1.0, '\(index)', 1.0);"
        }
        let path = try place.file(script + "COMMIT;")
        let file = try OnlineFile(path: path)
        #expect(truncate(path, 8192) == 0)
        var failures = 0
        for index in 0..<5000 {
            do {
                _ = try file.vector(of: [.text("k\(index)")], at: instant)
            } catch {
                failures += 1
            }
        }
        #expect(failures > 4000)
    }

    @Test("another digest or another view than expected is refused")
    func expectations() throws {
        let place = try Place()
        let path = try place.file()
        let digest = Digest(hashing: [UInt8](try Data(contentsOf: URL(filePath: path))))
        _ = try OnlineFile(path: path, expecting: digest, view: "weather")
        #expect(
            throws: InferenceError.online(
                .otherView(path: path, found: "weather", expected: "delays"))
        ) { try OnlineFile(path: path, expecting: digest, view: "delays") }
        let other = Digest(hashing: [])
        #expect(
            throws: InferenceError.digestMismatch(path: path, expected: other, actual: digest)
        ) { try OnlineFile(path: path, expecting: other, view: "weather") }
        #expect(throws: InferenceError.self) { try OnlineFile(path: place.path + "/none") }
    }

    @Test("several keys of several types, with names that need quotes")
    func compositeKeys() throws {
        let place = try Place()
        let file = try OnlineFile(
            path: place.file(
                OnlineFixture.head(
                    view: "v", asOf: 5, entities: 2,
                    keys: [("a \"b\"", "integer"), ("flag", "boolean"), ("select", "string")],
                    outputs: ["'v__x\"y', 'float', NULL, 0, NULL"])
                        + #"""
                        CREATE TABLE features ("a ""b""" INTEGER, flag INTEGER, "select" TEXT, __event INTEGER,
                            "v__x""y", PRIMARY KEY ("a ""b""", flag, "select")) WITHOUT ROWID;
                        INSERT INTO features VALUES (-7, 1, 'é', 4, 0.1), (9007199254740993, 0, '', 4, 2.0);
                        """#))
        #expect(
            try text(file.vector(of: [.integer(-7), .boolean(true), .text("é")], at: 5))
                == "0.1 PRESENT")
        // Another way to write the same letter is another key.
        #expect(
            try text(file.vector(of: [.integer(-7), .boolean(true), .text("e\u{301}")], at: 5))
                == "null NOT_FOUND")
        #expect(
            try text(
                file.vector(
                    of: [.integer(9_007_199_254_740_993), .boolean(false), .text("")], at: 5))
                == "2.0 PRESENT")
    }

    @Test("times as text, there and back")
    func times() {
        for (text, value) in [
            ("1970-01-01T00:00:00Z", 0), ("2013-11-15T18:00:00Z", instant),
            ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
            ("1969-12-31T23:59:59.5Z", -500_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
        ] {
            #expect(InstantText.write(Int64(value)) == text)
            #expect(InstantText.read(text) == Int64(value))
        }
        for (text, value) in [
            ("2013-11-15", instant - 18 * hour), ("2013-11-15 18:00", instant),
            ("2013-11-15T18:00:00.25", instant + 250_000),
        ] { #expect(InstantText.read(text) == value) }
        for text in [
            "", "2013-11-15T", "2013-02-29", "2013-13-01", "2013-1-01", "2013-11-15T24:00",
            "2013-11-15T18:00:00+01:00", "2013-11-15T18:00:00.1234567Z", "2013-11-15Z18:00", "now",
        ] { #expect(InstantText.read(text) == nil, "\(text)") }
        _ = [Int64.min, -Int64.max, Int64.max].map(InstantText.write)
    }
}
