import CSQLite

/// Files of online features, as `online.py` writes them, and others.
package enum OnlineFixture {
    package struct Failed: Error {
        package let reason: String
    }

    /// 2013-11-15T18:00:00Z, in microseconds.
    package static let instant: Int64 = 1_384_538_400_000_000
    package static let hour: Int64 = 3_600_000_000

    /// View `weather`, keyed by origin: `temp` and `sky` with a time to live of 3 h, and `reports_1h`,
    /// a count. EWR's row is an hour old at the instant and whole, JFK's 3 h old without values, LGA's
    /// 4 h old.
    package static func weather(temp: String = "8.25", asOf: Int64 = instant) -> String {
        let ages = [
            ("EWR", asOf - hour, "\(temp), 'clear', 2.0"),
            ("JFK", asOf - 3 * hour, "NULL, '', 0.0"),
            ("LGA", asOf - 4 * hour, "NULL, '', 0.0"),
            ("we''ird", asOf - 1, "-0.0, 'fog', 1.0"),
        ]
        return head(
            view: "weather", asOf: asOf, entities: ages.count,
            keys: [("origin", "string")],
            outputs: [
                "'weather__temp', 'float', 10800, 0, NULL",
                "'weather__sky', 'string', 10800, 0, ''",
                "'weather__reports_1h', 'float', 3600, 1, 0.0",
            ])
                + """
                CREATE TABLE features (origin TEXT NOT NULL, __event INTEGER,
                    weather__temp, weather__sky, weather__reports_1h, PRIMARY KEY (origin)) WITHOUT ROWID;

                """
            + ages.map { "INSERT INTO features VALUES ('\($0.0)', \($0.1), \($0.2));" }
            .joined(separator: "\n")
    }

    /// The sample of `weather`, with `temp` of EWR as its 32 bits.
    package static func weatherSample(temp: UInt32 = Float(8.25).bitPattern) -> String {
        let (zero, one, two) = (
            Float(0).bitPattern, Float(1).bitPattern, Float(2).bitPattern
        )
        return """
            {"rows": [
            {"key": ["EWR"], "at": \(instant), "values": [\(temp), "clear", \(two)]},
            {"key": ["JFK"], "at": \(instant), "values": [null, "", \(zero)]},
            {"key": ["LGA"], "at": \(instant), "values": [null, "", \(zero)]},
            {"key": ["we'ird"], "at": \(instant), "values": [2147483648, "fog", \(one)]},
            {"key": ["EWR"], "at": \(instant + 2 * hour), "values": [\(temp), "clear", \(zero)]},
            {"key": ["EWR"], "at": \(instant + 2 * hour + 1), "values": [null, "", \(zero)]},
            {"key": ["XXX"], "at": \(instant), "values": [null, "", \(zero)]},
            {"key": [null], "at": \(instant), "values": [null, "", \(zero)]}
            ]}
            """
    }

    /// View `v`, keyed by `k`, with a time to live of 3 h: the temperature, and that of two rows before.
    /// At the instant `both` has rows an hour and two hours old, `old` one of an hour and one of four,
    /// `one` a single row.
    package static func lagged(lag: Int = 2) -> String {
        let rows = [
            ("both", "\(instant - 2 * hour)", "1.5, 2.5"),
            ("old", "\(instant - 4 * hour)", "1.5, NULL"),
            ("one", "NULL", "1.5, NULL"),
        ]
        return head(
            view: "v", asOf: instant, entities: rows.count, keys: [("k", "string")],
            outputs: [
                "'v__now', 'float', 10800, 0, NULL, 0",
                "'v__before', 'float', 10800, 0, NULL, \(lag)",
            ], format: 2)
                + """
                CREATE TABLE features (k TEXT PRIMARY KEY, __event INTEGER, "__event:2" INTEGER,
                    v__now, v__before) WITHOUT ROWID;

                """
            + rows.map {
                "INSERT INTO features VALUES ('\($0.0)', \(instant - hour), \($0.1), \($0.2));"
            }
            .joined(separator: "\n")
    }

    /// The tables that describe a file.
    package static func head(
        view: String, asOf: Int64, entities: Int, keys: [(String, String)], outputs: [String],
        format: Int = 1
    ) -> String {
        let keyRows = keys.enumerated().map {
            "INSERT INTO keys VALUES (\($0), '\($1.0)', '\($1.1)');"
        }
        let outputRows = outputs.enumerated().map { "INSERT INTO outputs VALUES (\($0), \($1));" }
        return """
            CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
            INSERT INTO about VALUES ('as_of', \(asOf)), ('format', \(format)), ('view', '\(view)'),
                ('entities', \(entities));
            CREATE TABLE keys (position INTEGER PRIMARY KEY, name TEXT, type TEXT);
            \(keyRows.joined(separator: "\n"))
            CREATE TABLE outputs (position INTEGER PRIMARY KEY, name TEXT, type TEXT,
                max_age_seconds INTEGER, is_window INTEGER, unknown\(format == 1 ? "" : ", lag INTEGER"));
            \(outputRows.joined(separator: "\n"))

            """
    }

    /// Makes a SQLite file by a script.
    package static func write(_ script: String, to path: String) throws {
        var database: OpaquePointer?
        let code = sqlite3_open(path, &database)
        defer { sqlite3_close_v2(database) }
        guard code == SQLITE_OK, sqlite3_exec(database, script, nil, nil, nil) == SQLITE_OK else {
            throw Failed(reason: String(cString: sqlite3_errmsg(database)))
        }
    }
}
