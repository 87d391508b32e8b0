import Foundation
import ResourceAPI
import StateStore
import Testing

@Suite("Revisions, inventory, statuses")
struct RevisionTests {
    let scratch: Scratch
    let clock = TestClock()
    let store: StateStore
    let origin: ChangeOrigin

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer(clock: clock)
        origin = ChangeOrigin(actor: "controller", commit: try commit(1), cause: "main moved")
    }

    private func observe(_ digit: Int) async throws -> Bool {
        try await store.observe(
            NewRevision(
                revision: revision(digit), author: "Ada <ada@example.org>",
                summary: "commit \(digit)", committedAt: 500), actor: "controller")
    }

    @Test("history tells every commit and how it ended")
    func history() async throws {
        clock.set(9_000)
        #expect(try await observe(1))
        #expect(try await observe(1) == false)
        #expect(try await store.appliedRevision() == nil)
        clock.set(19_000)
        let counts = StepCounts(ran: 4, cached: 1)
        try await store.settle(
            revision(1), .reconciled, diagnostics: [], counts: counts, actor: "controller")
        try await store.settle(
            revision(1), .reconciled, diagnostics: [], counts: counts, actor: "controller")
        #expect(try await observe(2))
        #expect(try await observe(1))
        let diagnostic = try RecordedDiagnostic(
            .error(
                "unknown field 'stagess'",
                at: SourceLocation(file: RepositoryPath("models.yaml"), line: 7, column: 3),
                line: "  stagess:", hint: "did you mean 'stages'?", resource: resource("model/a")))
        try await store.settle(
            revision(1), .failed, diagnostics: [diagnostic], counts: StepCounts(failed: 1),
            actor: "controller")

        let rows = try await store.revisions()
        #expect(rows.map(\.sequence) == [3, 2, 1])
        #expect(rows.map(\.state) == [.failed, .superseded, .reconciled])
        #expect(rows.map { $0.revision.commit.short } == ["1111111", "2222222", "1111111"])
        #expect(rows[2].firstSeenAt == 10_000)
        #expect(rows[2].reconciledAt == 20_000)
        #expect(rows[1].reconciledAt == nil)
        #expect(rows[2].counts == counts)
        #expect(rows[2].commit.author == "Ada <ada@example.org>")
        #expect(rows[0].diagnostics == [diagnostic])
        #expect(diagnostic.place == "models.yaml:7:3")
        #expect(
            diagnostic.text == """
                models.yaml:7:3: error: unknown field 'stagess'
                      stagess:
                      ^
                hint: did you mean 'stages'?
                """)
        #expect(try await store.appliedRevision() == rows[0])
        #expect(try await store.revisions(limit: 1) == [rows[0]])
        let settled = try await store.events(EventFilter(kinds: [.revisionSettled]))
        #expect(settled.map(\.event.result) == ["failed", "reconciled"])
        let error = await stateError {
            try await store.settle(
                revision(5), .failed, diagnostics: [], counts: StepCounts(), actor: "controller")
        }
        #expect(error?.description == "\(try revision(5)) was never observed")
    }

    @Test("a revision that a newer one has superseded meanwhile is not settled any more")
    func supersededMeanwhile() async throws {
        #expect(try await observe(1))
        #expect(try await observe(2))
        let before = try await store.revisions()
        try await store.settle(
            revision(1), .reconciled, diagnostics: [], counts: StepCounts(ran: 1),
            actor: "controller")
        #expect(try await store.revisions() == before)
        #expect(before.map(\.state) == [.reconciling, .superseded])
        #expect(try await store.events(EventFilter(kinds: [.revisionSettled])) == [])
    }

    @Test("the inventory keeps the last applied manifest of each resource")
    func inventory() async throws {
        let file = RepositoryPath(bytes: [0x61, 0xFF, 0x0A])
        let a = InventoryEntry(
            resource: try resource("dataset/a"), file: file, blob: "aa11", commit: try commit(1))
        let b = InventoryEntry(
            resource: try resource("model/b"), file: file, blob: "bb22", commit: try commit(1))
        try await store.replaceInventory(applied: [b, a], pruned: [], origin: origin)
        #expect(try await store.inventory() == [a, b])
        let newer = InventoryEntry(
            resource: a.resource, file: file, blob: "aa33", commit: try commit(2))
        try await store.replaceInventory(
            applied: [newer], pruned: [b.resource, resource("dataset/never")], origin: origin)
        #expect(try await store.inventory() == [newer])
        try await store.replaceInventory(applied: [], pruned: [], origin: origin)
        let events = try await store.events()
        #expect(
            events.map(\.event.kind.rawValue) == [
                "ResourcePruned", "ManifestsApplied", "ManifestsApplied",
            ])
        #expect(events[2].event.payload == ["count": 2, "resources": ["dataset/a", "model/b"]])
        #expect(events[0].event.resource == b.resource)
    }

    private func status(
        _ id: String, _ health: HealthStatus, _ message: String, revision: String = "r1"
    ) throws -> NewStatus {
        NewStatus(
            resource: try resource(id), sync: .synced, health: health,
            conditions: [
                Condition(
                    type: "Ready", status: health == .healthy ? .yes : .no, reason: "Why",
                    message: message, observedRevision: revision)
            ], message: message, observedRevision: revision, detail: ["replicas": 2])
    }

    @Test("a status is written when it differs, and told when its verdict does")
    func statuses() async throws {
        clock.set(9_000)
        let a = try status("dataset/a", .healthy, "up to date")
        let b = try status("dataset/b", .healthy, "up to date")
        #expect(try await store.updateStatuses(changed: [b, a], removed: [], origin: origin) == 2)
        #expect(try await store.updateStatuses(changed: [a, b], removed: [], origin: origin) == 0)
        clock.set(19_000)
        let reworded = try status("dataset/a", .healthy, "still up to date", revision: "r2")
        let sick = try status("dataset/b", .degraded, "3 rows fail")
        #expect(
            try await store.updateStatuses(changed: [reworded, sick], removed: [], origin: origin)
                == 2)
        let stored = try await store.statuses()
        #expect(stored.map(\.status) == [reworded, sick])
        #expect(stored.map(\.since) == [10_000, 20_000])
        #expect(
            try await store.updateStatuses(
                changed: [reworded], removed: [sick.resource], origin: origin) == 1)
        #expect(try await store.statuses().map(\.resource) == [a.resource])
        let events = try await store.events(EventFilter(kinds: [.statusChanged]))
        #expect(
            events.map { "\($0.event.resource?.description ?? "") \($0.event.result)" } == [
                "dataset/b Synced, Degraded", "dataset/a Synced, Healthy",
                "dataset/b Synced, Healthy",
            ])
        #expect(events[0].event.payload["from"] == "Synced, Healthy")
    }

    @Test("the digest of a source file is remembered with its stamp")
    func sources() async throws {
        let stamp = SourceFileStamp(
            device: .max, inode: 7, size: 100, modifiedAt: 1_700_000_000_123_456_789)
        #expect(try await store.sourceDigest(path: "/data/a.csv", stamp: stamp) == nil)
        try await store.rememberSource(path: "/data/a.csv", stamp: stamp, digest: digest("a"))
        #expect(try await store.sourceDigest(path: "/data/a.csv", stamp: stamp) == digest("a"))
        let touched = SourceFileStamp(
            device: .max, inode: 7, size: 100, modifiedAt: 1_700_000_000_123_456_790)
        #expect(try await store.sourceDigest(path: "/data/a.csv", stamp: touched) == nil)
        try await store.rememberSource(path: "/data/a.csv", stamp: touched, digest: digest("b"))
        #expect(try await store.sourceDigest(path: "/data/a.csv", stamp: touched) == digest("b"))
        #expect(try await store.sourceDigest(path: "/data/a.csv", stamp: stamp) == nil)
    }
}
