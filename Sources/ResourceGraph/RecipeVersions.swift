import ResourceAPI

extension StepKind {
    /// Raised by hand when Ingot changes what the step computes for the same recipe; everything of
    /// that kind is then rebuilt.
    var recipeVersion: Int {
        switch self {
        case .snapshot: 1
        case .profile: 2
        case .features: 3
        case .online: 1
        case .trainingSet: 1
        case .train: 1
        case .evaluate: 1
        case .noop: 1
        }
    }
}
