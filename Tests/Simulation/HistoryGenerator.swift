package import ResourceAPI
package import SourceControl

/// Makes random projects and edits them at random, as people do to a repository: mostly sensible,
/// sometimes wrong, now and then violent.
package struct HistoryGenerator: Sendable {
    package enum Edit: String, CaseIterable, Sendable {
        case changeContent, changeLabel, changeGate, changeSeed, changeReplicas
        case pin, describe, toggleView, toggleDeployment
        case addNoop, removeNoop, addChain, removeChain
        case failStep
        case breakFile, breakReference, makeCycle, mend
        case revert
        case forcePushOlder, forcePushUnrelated, deleteBranch, restoreBranch
        case removeMost
    }

    package static let branch = "main"

    private var random: SeededRandom
    private let repository: SimulatedRepository
    /// What stands at each commit.
    private var projects: [CommitID: SimulatedProject]
    private var trunk: [CommitID]
    private var names: Int
    private let followsHistory: Bool
    package private(set) var head: CommitID

    /// Makes the first commit and the branch.
    ///
    /// - Parameters:
    ///   - followsHistory: at every commit.
    ///   - trainsSurely: there is a model, and its gate lets everything pass.
    package init(
        _ repository: SimulatedRepository, random: SeededRandom, time: Int64,
        followsHistory: Bool = false, trainsSurely: Bool = false
    ) throws(SourceControlError) {
        var random = random
        var project = SimulatedProject()
        project.followsHistory = followsHistory
        for number in 1...random.below(5) + 2 {
            let others = project.noops.keys.sorted()
            let dependsOn = others.filter { _ in random.chance(0.3) }
            project.noops["d\(number)"] = .init(content: "c\(number)", dependsOn: dependsOn)
        }
        if random.chance(0.8) || trainsSurely {
            let gate = 0.1 * Double(random.below(9))
            project.chains["m0"] = .init(gate: trainsSurely ? 0 : gate)
        }
        names = project.noops.count
        head = try repository.commit(
            project.files, parents: [], author: "ada", summary: "first", time: time)
        projects = [head: project]
        self.followsHistory = followsHistory
        trunk = [head]
        self.random = random
        self.repository = repository
        repository.set(branch: Self.branch, to: head)
    }

    package func project(at commit: CommitID) -> SimulatedProject? { projects[commit] }

    /// One more commit on top, which changes no more than a label, and mends nothing.
    package mutating func touch(time: Int64) throws(SourceControlError) {
        var project = projects[head] ?? SimulatedProject()
        change(&project, .changeLabel)
        try commit(project, [head], .changeLabel, time)
        repository.set(branch: Self.branch, to: head)
    }

    /// The branch is there, whatever was done to it.
    package func restoreBranch() { repository.set(branch: Self.branch, to: head) }

    /// Makes one random edit, commits it and moves the branch (or deletes it).
    ///
    /// - Parameter bias: every second one is this.
    /// - Returns: what it was.
    package mutating func edit(
        time: Int64, bias: Edit? = nil
    ) throws(SourceControlError) -> Edit {
        var edit = random.pick(Edit.allCases) ?? .changeContent
        if let bias, random.chance(0.5) { edit = bias }
        switch edit {
        case .forcePushOlder:
            head = random.pick(trunk) ?? head
        case .forcePushUnrelated:
            try commit(SimulatedProject.unrelated(random.below(100)), [], edit, time)
        case .deleteBranch:
            repository.set(branch: Self.branch, to: nil)
            return edit
        case .restoreBranch: break
        case .revert:
            let before = random.pick(trunk).flatMap { projects[$0] }
            try commit(before ?? SimulatedProject(), [head], edit, time)
        default:
            var project = projects[head] ?? SimulatedProject()
            change(&project, edit)
            try commit(project, [head], edit, time)
        }
        repository.set(branch: Self.branch, to: head)
        return edit
    }

    private mutating func commit(
        _ project: SimulatedProject, _ parents: [CommitID], _ edit: Edit, _ time: Int64
    ) throws(SourceControlError) {
        var project = project
        project.followsHistory = followsHistory
        head = try repository.commit(
            project.files, parents: parents, author: random.chance(0.5) ? "ada" : "bob",
            summary: edit.rawValue, time: time)
        projects[head] = project
        trunk.append(head)
    }

    private mutating func change(_ project: inout SimulatedProject, _ edit: Edit) {
        let noop = random.pick(project.noops.keys.sorted())
        let chain = random.pick(project.chains.keys.sorted())
        switch edit {
        case .addNoop, .addChain, .removeNoop, .removeChain, .removeMost:
            resize(&project, edit, noop, chain)
        case .breakFile, .breakReference, .makeCycle, .mend: spoil(&project, edit, noop, chain)
        default:
            if let noop { change(&project.noops[noop, default: .init(content: "")], edit) }
            if let chain { change(&project.chains[chain, default: .init()], edit) }
        }
    }

    private mutating func change(_ noop: inout SimulatedProject.Noop, _ edit: Edit) {
        switch edit {
        case .changeContent: noop.content = "c\(random.below(6))"
        case .changeLabel: noop.label += 1
        case .failStep: noop.fails.toggle()
        default: break
        }
    }

    private mutating func change(_ chain: inout SimulatedProject.Chain, _ edit: Edit) {
        switch edit {
        case .changeGate: chain.gate = 0.1 * Double(random.below(10))
        case .changeSeed: chain.seed = random.below(5)
        case .changeReplicas: chain.replicas = random.below(3) + 1
        case .pin:
            chain.production = random.chance(0.5) ? .latest : .version(random.below(3) + 1)
        case .describe: chain.description += 1
        case .toggleView: chain.hasView.toggle()
        case .toggleDeployment: chain.hasDeployment.toggle()
        default: break
        }
    }

    private mutating func resize(
        _ project: inout SimulatedProject, _ edit: Edit, _ noop: String?, _ chain: String?
    ) {
        switch edit {
        case .addNoop where project.noops.count < 10:
            names += 1
            let others = project.noops.keys.sorted().filter { _ in random.chance(0.3) }
            project.noops["d\(names)"] = .init(
                content: "c\(random.below(6))", dependsOn: others)
        case .addChain where project.chains.count < 2:
            names += 1
            project.chains["m\(names)"] = .init(seed: random.below(5))
        case .removeNoop:
            guard let noop else { return }
            project.noops[noop] = nil
            for other in project.noops.keys {
                project.noops[other]?.dependsOn.removeAll { $0 == noop }
            }
        case .removeChain:
            if let chain { project.chains[chain] = nil }
        case .removeMost:
            let kept = project.noops.keys.sorted().prefix(1)
            project.noops = project.noops.filter { kept.contains($0.key) }
            for other in project.noops.keys { project.noops[other]?.dependsOn = [] }
            project.chains = [:]
        default: break
        }
    }

    private mutating func spoil(
        _ project: inout SimulatedProject, _ edit: Edit, _ noop: String?, _ chain: String?
    ) {
        switch edit {
        case .breakFile:
            if let chain, random.chance(0.4) {
                project.broken["models/\(chain).yaml"] = "apiVersion: [ingot"
            } else if let noop {
                project.broken["datasets/\(noop).yaml"] = "kind: {\n"
            }
        case .breakReference:
            if let noop { project.strayReferences[noop] = "nowhere" }
        case .makeCycle:
            guard let noop else { return }
            let users = project.noops.filter { $0.value.dependsOn.contains(noop) }.keys.sorted()
            project.strayReferences[noop] = users.first ?? noop
        case .mend:
            project.broken = [:]
            project.strayReferences = [:]
        default: break
        }
    }
}

extension SimulatedProject {
    /// One that has nothing to do with any other.
    static func unrelated(_ number: Int) -> SimulatedProject {
        var project = SimulatedProject()
        for name in ["d1", "u\(number)"] { project.noops[name] = .init(content: "u\(number)") }
        return project
    }
}
