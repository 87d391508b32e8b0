import Foundation
import Testing

/// `profile`, `diff` and `features get`, on what `apply` has made of two commits.
@Suite("Commands about data", .serialized)
struct DataCommandTests {
    private static let manifests = """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: airports}
        spec:
          source: {file: {path: airports.csv}}
          schema: [{name: faa, type: string}, {name: <b>name</b>, type: string}]
          primaryKey: [faa]
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: weather}
        spec:
          source: {file: {path: weather.csv}}
          schema:
            - {name: origin, type: string}
            - {name: at, type: timestamp}
            - {name: temp, type: double}
          primaryKey: [origin, at]
          expectations:
            - {foreignKey: {columns: [origin], dataset: airports, references: [faa]}, severity: warning}
            - {schemaDrift: [extraColumns], severity: warning}
            - {sql: {condition: "temp < 200"}}
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: weather}
        spec:
          source: {dataset: weather}
          entity: [origin]
          timestamp: at
          features: [{column: temp}, {name: rows, aggregate: count, windows: [24h]}]

        """

    private static let firstWeather = """
        origin,at,temp
        EWR,2013-01-01T00:00:00Z,39.5
        EWR,2013-01-01T01:00:00Z,40
        JFK,2013-01-01T00:00:00Z,41

        """

    private static let secondWeather = """
        origin,at,temp,gust
        EWR,2013-01-01T00:00:00Z,39.5,1
        EWR,2013-01-01T01:00:00Z,45,2
        LGA,2013-01-01T00:00:00Z,,3

        """

    private func apply(_ workshop: Workshop) throws -> Workshop.Output {
        try workshop.ingot("apply", "-C", workshop.clone)
    }

    private func prepared() throws -> (workshop: Workshop, first: String, second: String) {
        let workshop = try Workshop()
        try workshop.write(Self.manifests, to: "data.yaml")
        try workshop.write("faa,<b>name</b>\nEWR,Newark\nJFK,Kennedy\n", to: "airports.csv")
        try workshop.write(Self.firstWeather, to: "weather.csv")
        let first = try workshop.commitAndPush("Add the weather")
        let one = try apply(workshop)
        try #require(one.status == 0, "\(one)")
        try workshop.write(Self.secondWeather, to: "weather.csv")
        let second = try workshop.commitAndPush("Refresh the weather")
        let two = try apply(workshop)
        try #require(two.status == 0, "\(two)")
        return (workshop, first, second)
    }

    @Test("what was made of a commit can be looked at, compared and joined")
    func lookCompareJoin() throws {
        let (workshop, first, second) = try prepared()
        defer { workshop.remove() }
        try checkStatus(workshop)
        try checkProfile(workshop, first, second)
        try checkDiff(workshop, first, second)
        try checkFeatures(workshop, first)
        try checkErrors(workshop, first)
    }

