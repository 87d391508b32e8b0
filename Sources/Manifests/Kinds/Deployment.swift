import ResourceAPI

extension DeploymentSpec {
    static func decode(_ reader: inout FieldReader) -> DeploymentSpec? {
        var name: ResourceName?
        var stage: ResourceName?
        if var model = reader.required("model")?.reader(at: "spec.model") {
            name = model.required("name")?.resourceName()
            stage = model.required("stage")?.resourceName()
            model.finish()
        }
        let replicas = reader.optional("replicas")?.int(in: 1...64) ?? 1
        guard let name, let stage else { return nil }
        return DeploymentSpec(model: name, stage: stage, replicas: Int(replicas))
    }
}
