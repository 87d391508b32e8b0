/// The online features of a view with which a deployment answers: immutable files of the store.
package struct ServedView: Hashable, Sendable, Codable {
    package let name: String
    /// Of the artifact of the view's `online` step.
    package let digest: Digest
    /// Absolute path of its `online.sqlite`, and the digest of that file.
    package let path: String
    package let fileDigest: Digest
    /// Absolute path of its `sample.json`, and the digest of that file.
    package let samplePath: String
    package let sampleDigest: Digest

    package init(
        name: String, digest: Digest, path: String, fileDigest: Digest, samplePath: String,
        sampleDigest: Digest
    ) {
        self.name = name
        self.digest = digest
        self.path = path
        self.fileDigest = fileDigest
        self.samplePath = samplePath
        self.sampleDigest = sampleDigest
    }
}

/// What came of comparing the vectors that an instance puts together with those that the training
/// path computed for the same keys and times.
package struct FeatureComparison: Hashable, Sendable, Codable {
    /// A value that is not the same.
    package struct Difference: Hashable, Sendable, Codable {
        package let view: String
        package let feature: String
        /// `origin=JFK`
        package let key: String
        /// ISO 8601.
        package let time: String
        /// As text: what the server put together, and what training computed.
        package let served: String
        package let trained: String

        package init(
            view: String, feature: String, key: String, time: String, served: String,
            trained: String
        ) {
            self.view = view
            self.feature = feature
            self.key = key
            self.time = time
            self.served = served
            self.trained = trained
        }

        /// One sentence.
        package var message: String {
            "feature '\(feature)' of featureview/\(view) for \(key) at \(time) is \(served) "
                + "when served and \(trained) when trained"
        }
    }

    /// The first that was found; nil if there is none.
    package let difference: Difference?
    /// How many vectors were equal.
    package let vectors: Int
    /// How many values.
    package let values: Int

    package init(difference: Difference? = nil, vectors: Int, values: Int) {
        self.difference = difference
        self.vectors = vectors
        self.values = values
    }

    package var message: String {
        difference?.message
            ?? "\(values) values of \(vectors) sampled vectors are bit for bit those "
            + "of training"
    }
}
