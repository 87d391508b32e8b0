import ResourceAPI
import Testing

@testable import Manifests

@Suite("ingot.lock and the controller's configuration")
struct SideFileTests {
    private let digest = Digest(hashing: "rows".utf8)

    private func lock(_ text: String) -> SnapshotLockFile.Parsed {
        SnapshotLockFile.parse(
            ManifestFile(path: RepositoryPath("ingot.lock"), bytes: Array(text.utf8)))
    }

    private func texts(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.map(\.description).joined(separator: "\n\n")
    }

    @Test("What is written is read again, whatever stands in it")
    func roundTrip() throws {
        let entries = [
            try #require(ResourceName("weather")): SnapshotLock.Entry(
                digest: digest, observed: "2026-11-28T12:00:00Z", version: #"etag:"a\b" #x"#),
            try #require(ResourceName("1e3")): SnapshotLock.Entry(
                digest: digest, observed: "2026-11-28T12:00:00Z"),
            try #require(ResourceName("trips")): SnapshotLock.Entry(
                digest: digest, observed: "2026-11-28T12:00:00Z",
                columns: [
                    .init(name: "x", type: "integer"), .init(name: #"größe "in": #m"#, type: nil),
                    .init(name: "null", type: "struct(a integer)"),
                ]),
            try #require(ResourceName("none")): SnapshotLock.Entry(
                digest: digest, observed: "2026-11-28T12:00:00Z", columns: []),
        ]
        let bytes = SnapshotLockFile.bytes(of: SnapshotLock(entries: entries))
        let parsed = lock(String(decoding: bytes, as: UTF8.self))
        #expect(texts(parsed.diagnostics) == "")
        #expect(parsed.lock == SnapshotLock(entries: entries))
        let empty = SnapshotLockFile.bytes(of: .none)
        #expect(lock(String(decoding: empty, as: UTF8.self)).lock == .none)
    }

    @Test("A lock with an entry looks like this")
    func text() throws {
        let entry = SnapshotLock.Entry(
            digest: digest, observed: "2026-11-28T12:00:00Z", version: "lsn:0/1",
            columns: [.init(name: "temp", type: "double"), .init(name: "é", type: nil)])
        let bytes = SnapshotLockFile.bytes(
            of: SnapshotLock(entries: [try #require(ResourceName("weather")): entry]))
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                # Written by `ingot snapshot`: which rows each dataset has whose source is outside the repository.
                # A revert of its commit brings the old rows back.
                apiVersion: ingot/v1
                datasets:
                  "weather":
                    digest: \(digest)
                    observed: "2026-11-28T12:00:00Z"
                    version: "lsn:0/1"
                    columns:
                      "temp": "double"
                      "\\U000000e9": "untyped"

                """)
    }

    @Test("What is wrong with a lock is told with its place, and nothing of it counts")
    func problems() {
        let parsed = lock(
            """
            apiVersion: ingot/v1
            datasets:
              weather:
                digest: sha256:12
                observed: yesterday
                etag: "1"
                columns: [temp]
              Planes: {}
            """)
        #expect(parsed.lock == .unreadable)
        #expect(
            texts(parsed.diagnostics) == """
                ingot.lock:4:13: error: 'digest' is not a digest: 'sha256:12'
                        digest: sha256:12
                                ^
                hint: 'sha256:' and 64 hexadecimal digits

                ingot.lock:5:15: error: 'observed' is not a moment in UTC
                        observed: yesterday
                                  ^
                hint: such as 2026-11-28T12:00:00Z

                ingot.lock:6:5: error: unknown field 'etag'
                        etag: "1"
                        ^
                hint: the fields here are digest, observed, version and columns

                ingot.lock:7:14: error: 'columns' must be a mapping, but is a list
                        columns: [temp]
                                 ^

                ingot.lock:8:3: error: 'datasets' is not a valid name: 'Planes'
                      Planes: {}
                      ^
                hint: 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends
                """)
        #expect(
            texts(lock("datasets: {}\n---\na: 1\n").diagnostics) == """
                ingot.lock:1:1: error: missing field 'apiVersion'
                    datasets: {}
                    ^

                ingot.lock:3:1: error: this file may have one document only
                    a: 1
                    ^
                hint: remove what follows '---'
                """)
        #expect(lock("<<<<<<< HEAD\n").lock == .unreadable)
    }

    private func configuration(
        _ text: String
    ) -> (configuration: ControllerConfiguration?, diagnostics: [Diagnostic]) {
        ConfigurationFile.parse(
            ManifestFile(path: RepositoryPath("config.yaml"), bytes: Array(text.utf8)))
    }

    @Test("Credentials stand there, or are named")
    func credentials() throws {
        let (found, diagnostics) = configuration(
            """
            credentials:
              warehouse:
                host: db.example.org
                port: 5432
                password: {env: WAREHOUSE_PASSWORD}
              lake: {accessKeyId: AKIA, secretAccessKey: {file: lake.key}}
            """)
        #expect(texts(diagnostics) == "")
        #expect(
            found?.credentials == [
                try #require(ResourceName("warehouse")): [
                    "host": .text("db.example.org"), "port": .text("5432"),
                    "password": .environment("WAREHOUSE_PASSWORD"),
                ],
                try #require(ResourceName("lake")): [
                    "accessKeyId": .text("AKIA"), "secretAccessKey": .file("lake.key"),
                ],
            ])
    }

    @Test("What is wrong with a configuration is told without what stands in it")
    func noSecrets() {
        let (found, diagnostics) = configuration(
            """
            credentials:
              a: hunter2
              b: {password: [hunter2], pasword: hunter2}
              c: {password: {vault: hunter2}}
            """)
        #expect(found == nil)
        let text = texts(diagnostics)
        #expect(!text.contains("hunter2"), "\(text)")
        #expect(
            text == """
                config.yaml:2:6: error: 'a' must be a mapping

                config.yaml:3:17: error: 'password' must be a mapping

                config.yaml:3:28: error: unknown field 'pasword'
                hint: did you mean 'password'?

                config.yaml:4:17: error: missing field: one of 'env' and 'file' is needed

                config.yaml:4:18: error: unknown field 'vault'
                hint: the fields here are env and file
                """)
    }
}
