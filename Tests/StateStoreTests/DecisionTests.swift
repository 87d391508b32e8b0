import ResourceAPI
import StateStore
import Testing

@Suite("Decisions of people, and what is remembered between starts")
struct DecisionTests {
    let scratch: Scratch
    let clock = TestClock()
    let store: StateStore
    let origin = ChangeOrigin(actor: "ada", cause: "asked for")

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer(clock: clock)
    }

    private func told(_ kind: EventKind) async throws -> [String] {
        try await store.events(EventFilter(kinds: [kind])).map {
            "\($0.event.resource?.description ?? "all"): \($0.event.result)"
        }
    }

    @Test("a suspension holds until it is resumed, and a second one replaces it")
    func suspensions() async throws {
        let all = Suspension(
            resource: nil, actor: "ada", reason: "audit", since: 5, expiresAt: nil)
        let first = Suspension(
            resource: try resource("model/delay"), actor: "ada", reason: "looking at it", since: 6,
            expiresAt: 100)
        let second = Suspension(
            resource: try resource("model/delay"), actor: "bob", reason: "still looking", since: 7,
            expiresAt: nil)
        for suspension in [first, all, second] {
            try await store.suspend(suspension, origin: origin)
        }
        #expect(try await store.suspensions() == [all, second])
        #expect(
            try await told(.suspended) == [
                "model/delay: still looking", "all: audit", "model/delay: looking at it",
            ])
        #expect(try await store.resume(resource("model/other"), origin: origin) == false)
        #expect(try await store.resume(nil, origin: origin))
        #expect(try await store.resume(nil, origin: origin) == false)
        #expect(try await store.suspensions() == [second])
        #expect(try await told(.resumed) == ["all: resumed"])
    }

    @Test("an approval is of one commit and one thing, and is told once")
    func approvals() async throws {
        #expect(try await store.approve(commit: commit(1), actor: "ada", what: "prune"))
        #expect(try await store.approve(commit: commit(1), actor: "bob", what: "prune") == false)
        #expect(try await store.approve(commit: commit(1), actor: "bob", what: "history"))
        #expect(try await store.approvals(of: commit(1)) == ["prune", "history"])
        #expect(try await store.approvals(of: commit(2)).isEmpty)
        #expect(try await told(.approved) == ["all: history", "all: prune"])
    }

    @Test("a file is in quarantine at its second crash, and told once")
    func quarantine() async throws {
        let path = RepositoryPath("models/a.yaml")
        try await store.recordCrash(blobs: [("aa", path), ("bb", RepositoryPath("b.yaml"))])
        #expect(try await store.crashCounts() == ["aa": 1, "bb": 1])
        #expect(try await told(.fileQuarantined).isEmpty)
        try await store.recordCrash(blobs: [("aa", path)])
        try await store.recordCrash(blobs: [("aa", path)])
        #expect(try await store.crashCounts() == ["aa": 3, "bb": 1])
        #expect(try await told(.fileQuarantined) == ["all: models/a.yaml"])
        try await store.forgetCrashes(blobs: ["aa"])
        #expect(try await store.crashCounts() == ["bb": 1])
    }

    @Test("every commit that a pointer was reconciled to is remembered, the last one first")
    func heads() async throws {
        #expect(try await store.lastReconciledCommit("main") == nil)
        for digit in [1, 2, 1, 3] {
            try await store.observe(
                NewRevision(
                    revision: revision(digit), author: "ada", summary: "s", committedAt: 0),
                actor: "controller")
        }
        let order = [try commit(3), try commit(1), try commit(2)]
        #expect(try await store.lastReconciledCommit("main") == order[0])
        #expect(try await store.reconciledCommits("main") == order)
        #expect(try await store.reconciledCommits("main", limit: 2) == Array(order.prefix(2)))
        #expect(try await store.reconciledCommits("other").isEmpty)
    }

    @Test("changing some statuses leaves the others alone, and nothing to do writes nothing")
    func statuses() async throws {
        func status(_ id: String, _ health: HealthStatus) throws -> NewStatus {
            NewStatus(
                resource: try resource(id), sync: .synced, health: health, conditions: [],
                message: "", observedRevision: nil)
        }
        let (a, b) = (try status("dataset/a", .healthy), try status("dataset/b", .healthy))
        #expect(try await store.updateStatuses(changed: [a, b], removed: [], origin: origin) == 2)
        let sick = try status("dataset/b", .degraded)
        #expect(
            try await store.updateStatuses(
                changed: [sick], removed: [resource("dataset/c")], origin: origin) == 1)
        #expect(try await store.statuses().map(\.status) == [a, sick])
        #expect(try await store.status(of: resource("dataset/b"))?.status == sick)
        #expect(try await store.status(of: resource("dataset/c")) == nil)
        #expect(try await store.updateStatuses(changed: [], removed: [], origin: origin) == 0)
        #expect(
            try await store.updateStatuses(
                changed: [], removed: [resource("dataset/a")], origin: origin) == 1)
        #expect(try await store.statuses().map(\.status) == [sick])
    }
}
