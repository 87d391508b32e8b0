package import ResourceAPI

/// One unit of work that makes one artifact.
///
/// `recipe` says *what* is made, in the words and the shape of the manifest, and is all of a step
/// that enters its fingerprint beside its inputs. `program` says *how* the worker makes it (the
/// compiled SQL, for instance); it follows from the recipe and the recipe version, so that a new
/// release of Ingot that only writes its SQL differently rebuilds nothing.
package struct Step: Hashable, Sendable {
    package let id: StepID
    /// Raised by hand when Ingot changes what a kind of step computes.
    package let recipeVersion: Int
    package let recipe: JSONValue
    /// Sorted by name.
    package let inputs: [StepInput]
    /// Steps that must have succeeded first, though their artifacts are not read: a snapshot's
    /// consumers wait for its profile, which holds the verdict on its expectations.
    package let after: [StepID]
    package let program: JSONValue
    package let seed: Int64
    /// `cpus` is also the number of threads, and the only part of it that enters the fingerprint.
    package let resources: StepResources

    package init(
        id: StepID, recipeVersion: Int, recipe: JSONValue, inputs: [StepInput],
        after: [StepID] = [], program: JSONValue, seed: Int64 = 0,
        resources: StepResources = .standard
    ) {
        self.id = id
        self.recipeVersion = recipeVersion
        self.recipe = recipe
        self.inputs = inputs.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.after = after.sorted()
        self.program = program
        self.seed = seed
        self.resources = resources
    }
}

package struct StepInput: Hashable, Sendable {
    package enum Origin: Hashable, Sendable {
        /// The artifact of another step.
        case step(StepID)
        /// The bytes of a local file: a blob of the commit, or below a data root.
        case file(RepositoryPath)
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
    package func fingerprint(inputs digests: [String: Digest], runtime: Digest) -> Fingerprint? {
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
