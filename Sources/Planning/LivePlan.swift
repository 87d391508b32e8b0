package import ResourceAPI
package import ResourceGraph

/// A plan that is kept up to date: each change touches only what depends on it.
package struct LivePlan: Sendable {
    package private(set) var state: RecordedState
    /// How many steps are planned how.
    package private(set) var counts = PlanCounts()

    private var mark = PlanMark()
    private var graph: ResourceGraph?
    private var sources: [RepositoryPath: SourceFile] = [:]
    private var runtime: Digest?
    private var planned: [StepID: PlannedStep] = [:]
    /// Place of each step in the graph's order.
    private var places: [StepID: Int] = [:]
    private var readers: [RepositoryPath: [StepID]] = [:]
    private var byFingerprint: [Fingerprint: Set<StepID>] = [:]

    package init(state: RecordedState) {
        self.state = state
    }

    /// O(number of steps): for printing.
    package var plan: Plan {
        Plan(steps: (graph?.order ?? []).compactMap { planned[$0] })
    }

    /// As of `plan`.
    package func id(at commit: CommitID) -> PlanID { PlanID(mark, at: commit) }

    package func step(_ id: StepID) -> PlannedStep? { planned[id] }

    /// Steps whose inputs are known and that have this fingerprint, in the graph's order.
    package func steps(with fingerprint: Fingerprint) -> [StepID] {
        inOrder(byFingerprint[fingerprint] ?? [])
    }

    /// - Returns: the steps that are planned differently now, are new or are gone; these last.
    package mutating func update(
        graph new: ResourceGraph, sources newSources: [RepositoryPath: SourceFile],
        runtime newRuntime: Digest
    ) -> [StepID] {
        var dirty: Set<StepID> = []
        let gone = adopt(new, dirty: &dirty)
        if newSources != sources {
            for path in Set(sources.keys).union(newSources.keys)
            where sources[path] != newSources[path] {
                dirty.formUnion(readers[path] ?? [])
            }
            sources = newSources
        }
        if runtime != newRuntime {
            runtime = newRuntime
            dirty.formUnion(new.order)
        }
        return replan(dirty) + gone
    }

    package mutating func succeeded(
        _ id: StepID, _ fingerprint: Fingerprint, _ result: RecordedResult,
        _ execution: RecordedExecution
    ) -> [StepID] {
        state.results[fingerprint] = result
        state.failures[fingerprint] = nil
        state.lastExecutions[id] = execution
        return replan((byFingerprint[fingerprint] ?? []).union([id]))
    }

    package mutating func failed(
        _ fingerprint: Fingerprint, _ failure: RecordedFailure
    ) -> [StepID] {
        state.failures[fingerprint] = failure
        return replan(byFingerprint[fingerprint] ?? [])
    }

    /// The failure may be tried again.
    package mutating func forgot(failure fingerprint: Fingerprint) -> [StepID] {
        state.failures[fingerprint] = nil
        return replan(byFingerprint[fingerprint] ?? [])
    }

    /// These artifacts are not there any more: their fingerprints have no result.
    package mutating func lost(_ artifacts: Set<Digest>) -> [StepID] {
        let fingerprints = state.results.filter { artifacts.contains($0.value.digest) }.map(\.key)
        var dirty: Set<StepID> = []
        for fingerprint in fingerprints {
            state.results[fingerprint] = nil
            dirty.formUnion(byFingerprint[fingerprint] ?? [])
        }
        return replan(dirty)
    }

    /// The artifacts of these are there again. Where a fingerprint has a result already, that stays.
    package mutating func found(_ results: [Fingerprint: RecordedResult]) -> [StepID] {
        var dirty: Set<StepID> = []
        for (fingerprint, result) in results where state.results[fingerprint] == nil {
            state.results[fingerprint] = result
            dirty.formUnion(byFingerprint[fingerprint] ?? [])
        }
        return replan(dirty)
    }
}

// MARK: - Replanning

