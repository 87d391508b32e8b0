/// A registered model: which training config makes its versions, and which version each stage
/// shows.
package struct ModelSpec: Hashable, Sendable {
    package let trainingConfig: ResourceName
    package let stages: [Stage]
    package init(trainingConfig: ResourceName, stages: [Stage]) {
        self.trainingConfig = trainingConfig
        self.stages = stages
    }

    package struct Stage: Hashable, Sendable {
        package let name: ResourceName
        package let target: StageTarget
        package init(name: ResourceName, target: StageTarget) {
            self.name = name
            self.target = target
        }
    }
}

package enum StageTarget: Hashable, Sendable {
    /// The newest version whose gates pass at this commit.
    case latest
    /// Whatever another stage of the same model shows.
    case stage(ResourceName)
    case version(Int)
    /// What the training config produced at that commit; an abbreviation of 7 digits or more.
    case commit(String)
    case digest(Digest)
}
