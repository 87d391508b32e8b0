import Foundation
import ResourceAPI
import StateStore
import Testing

@Suite("Event log")
struct EventChainTests {
    let scratch: Scratch
    let store: StateStore

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer()
        for number in 1...5 {
            try await store.append(
                NewEvent(
                    EventKind(rawValue: "Tested"), resource("dataset/a"),
                    origin: ChangeOrigin(
                        actor: "ada", commit: commit(number), plan: "p", cause: "because ☕"),
                    result: "number \(number)",
                    payload: ["rate": 0.1, "whole": 1.0, "tiny": 1e-300, "text": "a\"\\\n\u{1}"]))
        }
    }

    /// Changes rows as somebody with a database tool would, triggers out of the way.
    private func tamper(_ sql: String) throws {
        try scratch.sql("DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; \(sql)")
    }

    @Test("events are numbered, chained and filtered")
    func chain() async throws {
        #expect(try await store.verifyEventChain() == .intact(events: 5))
        let events = try await store.events()
        #expect(events.map(\.sequence) == [5, 4, 3, 2, 1])
        #expect(events.last?.previousHash.bytes == [UInt8](repeating: 0, count: 32))
        #expect(events[0].previousHash == events[1].hash)
        #expect(events[4].time == 1_001_000)
        #expect(
            try await store.events(EventFilter(commit: commit(3))).map(\.sequence) == [3])
        #expect(try await store.events(EventFilter(after: 3)).map(\.sequence) == [5, 4])
        #expect(try await store.events(limit: 2).map(\.sequence) == [5, 4])
        #expect(try await store.events(EventFilter(resource: resource("dataset/b"))).isEmpty)
        #expect(
            try await store.events(
                EventFilter(resource: resource("dataset/a"), kinds: [.init(rawValue: "Tested")])
            ).count == 5)
    }

    @Test("an empty log is intact")
    func empty() async throws {
        let other = try Scratch()
        #expect(try await other.writer().verifyEventChain() == .intact(events: 0))
    }

    @Test("a changed, removed, replaced or cut-off event is named")
    func tampering() async throws {
        try tamper("UPDATE events SET actor = 'eve' WHERE seq = 2")
        #expect(
            try await store.verifyEventChain()
                == .broken(sequence: 2, problem: "its content has changed"))
        try scratch.sql("UPDATE events SET actor = 'ada' WHERE seq = 2")
        #expect(try await store.verifyEventChain() == .intact(events: 5))

        try scratch.sql("UPDATE events SET hash = prev_hash WHERE seq = 3")
        #expect(
            try await store.verifyEventChain()
                == .broken(sequence: 3, problem: "its content has changed"))
        let findings = try await store.verify(isDeep: false).findings
        #expect(
            findings == [
                Finding(
                    kind: .eventChain, message: "event 3 is broken: its content has changed")
            ])
    }

    @Test("a removed event leaves a gap")
    func removed() async throws {
        try tamper("DELETE FROM events WHERE seq = 3")
        #expect(
            try await store.verifyEventChain() == .broken(sequence: 3, problem: "it is missing"))
    }

    @Test("renumbering does not hide a removed event")
    func renumbered() async throws {
        try tamper(
            "DELETE FROM events WHERE seq = 3; UPDATE events SET seq = seq - 1 WHERE seq > 3")
        #expect(
            try await store.verifyEventChain()
                == .broken(sequence: 3, problem: "it does not follow the event before it"))
    }

    @Test("a cut-off end is seen")
    func cutOff() async throws {
        try tamper("DELETE FROM events WHERE seq > 3")
        #expect(
            try await store.verifyEventChain() == .broken(sequence: 4, problem: "it is missing"))
    }

    @Test("a value that cannot be read breaks the chain at its row")
    func unreadable() async throws {
        try tamper("UPDATE events SET payload = '{' WHERE seq = 4")
        #expect(
            try await store.verifyEventChain()
                == .broken(
                    sequence: 4,
                    problem:
                        "the state database holds a value that cannot be read: events.payload"))
    }
}
