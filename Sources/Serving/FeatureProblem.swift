/// What can be wrong with a request for online features.
package enum FeatureProblem: Hashable, Sendable {
    case json(String)
    case nothingAsked
    case bothAsked
    case featureForm(String)
    case unknownView(String, near: String?, known: [String])
    case unknownFeature(String, view: String, near: String?)
    case unknownService(String, near: String?, known: [String])
    case serviceWithoutFeatures(String)
    case sameName(String, first: String, second: String)
    case entitiesMissing
    case keyMissing(String, view: String)
    case keyUnknown(String, near: String?, known: [String])
    case lengths(String, count: Int, other: String, otherCount: Int)
    case tooMany(rows: Int, limit: Int)
    case tooManyValues(limit: Int)
    /// Of what is looked up.
    case lookup(message: String, hint: String?, isRequestFault: Bool)

    var message: String {
        switch self {
        case .json(let text): text
        case .nothingAsked: "the request names neither 'features' nor 'feature_service'"
        case .bothAsked: "the request names both 'features' and 'feature_service'"
        case .featureForm(let text): "'\(text)' does not name a feature"
        case .unknownView(let name, _, let known):
            known.isEmpty
                ? "there is no online view '\(name)'; no deployment has any"
                : "there is no online view '\(name)'; there are " + Self.list(known)
        case .unknownFeature(let name, let view, _): "the view '\(view)' has no feature '\(name)'"
        case .unknownService(let name, _, let known):
            known.isEmpty
                ? "there is no deployment '\(name)'; nothing is served yet"
                : "there is no deployment '\(name)'; there are " + Self.list(known)
        case .serviceWithoutFeatures(let name): "the model of '\(name)' reads no online features"
        case .sameName(let name, let first, let second):
            "both '\(first)' and '\(second)' would be named '\(name)'"
        case .entitiesMissing: "the request has no 'entities'"
        case .keyMissing(let key, let view):
            "'entities' lacks '\(key)', by which the view '\(view)' is looked up"
        case .keyUnknown(let key, _, _): "no view that is asked for is looked up by '\(key)'"
        case .lengths(let key, let count, let other, let otherCount):
            "'\(key)' has \(count) value\(count == 1 ? "" : "s"), but '\(other)' has \(otherCount)"
        case .tooMany(let rows, let limit):
            "the request has \(rows) entities; at most \(limit) are allowed"
        case .tooManyValues(let limit): "the answer would have more than \(limit) values"
        case .lookup(let message, _, _): message
        }
    }

    var hint: String? {
        switch self {
        case .nothingAsked:
            "send \"features\": [\"view:feature\"], or the name of a deployment as \"feature_service\""
        case .bothAsked: "send one of them"
        case .featureForm: "write it like 'view:feature'"
        case .unknownView(_, let near, _), .unknownFeature(_, _, let near),
            .unknownService(_, let near, _):
            near.map { "did you mean '\($0)'?" }
        case .serviceWithoutFeatures: "set 'online: true' in its feature views"
        case .sameName: "set \"full_feature_names\": true"
        case .entitiesMissing: "send \"entities\": {\"key\": [values]}"
        case .keyMissing: "null stands for an unknown entity"
        case .keyUnknown(_, let near, let known):
            near.map { "did you mean '\($0)'?" } ?? "the keys are " + Self.list(known)
        case .tooMany, .tooManyValues: "split the request"
        case .lookup(_, let hint, _): hint
        default: nil
        }
    }

    var statusCode: Int {
        switch self {
        case .unknownView, .unknownFeature, .unknownService: 404
        case .lookup(_, _, let isRequestFault): isRequestFault ? 400 : 500
        default: 400
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
    }
}
