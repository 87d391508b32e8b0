import ResourceAPI
import Testing

@testable import Manifests

@Suite("Expectations")
struct ExpectationTests {
    private func dataset(_ expectations: String, schema: Bool = true) -> String {
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: planes}
        spec:
          source: {file: {path: data/planes.csv}}
          \(schema ? "schema: [{name: tailnum, type: string}, {name: seen, type: timestamp}]" : "primaryKey: [tailnum]")
          expectations:
        \(expectations)
        """
    }

    @Test("Every check is read")
    func read() throws {
        let flights = try #require(ResourceName("flights"))
        let registry = try #require(ResourceName("registry"))
        let text = dataset(
            """
                - {regex: {column: tailnum, pattern: "N[0-9A-Z]{1,5}"}}
                - {freshness: {column: seen, maxAge: 7d, asOf: 2013-12-31 06:00}}
                - {freshness: {column: seen, maxAge: 1h, comparedTo: {dataset: flights, column: at}}}
                - {foreignKey: {columns: [tailnum], dataset: registry, references: [number]}}
                - {schemaDrift: [extraColumns, types], severity: warning}
                - {sql: {condition: "seen > tailnum"}, mostly: 0.5}
                - {sql: {query: "SELECT 1"}}
            """)
        let week = ManifestDuration(seconds: 604_800)
        let checks: [ResourceAPI.Expectation.Check] = [
            .regex(column: "tailnum", pattern: "N[0-9A-Z]{1,5}"),
            .freshness(column: "seen", maxAge: week, instant: .time("2013-12-31T06:00:00")),
            .freshness(
                column: "seen", maxAge: ManifestDuration(seconds: 3600),
                instant: .newest(dataset: flights, column: "at")),
            .foreignKey(columns: ["tailnum"], dataset: registry, references: ["number"]),
            .schemaDrift([.extraColumns, .types]),
            .condition("seen > tailnum"),
            .query("SELECT 1"),
        ]
        #expect(messages(of: text).isEmpty)
        let found = parse(text).resources.first?.dataset?.expectations
        #expect(found?.map(\.check) == checks)
        #expect(
            found?.map(\.severity) == [.error, .error, .error, .error, .warning, .error, .error])
    }

    @Test("What is wrong with a check is told at its place")
    func wrong() {
        let text = dataset(
            """
                - {regex: {column: seen, pattern: "."}}
                - {regex: {column: tailnum, pattern: "N[0-9"}}
                - {regex: {column: talnum, pattern: "(?=N).*"}}
                - {freshness: {column: tailnum, maxAge: 7d, asOf: 2013-12-31}}
                - {freshness: {column: seen, maxAge: 7d}}
                - {freshness: {column: seen, maxAge: 7d, asOf: yesterday}, mostly: 0.5}
                - {foreignKey: {columns: [tailnum, seen], dataset: registry, references: [number]}}
                - {schemaDrift: [extraColums], mostly: 0.5}
                - {sql: {}}
            """)
        let expected = """
            m.yaml:8:24: error: 'regex' needs a column of type string, but 'seen' is of type timestamp
                    - {regex: {column: seen, pattern: "."}}
                                       ^
            hint: use 'between', 'values' or 'sql'