extension LivePlan {
    /// - Returns: the steps that are gone, sorted.
    private mutating func adopt(_ new: ResourceGraph, dirty: inout Set<StepID>) -> [StepID] {
        let old = graph
        graph = new
        if let old, old.order == new.order {
            for (id, step) in new.steps where old.steps[id] != step {
                dirty.insert(id)
                if let before = old.steps[id] { unlist(before) }
                list(step)
            }
            return []
        }
        planned.reserveCapacity(new.order.count)
        places = Dictionary(
            uniqueKeysWithValues: new.order.enumerated().map { ($0.element, $0.offset) })
        readers = [:]
        for id in new.order {
            guard let step = new.steps[id] else { continue }
            if old?.steps[id] != step { dirty.insert(id) }
            list(step)
        }
        let gone = (old?.order ?? []).filter { new.steps[$0] == nil }.sorted()
        for id in gone { replace(id, with: nil) }
        return gone
    }

    /// Notes which files a step reads.
    private mutating func list(_ step: Step) {
        for input in step.inputs {
            if case .file(let path) = input.origin { readers[path, default: []].append(step.id) }
        }
    }

    private mutating func unlist(_ step: Step) {
        for input in step.inputs {
            if case .file(let path) = input.origin { readers[path]?.removeAll { $0 == step.id } }
        }
    }

    /// Plans these steps anew, and what depends on those that changed, each after all that it needs.
    private mutating func replan(_ dirty: Set<StepID>) -> [StepID] {
        guard let graph, let runtime, !dirty.isEmpty else { return [] }
        var queue = PlaceQueue(dirty.compactMap { places[$0] })
        var changed: [StepID] = []
        while let place = queue.removeFirst() {
            let id = graph.order[place]
            guard let step = graph.steps[id] else { continue }
            let next = StepPlanner(
                state: state, sources: sources, runtime: runtime, planned: planned
            ).plan(step)
            let before = planned[id]
            guard before?.isSame(as: next) != true else { continue }
            replace(id, with: next)
            changed.append(id)
            guard before?.action != next.action else { continue }
            for dependent in graph.dependents[id] ?? [] {
                if let place = places[dependent] { queue.insert(place) }
            }
        }
        return changed
    }

    private mutating func replace(_ id: StepID, with next: PlannedStep?) {
        if let before = planned[id] {
            mark.toggle(before)
            counts.count(before.action, by: -1)
            if let fingerprint = before.fingerprint, fingerprint != next?.fingerprint {
                byFingerprint[fingerprint]?.remove(id)
                if byFingerprint[fingerprint]?.isEmpty == true { byFingerprint[fingerprint] = nil }
            }
        }
        planned[id] = next
        guard let next else { return }
        mark.toggle(next)
        counts.count(next.action, by: 1)
        if let fingerprint = next.fingerprint {
            byFingerprint[fingerprint, default: []].insert(id)
        }
    }

    private func inOrder(_ ids: Set<StepID>) -> [StepID] {
        guard ids.count > 1 else { return Array(ids) }
        return ids.sorted { (places[$0] ?? 0) < (places[$1] ?? 0) }
    }
}

extension PlannedStep {
    fileprivate func isSame(as other: PlannedStep) -> Bool {
        action == other.action && fingerprint == other.fingerprint && inputs == other.inputs
            && reasons == other.reasons && estimatedSeconds == other.estimatedSeconds
            && step == other.step
    }
}

/// How many steps are planned how.
package struct PlanCounts: Hashable, Sendable {
    package private(set) var cached = 0
    /// Could start now.
    package private(set) var ready = 0
    /// Surely run, and wait for something.
    package private(set) var waiting = 0
    package private(set) var mayRun = 0
    package private(set) var failed = 0
    package private(set) var blocked = 0
    package private(set) var missingSource = 0

    package var total: Int {
        cached + ready + waiting + mayRun + failed + blocked + missingSource
    }

    package init() {}

    mutating func count(_ action: PlannedStep.Action, by one: Int) {
        switch action {
        case .cached: cached += one
        case .run(isReady: true): ready += one
        case .run(isReady: false): waiting += one
        case .mayRun: mayRun += one
        case .failed: failed += one
        case .blocked: blocked += one
        case .missingSource: missingSource += one
        }
    }
}

/// Places in the graph's order, the first of them first, each once: a binary heap.
struct PlaceQueue {
    private var heap: [Int]
    private var members: Set<Int>

    init(_ places: [Int]) {
        // A sorted array is a heap.
        members = Set(places)
        heap = members.sorted()
    }

    mutating func insert(_ place: Int) {
        guard members.insert(place).inserted else { return }
        heap.append(place)
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> Int? {
        guard let first = heap.first else { return nil }
        members.remove(first)
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child] < heap[smallest] { smallest = child }
            }
            if smallest == parent { return first }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
