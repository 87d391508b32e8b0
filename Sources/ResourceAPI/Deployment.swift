/// A model stage that is served.
package struct DeploymentSpec: Hashable, Sendable {
    package let model: ResourceName
    package let stage: ResourceName
    package let replicas: Int
    package init(model: ResourceName, stage: ResourceName, replicas: Int) {
        self.model = model
        self.stage = stage
        self.replicas = replicas
    }
}
