package import ResourceAPI

extension ResourceGraph {
    /// Reading a dataset's source as it is now, whatever `ingot.lock` says.
    ///
    /// - Returns: nil if its rows cannot be pinned: they follow from its inputs.
    package func freeSnapshot(of dataset: ResourceID) -> (step: Step, program: JSONValue)? {
        guard blocked[dataset] == nil, let spec = resources[dataset]?.dataset,
            spec.source.mayBePinned
        else { return nil }
        let compiler = StepCompiler(resources: resources, lock: .none)
        return (
            compiler.freeSnapshotStep(StepID(dataset, .snapshot), spec),
            compiler.snapshotProgram(spec)
        )
    }

    /// The step that makes exactly the rows of an entry of `ingot.lock`.
    package func pinnedSnapshot(of dataset: ResourceID, _ entry: SnapshotLock.Entry) -> Step? {
        guard let resource = resources[dataset] else { return nil }
        let lock = SnapshotLock(entries: [dataset.name: entry])
        return StepCompiler(resources: resources, lock: lock).steps(of: resource)
            .first { $0.id.kind == .snapshot }
    }
}
