import Manifests
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

// What must have come of it once the faults have ended: f(newest commit, store).

extension SimulatedWorld {
    private static let restMilliseconds: Int64 = 130_000

    /// Nothing is under way, and nothing but idle looks has happened for a while.
    var isAtRest: Bool {
        guard now - lastActivity >= Self.restMilliseconds, !controllers.isEmpty, paused.isEmpty,
            controllers.values.allSatisfy({ $0.steps.isEmpty })
        else { return false }
        return !agenda.items.contains { item in
            switch item {
            case .poll, .drift, .start: false
            case .wake(let id, let number): controllers[id]?.wakeNumber == number
            default: true
            }
        }
    }

    /// Reads every byte, too slow for every event.
    func lookClosely(isSwept: Bool) async throws {
        // What somebody spoiled a moment ago is found by the next look.
        guard invariants.isUnspoiled, invariants.epoch > 0 else { return }
        let found = try await StoreInvariants.violations(
            invariants.reader, on: base.disk, isSwept: isSwept)
        if let first = found.first { violated(first) }
    }

    func expectConverged() async throws {
        faults.pause(true)
        defer { faults.pause(false) }
        let reference = try await ReferenceModel(self)
        if let found = try await reference.difference() { violated("L1: \(found)") }
    }

    /// S12: another start changes nothing, runs nothing, and says nothing else.
    func expectIdempotence() async throws {
        // Patience begins anew with a start.
        guard !controllers.values.contains(where: \.core.hasGivenUp) else { return }
        for id in controllers.keys.sorted() {
            if let controller = controllers[id] { await remove(controller) }
        }
        agenda.removeAll { _ in true }
        let before = try await StoreSummary(invariants.reader)
        let serving = serving.intents
        let tokens = lastToken
        soon(.start, 100)
        add(.poll, in: 2_000)
        add(.drift, in: 3_000)
        let end = now + 10_000
        while now < end, violation == nil { try await step() }
        let after = try await StoreSummary(invariants.reader)
        if lastToken != tokens { violated("S12: a restart runs something") }
        if let change = after.change(from: before) { violated("S12: a restart changes \(change)") }
        if serving != self.serving.intents { violated("S12: a restart serves something else") }
    }
}

/// What a controller has written for people.
struct StoreSummary {
    private let events: [String]
    private let statuses: [String]

    init(_ store: StateStore) async throws {
        events = try await store.events(limit: 100_000).map {
            "\($0.sequence) \($0.event.kind.rawValue) \($0.event.resource?.description ?? "") \($0.event.result)"
        }
        statuses = try await store.statuses().map {
            "\($0.resource) \($0.status.sync) \($0.status.health) \($0.status.message)"
        }
    }

    /// The first difference; nil if there is none.
    func change(from before: StoreSummary) -> String? {
        let old = Set(before.events + before.statuses)
        let new = (statuses + events.reversed()).first { !old.contains($0) }
        let lost = before.statuses.first { !statuses.contains($0) }
        return new.map { "\(lost ?? "nothing") to \($0)" }
    }
}
