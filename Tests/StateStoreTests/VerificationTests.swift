import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Verification")
struct VerificationTests {
    let scratch: Scratch
    let store: StateStore
    let origin = ChangeOrigin(actor: "controller", cause: "test")

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer()
        for key in ["1", "2"] {
            let run = try await store.succeed(
                scratch, newRun("trainingconfig/delay#train", key), "onnx \(key)")
            _ = try await store.registerVersion(
                NewVersion(
                    model: name("delay"), digest: run.artifact, fingerprint: fingerprint(key),
                    commit: commit(1), metrics: [:], gates: []), origin: origin)
        }
        for version in [1, 2, nil, 2] {
            try await store.setStage(
                model: name("delay"), stage: name("production"), version: version, origin: origin)
        }
    }

    /// What is found after somebody has changed rows, with all guards of the database off.
    private func findings(_ sql: String) async throws -> [String] {
        try scratch.sql(
            """
            PRAGMA foreign_keys = OFF;
            DROP TRIGGER IF EXISTS stage_history_no_update;
            DROP TRIGGER IF EXISTS stage_history_no_delete;
            DROP TRIGGER IF EXISTS versions_no_update; DROP TRIGGER IF EXISTS versions_no_delete;
            DROP TRIGGER IF EXISTS events_no_update; DROP TRIGGER IF EXISTS events_no_delete;
            \(sql)
            """)
        let report = try await store.verify(isDeep: false)
        for finding in report.findings { #expect(finding.hint.isEmpty == false) }
        return report.findings.map(\.message)
    }

    @Test("a healthy state is counted and has no findings")
    func healthy() async throws {
        let report = try await store.verify()
        #expect(report.findings.isEmpty)
        #expect(report.notes.isEmpty)
        #expect((report.artifacts, report.files, report.events) == (2, 4, 10))
        #expect(report.bytes == 2 * (6 + 127))
        // 2 artifacts, 2 files, 2 runs, 2 fingerprints, 2 versions, 4 moves, 10 events, 1 epoch.
        #expect(report.rows == 25)
    }

    @Test("a stage that shows something that is not there is found")
    func stage() async throws {
        let artifact = try await store.version(2, of: name("delay")).version.digest
        try await store.markDamaged(artifact, problem: "test", origin: origin)
        #expect(
            try await store.verify().findings.map(\.message) == [
                "the stage production of model/delay shows version 2, whose artifact is damaged"
            ])
    }

    @Test(
        "rows that contradict each other are found",
        arguments: [
            (
                "DELETE FROM stage_history WHERE seq = 3",
                [
                    "the history of the stage production of model/delay has gaps: 3 moves, the last one is number 4",
                    "the stages of model/delay have moved 3 times, but 4 events say so",
                ]
            ),
            (
                "UPDATE stage_history SET digest = x'00' WHERE seq = 1",
                [
                    "move 1 of the stage production of model/delay has another artifact than version 1"
                ]
            ),
            (
                "UPDATE runs SET finished_at = NULL WHERE id = 'run-1'",
                ["run run-1 has succeeded without an artifact or an end"]
            ),
            (
                "DELETE FROM fingerprints WHERE run = 'run-2'",
                ["run run-2 has succeeded, but its result is not recorded"]
            ),
            (
                "DELETE FROM versions WHERE number = 1; UPDATE stage_history SET version = 2, digest = (SELECT digest FROM versions)",
                [
                    "the versions of model/delay have gaps: there are 1, the last one is number 2",
                    "model/delay has versions up to 2, but the events tell of another number",
                ]
            ),
            (
                "UPDATE epoch SET current = 0", ["the number of the newest writer is missing"]
            ),
            (
                "INSERT INTO runs SELECT NULL, 'run-9', step, resource, kind, fingerprint, \"commit\", pointer, plan, actor, state, attempt, started_at, finished_at, reasons, recipe_version, recipe, inputs, runtime, seed, threads, artifact, metadata, failure, deterministic FROM runs WHERE id = 'run-1'",
                ["run run-9 has succeeded, but no event says so"]
            ),
        ])
    func contradictions(sql: String, messages: [String]) async throws {
        #expect(try await findings(sql) == messages)
    }

    @Test("a file that belongs to nothing is a note, and says what is wrong with it")
    func strays() async throws {
        let store = scratch.state + "/store/sha256"
        let path = "\(store)/ab/\(String(repeating: "0", count: 62))"
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(store)/ab/README"))
        let report = try await self.store.verify()
        #expect(report.findings.isEmpty)
        #expect(
            report.notes.map(\.message) == [
                "\(path) does not have the content that its name says",
                "1 files (1 bytes) belong to no present artifact",
                "\(store)/ab/README is not a file that Ingot has made",
            ])
    }
}
