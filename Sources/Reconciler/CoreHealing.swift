import Planning
import ResourceAPI
import ResourceGraph

/// What was found changed by somebody else, and whether it may be put back now.
struct Healing: Sendable {
    enum Hold: Hashable, Sendable {
        /// Was put back before, a moment ago.
        case waits(until: Int64)
        /// Was put back so often that something else must be wrong.
        case stalled
        /// The manifest says to report it only.
        case reported
        /// The manifest says to leave it.
        case ignored
    }

    struct Entry: Sendable {
        var count: Int
        var since: Int64
        var hold: Hold?
        var what: String
    }

    /// More than so many times in the window, and it stalls.
    static let maximumTimes = 5
    static let windowMilliseconds: Int64 = 600_000

    private(set) var entries: [ResourceID: Entry] = [:]
    private var news: [(ResourceID, String, isHealed: Bool)] = []

    func allows(_ id: ResourceID) -> Bool { entries[id]?.hold == nil }

    mutating func found(
        _ id: ResourceID, _ what: String, policy: DriftPolicy, now: Int64
    ) {
        var entry = entries[id] ?? Entry(count: 0, since: now, hold: nil, what: what)
        if now - entry.since > Healing.windowMilliseconds {
            entry = Entry(count: 0, since: now, hold: nil, what: what)
        }
        entry.what = what
        let before = entry.hold
        switch policy {
        case .heal:
            entry.count += 1
            if entry.count > Healing.maximumTimes {
                entry.hold = .stalled
            } else if entry.count > 1 {
                entry.hold = .waits(until: now + ReconcilerCore.backoff(after: entry.count - 1))
            }
        case .report: entry.hold = .reported
        case .off: entry.hold = .ignored
        }
        entries[id] = entry
        if policy != .off, policy == .heal || before != entry.hold {
            news.append((id, what, isHealed: policy == .heal && entry.hold != .stalled))
        }
    }

    /// - Returns: the resources that may be put back now.
    mutating func release(now: Int64) -> [ResourceID] {
        var released: [ResourceID] = []
        for (id, entry) in entries {
            guard case .waits(let time)? = entry.hold, time <= now else { continue }
            entries[id]?.hold = nil
            released.append(id)
        }
        return released.sorted()
    }

    func nextRelease(after now: Int64) -> Int64? {
        entries.values.compactMap { entry in
            if case .waits(let time)? = entry.hold, time > now { time } else { nil }
        }.min()
    }

    mutating func takeNews() -> [(ResourceID, String, isHealed: Bool)] {
        defer { news = [] }
        return news
    }
}

extension ReconcilerCore {
    private func policy(_ id: ResourceID) -> DriftPolicy {
        desired?.graph.resources[id]?.metadata.driftPolicy ?? .heal
    }

    mutating func take(_ actual: ActualState, now: Int64) {
        takeLost(actual.lost, now: now)
        takeFound(actual.found)
        if let stages = actual.stages { takeStages(stages, now: now) }
        if actual.isServingChanged { takeChangedServing(now: now) }
    }

    /// The gateway is told everything in one piece: if one deployment may be put back, all are.
    private mutating func takeChangedServing(now: Int64) {
        for name in serving.intents.keys.sorted() {
            let id = ResourceID(.deployment, name)
            healing.found(
                id, "somebody else changed what the gateway is told", policy: policy(id), now: now)
            if healing.allows(id) { serveAgain() }
            dirty.statuses.insert(id)
        }
        if serving.intents.isEmpty { serveAgain() }
    }

    mutating func takeLost(_ lost: Set<Digest>, now: Int64) {
        guard !lost.isEmpty else { return }
        let changed = plan.lost(lost)
        for id in Set(changed.map(\.resource)).sorted()
        where changed.contains(where: { $0.resource == id && isRunnable($0) }) {
            healing.found(
                id, "an artifact of it is missing or damaged", policy: policy(id), now: now)
        }
        touch(steps: changed)
        // What a lost model was served by waits until it is there again.
        for model in registry.models.keys { touch(model: model) }
    }

    private mutating func takeFound(_ results: [Fingerprint: RecordedResult]) {
        guard !results.isEmpty else { return }
        touch(steps: plan.found(results))
        for model in registry.models.keys { touch(model: model) }
    }

    private func isRunnable(_ id: StepID) -> Bool {
        if case .run(isReady: true)? = plan.step(id)?.action { true } else { false }
    }

    private mutating func takeStages(
        _ actual: [ResourceName: [ResourceName: Int]], now: Int64
    ) {
        guard !registry.isMoving else { return }
        for model in Set(actual.keys).union(registry.models.keys).sorted() {
            let stages = actual[model] ?? [:]
            guard let known = registry.models[model], known.stages != stages else { continue }
            let names = Set(stages.keys).union(known.stages.keys)
                .filter { stages[$0] != known.stages[$0] }.map(\.text).sorted()
            registry.replaceStages(stages, of: model)
            let id = ResourceID(.model, model)
            healing.found(
                id, "somebody else moved \(names.joined(separator: ", "))", policy: policy(id),
                now: now)
            touch(model: model)
        }
    }

    mutating func releaseHealing(now: Int64) {
        let released = healing.release(now: now)
        guard !released.isEmpty else { return }
        work.unpark()
        for id in released where id.kind == .model { touch(model: id.name) }
        if released.contains(where: { $0.kind == .deployment }) { serveAgain() }
        dirty.statuses.formUnion(released)
    }

    mutating func driftEffects() -> [CoreEffect] {
        guard let desired else { return [] }
        return healing.takeNews().map { id, what, isHealed in
            dirty.statuses.insert(id)
            return .drift(id, what: what, isHealed: isHealed, revision: desired.revision)
        }
    }
}