            m.yaml:9:42: error: 'pattern' is not a regular expression: missing ] for the [, at character 2
                    - {regex: {column: tailnum, pattern: "N[0-9"}}
                                                         ^
            hint: the syntax is RE2's: https://github.com/google/re2/wiki/Syntax

            m.yaml:10:24: error: the schema has no column 'talnum'
                    - {regex: {column: talnum, pattern: "(?=N).*"}}
                                       ^
            hint: did you mean 'tailnum'?

            m.yaml:10:41: error: 'pattern' is not a regular expression: RE2 has no lookaround, at character 1
                    - {regex: {column: talnum, pattern: "(?=N).*"}}
                                                        ^
            hint: the syntax is RE2's: https://github.com/google/re2/wiki/Syntax

            m.yaml:11:28: error: 'freshness' needs a column of type timestamp or date, but 'tailnum' is of type string
                    - {freshness: {column: tailnum, maxAge: 7d, asOf: 2013-12-31}}
                                           ^
            hint: name another column

            m.yaml:12:19: error: missing field: one of 'asOf' and 'comparedTo' is needed
                    - {freshness: {column: seen, maxAge: 7d}}
                                  ^
            hint: see 'ingot explain dataset.spec.expectations.freshness'

            m.yaml:13:52: error: 'asOf' is not a date or time: 'yesterday'
                    - {freshness: {column: seen, maxAge: 7d, asOf: yesterday}, mostly: 0.5}
                                                                   ^
            hint: UTC, such as 2013-10-01 or 2013-10-01T06:00:00

            m.yaml:13:64: error: 'mostly' has no effect on 'freshness', which is not about single rows
                    - {freshness: {column: seen, maxAge: 7d, asOf: yesterday}, mostly: 0.5}
                                                                               ^
            hint: remove it

            m.yaml:14:78: error: 'columns' and 'references' must have the same length, but have 2 and 1 items
                    - {foreignKey: {columns: [tailnum, seen], dataset: registry, references: [number]}}
                                                                                             ^
            hint: each column refers to one of the other dataset

            m.yaml:15:22: error: item 1 of 'schemaDrift' must be extraColumns or types, but is 'extraColums'
                    - {schemaDrift: [extraColums], mostly: 0.5}
                                     ^
            hint: did you mean 'extraColumns'?

            m.yaml:15:36: error: 'mostly' has no effect on 'schemaDrift', which is not about single rows
                    - {schemaDrift: [extraColums], mostly: 0.5}
                                                   ^
            hint: remove it

            m.yaml:16:13: error: missing field: one of 'condition' and 'query' is needed
                    - {sql: {}}
                            ^
            hint: see 'ingot explain dataset.spec.expectations.sql'
            """
        #expect(messages(of: text) == expected)
    }

    @Test("Drift needs a schema")
    func driftWithoutSchema() {
        #expect(
            messages(of: dataset("    - {schemaDrift: [types]}", schema: false)) == """
                m.yaml:8:21: error: 'schemaDrift' has nothing to compare the source with
                        - {schemaDrift: [types]}
                                        ^
                hint: list the columns in 'schema'
                """)
    }

    @Test(
        "Regular expressions that RE2 takes",
        arguments: [
            "", "a", "^a$", "a|b|", "(a)(?:b)(?P<n>c)(?<m>d)", "(?i)a(?s-m:.)", "[]a]", "[^]a-z-]",
            "[[:alpha:]_]", "[a\\-\\]]", "a{2}b{2,}c{2,5}?", "a{,2}", "{", "a{x}", "\\Qa(b\\E*",
            "\\pL\\p{Greek}\\PN", "\\x41\\x{10FFFF}", "\\012\\07", "\\d+\\W*?\\b", "\\.\\-\\/",
            "^*",
            "a*?", "ä+", "(|a)*", "a{1000}", "[\\d.]", "\\A\\z", "(a{2}){3}", "\\C", "]", "}",
        ])
    func takes(pattern: String) {
        #expect(RegexSyntax.problem(of: pattern) == nil)
    }

    @Test(
        "Regular expressions that RE2 refuses",
        arguments: [
            ("(a", "missing ) for the (", 1), ("a)", "unexpected )", 2),
            ("[a", "missing ] for the [", 1), ("*a", "nothing to repeat before *", 1),
            ("a|*", "nothing to repeat before *", 3), ("a**", "two repetitions in a row", 3),
            ("a+{2}", "two repetitions in a row", 3),
            ("a{1001}", "a repetition of more than 1000", 2),
            ("a{3,2}", "a repetition from 3 to 2", 2), ("(?<=a)b", "RE2 has no lookaround", 1),
            ("(a)\\1", "RE2 has no backreferences", 4), ("a\\", "nothing after the \\", 2),
            ("\\h", "unknown escape \\h", 1), ("[z-a]", "a range from z to a", 2),
            ("(?x)a", "unknown flags of a group", 1), ("(?P<>a)", "a group without a name", 1),
        ])
    func refuses(pattern: String, reason: String, place: Int) {
        #expect(RegexSyntax.problem(of: pattern) == RegexProblem(reason: reason, place: place))
    }

    @Test("freshness as of the time when the source was read is for sources outside the repository")
    func observed() {
        let check = "{freshness: {column: seen, maxAge: 7d, asOf: observed}}"
        let inside = dataset("        - \(check)")
        #expect(
            messages(of: inside)
                == """
                m.yaml:8:11: error: 'asOf: observed' is only for sources outside the repository, which are read at a time
                            - \(check)
                              ^
                hint: write the instant itself, or use 'comparedTo'
                """)
        let outside = inside.replacing(
            "{file: {path: data/planes.csv}}", with: "{http: {url: \"https://a.example/p.csv\"}}")
        #expect(messages(of: outside).isEmpty)
        #expect(
            parse(outside).resources.first?.dataset?.expectations.map(\.check) == [
                .freshness(
                    column: "seen", maxAge: ManifestDuration(seconds: 604_800), instant: .observed)
            ])
    }
}
