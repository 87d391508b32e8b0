import ResourceAPI
import Testing

@testable import Manifests

@Suite("Sources outside the repository")
struct OutsideSourceTests {
    private func manifest(_ source: String) -> String {
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: weather}
        spec:
          source: {\(source)}
        """
    }

    private func source(_ text: String) throws -> DatasetSpec.Source {
        let parsed = parse(manifest(text))
        #expect(parsed.diagnostics.map(\.description) == [])
        return try #require(parsed.resources.first?.dataset?.source)
    }

    @Test("A URL, whose format follows from its path")
    func http() throws {
        let url = "https://example.org/a.csv.gz?token=1#x"
        #expect(
            try source(#"http: {url: "\#(url)", credentials: api}"#)
                == .http(HTTPSource(url: url, format: .csv, credentials: ResourceName("api"))))
        #expect(
            try source("http: {url: 'http://example.org/export', format: json}")
                == .http(HTTPSource(url: "http://example.org/export", format: .json)))
    }

    @Test("Objects in a bucket: one, all below a prefix, or those of a pattern")
    func s3() throws {
        #expect(
            try source("s3: {bucket: lake, key: a/b.parquet}")
                == .s3(S3Source(bucket: "lake", objects: .key("a/b.parquet"), format: .parquet)))
        #expect(
            try source("s3: {bucket: lake, prefix: a/, format: csv, nullValues: [NA]}")
                == .s3(
                    S3Source(
                        bucket: "lake", objects: .prefix("a/"), format: .csv, nullValues: ["NA"])))
        let text =
            "s3: {bucket: lake, glob: 'a/*.jsonl.zst', region: eu-central-1, endpoint: 'http://s3:9000', credentials: lake}"
        #expect(
            try source(text)
                == .s3(
                    S3Source(
                        bucket: "lake", objects: .glob("a/*.jsonl.zst"), region: "eu-central-1",
                        endpoint: "http://s3:9000", format: .json,
                        credentials: ResourceName("lake"))))
    }

    @Test("A query in a database")
    func postgres() throws {
        let name = try #require(ResourceName("warehouse"))
        #expect(
            try source("postgres: {query: SELECT 1 AS a, credentials: warehouse}")
                == .postgres(PostgresSource(query: "SELECT 1 AS a", credentials: name)))
    }

    @Test(
        "What is wrong with them",
        arguments: [
            (
                "http: {url: 'ftp://example.org/a.csv'}",
                """
                m.yaml:5:24: error: 'ftp://example.org/a.csv' is not an http or https URL
                      source: {http: {url: 'ftp://example.org/a.csv'}}
                                           ^
                hint: such as https://example.org/data/weather.csv
                """
            ),
            (
                "http: {url: 'https://ann:pw@example.org/a.csv'}",
                """
                m.yaml:5:24: error: a URL must not hold a user or a password
                      source: {http: {url: 'https://ann:pw@example.org/a.csv'}}
                                           ^
                hint: put them into the controller's configuration, and name the entry with 'credentials'
                """
            ),
            (
                "http: {url: 'https://example.org/export'}",
                """
                m.yaml:5:24: error: the format of 'https://example.org/export' cannot be told from its name
                      source: {http: {url: 'https://example.org/export'}}
                                           ^
                hint: add 'format: csv', 'format: parquet' or 'format: json'
                """
            ),
            (
                "s3: {bucket: The Lake, key: a.csv}",
                """
                m.yaml:5:25: error: 'The Lake' is not the name of a bucket
                      source: {s3: {bucket: The Lake, key: a.csv}}
                                            ^
                hint: 3 to 63 lower-case letters, digits, dots and hyphens
                """
            ),
            (
                "s3: {bucket: lake, key: a.csv, prefix: a}",
                """
                m.yaml:5:43: error: 'key' and 'prefix' exclude each other
                      source: {s3: {bucket: lake, key: a.csv, prefix: a}}
                                                              ^
                note: 'key' is given here (m.yaml:5:31)
                hint: remove one of them
                """
            ),
            (
                "s3: {bucket: lake, prefix: a/}",
                """
                m.yaml:5:39: error: the format of 'a/' cannot be told from its name
                      source: {s3: {bucket: lake, prefix: a/}}
                                                          ^
                hint: add 'format: csv', 'format: parquet' or 'format: json'
                """
            ),
            (
                "postgres: {query: SELECT 1}",
                """
                m.yaml:5:22: error: missing field 'credentials'
                      source: {postgres: {query: SELECT 1}}
                                         ^
                hint: see 'ingot explain dataset.spec.source.postgres.credentials'
                """
            ),
            (
                "postgres: {query: SELECT 1, credentials: db, password: x}",
                """
                m.yaml:5:57: error: unknown field 'password'
                      source: {postgres: {query: SELECT 1, credentials: db, password: x}}
                                                                            ^
                hint: the fields here are query and credentials
                """
            ),
        ])
    func problems(source: String, expected: String) {
        #expect(messages(of: manifest(source)) == expected)
    }
}
