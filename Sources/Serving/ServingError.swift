package import ResourceAPI

/// Everything that can go wrong with the gateway or an instance, apart from the model and the
/// request's content (`InferenceError`), and the words for it.
package enum ServingError: Error, Hashable, Sendable {
    // Starting.
    case addressInUse(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)
    case secondGateway(statePath: String)
    case folder(path: String, reason: String)
    case socket(path: String, reason: String)
    case configuration(path: String, reason: String)

    // Requests.
    case notFound(path: String)
    case methodNotAllowed(method: String, allowed: String)
    case unknownModel(String, known: [String], near: String?)
    case unknownVersion(model: String, version: String, served: Int)
    case notReady(model: String, failure: String?)
    case bodyTooLarge(limitBytes: Int)
    case bodyMissing
    case noReplica(model: String)
    case timeout(model: String, seconds: Int)
    case connections(limit: Int)

    case features(FeatureProblem)

    // Instances.
    case featuresDiffer(FeatureComparison.Difference)
    case reportNotWritten(path: String)
    case instanceNotReady(seconds: Int)
    case instanceNotStarted(reason: String)
    case instanceEnded(how: String, lastWords: String?)
    case instanceBroken(reason: String)

    package var message: String {
        switch self {
        case .addressInUse(let host, let port):
            "cannot listen on \(host):\(port): the address is already in use"
        case .cannotListen(let host, let port, let reason):
            "cannot listen on \(host):\(port): \(reason)"
        case .secondGateway(let path):
            "another gateway already serves the state directory '\(path)'"
        case .folder(let path, let reason): "cannot use the folder '\(path)': \(reason)"
        case .socket(let path, let reason): "cannot listen on the socket '\(path)': \(reason)"
        case .configuration(let path, let reason):
            "cannot read the instance configuration '\(path)': \(reason)"
        case .notFound(let path): "there is nothing at '\(path)'"
        case .methodNotAllowed(let method, let allowed):
            "the method \(method) is not possible here; use \(allowed)"
        case .unknownModel(let name, let known, _):
            known.isEmpty
                ? "unknown model '\(name)'; no model is served yet"
                : "unknown model '\(name)'; served here: "
                    + known.map { "'\($0)'" }.joined(separator: ", ")
        case .unknownVersion(let model, let version, let served):
            "model '\(model)' has no version '\(version)' here; version \(served) is served"
        case .notReady(let model, let failure):
            failure.map { "no version of model '\(model)' is ready: \($0)" }
                ?? "no version of model '\(model)' is ready yet"
        case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
        case .bodyMissing: "the request has no body"
        case .noReplica(let model): "no replica of model '\(model)' could answer"
        case .timeout(let model, let seconds):
            "model '\(model)' did not answer within \(seconds) seconds"
        case .connections(let limit): "more than \(limit) connections are open"
        case .features(let problem): problem.message
        case .featuresDiffer(let difference):
            "the online features are not those of training: \(difference.message)"
        case .reportNotWritten(let path): "cannot write '\(path)'"
        case .instanceNotReady(let seconds): "the instance was not ready within \(seconds) seconds"
        case .instanceNotStarted(let reason): "the instance could not be started: \(reason)"
        case .instanceEnded(let how, let words):
            words.map { "the instance \(how): \($0)" } ?? "the instance \(how)"
        case .instanceBroken(let reason): "the instance answered wrongly: \(reason)"
        }
    }

    package var hint: String? {
        switch self {
        case .addressInUse(_, let port):
            "choose another with --port, or find the holder with `ss -ltnp 'sport = :\(port)'`"
        case .secondGateway: "stop the other one first"
        case .notFound: "the paths are those of the Open Inference Protocol v2, see GET /"
        case .unknownModel(_, _, let near): near.map { "did you mean '\($0)'?" }
        case .bodyTooLarge: "split the request"
        case .features(let problem): problem.hint
        case .noReplica, .notReady, .timeout, .connections: "try again later"
        default: nil
        }
    }

    /// Of the HTTP answer, if it is one about a request.
    package var statusCode: Int {
        switch self {
        case .notFound, .unknownModel, .unknownVersion: 404
        case .methodNotAllowed: 405
        case .bodyTooLarge: 413
        case .bodyMissing: 400
        case .features(let problem): problem.statusCode
        case .notReady, .noReplica, .connections: 503
        case .timeout: 504
        default: 500
        }
    }
}

extension ServingError: CustomStringConvertible {
    /// Message and hint in one line.
    package var description: String {
        hint.map { "\(message); hint: \($0)" } ?? message
    }
}
