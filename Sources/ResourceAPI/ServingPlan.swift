/// What the gateway shall serve. The controller writes it as `run/serving.json`, renamed into
/// place; the gateway watches that file. This file and `ServingReport` are all that the two
/// processes share, so that serving goes on while the controller is down.
package struct ServingPlan: Hashable, Sendable, Codable {
    /// The revision that asked for it, for people.
    package let revision: String
    package let deployments: [ServedDeployment]
    package init(revision: String, deployments: [ServedDeployment]) {
        self.revision = revision
        self.deployments = deployments
    }
}

/// One deployment and the model version behind it.
package struct ServedDeployment: Hashable, Sendable, Codable {
    package let name: String
    package let replicas: Int
    package let model: String
    package let version: Int
    /// Of the model artifact.
    package let digest: Digest
    /// The commit at which the version was trained, 40 hex digits.
    package let commit: String
    /// Absolute paths, immutable files of the artifact store.
    package let onnxPath: String
    package let signaturePath: String
    /// Of `onnxPath`'s bytes, checked before they are loaded.
    package let onnxDigest: Digest
    /// Absolute path of libonnxruntime.so of the runtime that the model was trained with.
    package let runtimeLibrary: String
    /// The views whose features it looks up, by name; nil for none.
    package let online: [ServedView]?
    package init(
        name: String,
        replicas: Int,
        model: String,
        version: Int,
        digest: Digest,
        commit: String,
        onnxPath: String,
        signaturePath: String,
        onnxDigest: Digest,
        runtimeLibrary: String,
        online: [ServedView]? = nil
    ) {
        self.name = name
        self.replicas = replicas
        self.model = model
        self.version = version
        self.digest = digest
        self.commit = commit
        self.onnxPath = onnxPath
        self.signaturePath = signaturePath
        self.onnxDigest = onnxDigest
        self.runtimeLibrary = runtimeLibrary
        self.online = online
    }
}

/// What the gateway serves now. The gateway writes it as `run/serving-report.json`, renamed into
/// place, at every change; the controller watches that file.
package struct ServingReport: Hashable, Sendable, Codable {
    package let gatewayPID: Int32
    /// `host:port` of the public endpoint.
    package let address: String
    package let deployments: [DeploymentReport]
    package init(gatewayPID: Int32, address: String, deployments: [DeploymentReport]) {
        self.gatewayPID = gatewayPID
        self.address = address
        self.deployments = deployments
    }
}

extension ServedDeployment {
    /// Which online features it answers with; nil for none.
    package var onlineDigests: [String: Digest]? {
        online.map { Dictionary($0.map { ($0.name, $0.digest) }, uniquingKeysWith: { a, _ in a }) }
    }
}

package struct DeploymentReport: Hashable, Sendable, Codable {
    package let name: String
    /// What requests are answered with; nil before the first version is up.
    package let version: Int?
    package let digest: Digest?
    package let readyReplicas: Int
    package let desiredReplicas: Int
    /// What the newest `ServingPlan` asks for; differs from `digest` while a switch is under way
    /// or if it failed.
    package let desiredDigest: Digest
    /// Why the desired version is not served, in one line; nil if it is or is on its way.
    package let failure: String?
    /// Unexpected ends of instances since the gateway started.
    package let restarts: Int
    /// Digests of the online views of what answers, by name, and of what the plan asks for; nil for
    /// none.
    package let online: [String: Digest]?
    package let desiredOnline: [String: Digest]?
    /// Of the newest instance that compared its features; nil if it has no online views.
    package let features: FeatureComparison?
    package init(
        name: String,
        version: Int? = nil,
        digest: Digest? = nil,
        readyReplicas: Int,
        desiredReplicas: Int,
        desiredDigest: Digest,
        failure: String? = nil,
        restarts: Int,
        online: [String: Digest]? = nil,
        desiredOnline: [String: Digest]? = nil,
        features: FeatureComparison? = nil
    ) {
        self.name = name
        self.version = version
        self.digest = digest
        self.readyReplicas = readyReplicas
        self.desiredReplicas = desiredReplicas
        self.desiredDigest = desiredDigest
        self.failure = failure
        self.restarts = restarts
        self.online = online
        self.desiredOnline = desiredOnline
        self.features = features
    }
}