    /// A warning that failed is seen, and stops nothing.
    private func checkStatus(_ workshop: Workshop) throws {
        for command in ["status", "get"] {
            let output = try workshop.ingot(command, "dataset/weather")
            #expect(
                output.standardOutput.contains(
                    """
                    up to date; warning: foreignKey of origin in dataset/airports (faa) failed for \
                    1 of 3 rows: {"row": 2, "origin": "LGA"} (and 1 more)
                    """), "\(output)")
        }
    }

    private func checkProfile(_ workshop: Workshop, _ first: String, _ second: String) throws {
        let output = try workshop.ingot("profile", "weather", "-C", workshop.clone)
        #expect(
            output.standardOutput == """
                dataset/weather at \(second.prefix(7)): 3 rows, 3 columns

                COLUMN  TYPE       NULLS  DISTINCT  MIN                  MEAN   MAX                  DISTRIBUTION
                origin  string     -      2         EWR                  -      LGA                  EWR 67%, LGA 33%
                at      timestamp  -      2         2013-01-01T00:00:00  -      2013-01-01T01:00:00  ▁█▁▁▁▁▁▁▁▁▁▁▁▅
                temp    double     33%    2         39.5                 42.25  45                   ▁█▁▁▁▁▁▁▁▁▁▁█

                warning: foreignKey of origin in dataset/airports (faa) failed for 1 of 3 rows: {"row": 2, "origin": "LGA"}

                warning: schemaDrift failed: the source has the column 'gust', not in the schema

                """, "\(output)")
        let older = try workshop.ingot(
            "profile", "dataset/weather", "--revision", first, "-o", "json", "-C", workshop.clone)
        let profile = try #require(try workshop.json(older)["profile"] as? [String: Any])
        #expect(profile["rows"] as? Int == 3)
        let page = workshop.folder + "/page.html"
        let written = try workshop.ingot(
            "profile", "airports", "--html", page, "-C", workshop.clone)
        #expect(written.standardOutput == "wrote \(page)\n", "\(written)")
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.contains("&lt;b&gt;name&lt;/b&gt;"))
        #expect(!html.contains("<b>"))
        #expect(!html.contains("<script") && !html.contains("://"))
    }

    private func checkDiff(_ workshop: Workshop, _ first: String, _ second: String) throws {
        let output = try workshop.ingot("diff", "weather", first, "main", "-C", workshop.clone)
        #expect(
            output.standardOutput.hasPrefix(
                """
                dataset/weather between \(first.prefix(7)) and \(second.prefix(7))

                rows     3 before, 3 after, by origin, at
                         + 1 added, - 1 removed, ~ 1 changed, 1 the same
                         ~ temp in 1 row

                for instance
                  + at=2013-01-01T00:00:00 origin=LGA temp=-
                  - at=2013-01-01T00:00:00 origin=JFK temp=41
                  ~ at=2013-01-01T01:00:00 origin=EWR  temp: 40 → 45

                distributions (population stability index)

                """), "\(output)")
        let same = try workshop.ingot("diff", "airports", first, second, "-C", workshop.clone)
        #expect(
            same.standardOutput.hasPrefix(
                "dataset/airports is the same at \(first.prefix(7)) and \(second.prefix(7)): sha256:"
            ),
            "\(same)")
    }

    private func checkFeatures(_ workshop: Workshop, _ first: String) throws {
        let spine = workshop.folder + "/spine.csv"
        try """
        n,origin,timestamp
        3,JFK,2013-01-01 00:30:00
        1,EWR,2013-01-01 02:00:00
        2,EWR,2013-01-01 00:00:00

        """.write(toFile: spine, atomically: true, encoding: .utf8)
        let runtime = try #require(ProcessInfo.processInfo.environment["INGOT_TEST_RUNTIME"])
        let program = """
            import sys
            from ingot_client import get_features
            found = get_features(sys.argv[1], ["weather"], sys.argv[2], sys.argv[3], sys.argv[4],
                                 command=sys.argv[5])
            print(found.column_names)
            for row in found.to_pylist():
                print(row["n"], row["origin"], row["weather__temp"], row["weather__rows_24h"])
            """
        let output = try workshop.run(
            runtime + "/bin/python",
            ["-c", program, spine, first, workshop.clone, workshop.state, Workshop.ingot],
            environment: ["PYTHONPATH": Workshop.root + "/Sources/PythonClient"])
        #expect(
            output.standardOutput == """
                ['n', 'origin', 'timestamp', 'weather__temp', 'weather__rows_24h']
                3 JFK 41.0 1.0
                1 EWR 40.0 2.0
                2 EWR None 0.0

                """, "\(output)")
    }

    private func checkErrors(_ workshop: Workshop, _ first: String) throws {
        func fails(_ arguments: String..., says message: String) throws {
            let output = try workshop.run(
                Workshop.ingot, arguments + ["--state", workshop.state, "-C", workshop.clone])
            #expect(output.status == 1)
            #expect(output.standardError == message + "\n", "\(output)")
        }
        let short = first.prefix(7)
        try fails(
            "diff", "wether", first, "main",
            says:
                "error: there is no dataset/wether at commit \(short)\nhint: did you mean 'weather'?"
        )
        let spine = workshop.folder + "/spine.csv"
        try fails(
            "features", "get", "--spine", spine, "--views", "weathr", "--revision", first, "-o",
            "x",
            says:
                "error: there is no featureview/weathr at commit \(short)\nhint: did you mean 'weather'?"
        )
        try fails(
            "features", "get", "--spine", spine, "--views", "weather", "--timestamp", "time", "-o",
            "x",
            says: """
                error: spine.csv has no column 'time'; it has: n, origin, timestamp
                hint: did you mean 'timestamp'?
                """)
        try fails(
            "features", "get", "--spine", spine + ".txt", "--views", "weather", "-o", "x",
            says: """
                error: \(spine).txt cannot be a spine: there is no such file
                hint: give a CSV or Parquet file with the views' entity columns and a time
                """)
        try fails(
            "features", "get", "--spine", spine, "--views", "weather", "-o", "x.csv",
            says: """
                error: cannot write x.csv: what is written is Parquet; give it a name that ends in .parquet
                hint: nothing was written
                """)
        try workshop.write(Self.firstWeather + "EWR,2013-01-02T00:00:00Z,300\n", to: "weather.csv")
        let third = try workshop.commitAndPush("Break the weather")
        try fails(
            "profile", "weather", "--revision", "HEAD",
            says: """
                error: no artifact of dataset/weather#profile is recorded for commit \(third.prefix(7))
                hint: it was not reconciled, or its data have changed since: `ingot plan --head COMMIT` tells
                """)
        _ = try apply(workshop)
        let failed = try workshop.ingot("profile", "weather", "-C", workshop.clone)
        #expect(
            failed.standardOutput.hasPrefix(
                "dataset/weather at \(third.prefix(7)): 4 rows, 3 columns\n\nCOLUMN"), "\(failed)")
        #expect(
            failed.standardOutput.hasSuffix(
                """

                error: sql temp < 200 failed for 1 of 4 rows: {"row": 3, "temp": 300.0}

                """), "\(failed)")
        // As when its log is removed to make room.
        let logs = try FileManager.default.contentsOfDirectory(atPath: workshop.state + "/logs")
        for name in logs where name.hasSuffix(".profile.json") {
            try FileManager.default.removeItem(atPath: workshop.state + "/logs/" + name)
        }
        try fails(
            "profile", "weather", "--revision", "HEAD",
            says: """
                error: no artifact of dataset/weather#profile is recorded for commit \(third.prefix(7)): \
                it failed: sql temp < 200 failed for 1 of 4 rows: {"row": 3, "temp": 300.0}
                hint: `ingot plan --head COMMIT` says what would have to be done for it
                """)
        try checkCollected(workshop, first)
    }

    /// Somebody, or the end of the retention, has taken the files.
    private func checkCollected(_ workshop: Workshop, _ first: String) throws {
        try FileManager.default.removeItem(atPath: workshop.state + "/store/sha256")
        let output = try workshop.ingot("diff", "weather", first, "main", "-C", workshop.clone)
        #expect(
            output.standardError == """
                error: the artifact of dataset/weather#snapshot for commit \(first.prefix(7)) is not in the store any more
                hint: it was collected after its retention, or lost: reconcile the commit again to have it made anew

                """, "\(output)")
    }
}
