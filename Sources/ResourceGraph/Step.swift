package import ResourceAPI

/// One unit of work that makes one artifact.
///
/// `recipe` says *what* is made, in the words and the shape of the manifest, and is all of a step
/// that enters its fingerprint beside its inputs. How the worker makes it (the compiled SQL, for
/// instance) is its program, which `ResourceGraph.program(of:)` compiles from the same fields; so a
/// new release of Ingot that only writes its SQL differently rebuilds nothing.
///
/// Its fields lie in one place that all copies share, as those of a resource do.
package struct Step: Sendable {
    private final class Storage: Sendable {
        let id: StepID
        let recipeVersion: Int
        let recipe: JSONValue
        let inputs: [StepInput]
        let after: [StepID]
        let seed: Int64
        let resources: StepResources

        init(
            id: StepID, recipeVersion: Int, recipe: JSONValue, inputs: [StepInput],
            after: [StepID], seed: Int64, resources: StepResources
        ) {
            self.id = id
            self.recipeVersion = recipeVersion
            self.recipe = recipe
            self.inputs = inputs
            self.after = after
            self.seed = seed
            self.resources = resources
        }
    }

    private let storage: Storage

    package var id: StepID { storage.id }
    /// Raised by hand when Ingot changes what a kind of step computes.
    package var recipeVersion: Int { storage.recipeVersion }
    package var recipe: JSONValue { storage.recipe }
    /// Sorted by name.
    package var inputs: [StepInput] { storage.inputs }
    /// Steps that must have succeeded first, though their artifacts are not read: a snapshot's
    /// consumers wait for its profile, which holds the verdict on its expectations.
    package var after: [StepID] { storage.after }
    package var seed: Int64 { storage.seed }
    /// `cpus` is also the number of threads, and the only part of it that enters the fingerprint.
    package var resources: StepResources { storage.resources }

    /// The artifact that it must make, and nothing else.
    package var pin: Digest? { recipe["pinned"]?.string.flatMap { Digest($0) } }

    package init(
        id: StepID, recipeVersion: Int, recipe: JSONValue, inputs: [StepInput],
        after: [StepID] = [], seed: Int64 = 0, resources: StepResources = .standard
    ) {
        storage = Storage(
            id: id, recipeVersion: recipeVersion, recipe: recipe,
            inputs: inputs.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) },
            after: after.sorted(), seed: seed, resources: resources)
    }
}

extension Step: Hashable {
    package static func == (a: Step, b: Step) -> Bool {
        a.storage === b.storage
            || a.id == b.id && a.recipeVersion == b.recipeVersion && a.recipe == b.recipe
                && a.inputs == b.inputs && a.after == b.after && a.seed == b.seed
                && a.resources == b.resources
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

package struct StepInput: Hashable, Sendable {
    package enum Origin: Hashable, Sendable {
        /// The artifact of another step.
        case step(StepID)
        /// The bytes of a local file: a blob of the commit, or below a data root.
        case file(RepositoryPath)
        /// Which rows are meant is not known; with what is to be done, for people.
        case unpinned(String)
    }

    /// What the program calls it: `source`, `dataset`, `spine`, `view:weather`, `model`.
    package let name: String
    package let origin: Origin

    package init(name: String, origin: Origin) {
        self.name = name
        self.origin = origin
    }
}

extension Step {
    /// The identity of this step's execution over inputs with these digests (by input name) in the
    /// runtime with this lock digest; nil if the digest of an input is missing.
    ///
    /// What is pinned does not depend on how it is made: another runtime must make the same.
    package func fingerprint(inputs digests: [String: Digest], runtime: Digest) -> Fingerprint? {
        if pin != nil {
            let identity: JSONValue = ["kind": .string(id.kind.rawValue), "recipe": recipe]
            return Fingerprint(identity.digest)
        }
        var inputFields: [String: JSONValue] = [:]
        for input in inputs {
            guard let digest = digests[input.name] else { return nil }
            inputFields[input.name] = .string(digest.description)
        }
        let identity: JSONValue = [
            "kind": .string(id.kind.rawValue),
            "recipeVersion": .int(Int64(recipeVersion)),
            "recipe": recipe,
            "inputs": .object(inputFields),
            "runtime": .string(runtime.description),
            "seed": .int(seed),
            "threads": .int(Int64(resources.cpus)),
        ]
        return Fingerprint(identity.digest)
    }
}
