/// A path of the Open Inference Protocol v2.
enum V2Path: Hashable, Sendable {
    enum Action: Hashable, Sendable {
        case metadata
        case ready
        case infer
    }

    case root
    case server
    case live
    case ready
    case model(name: String, version: String?, Action)

    /// Nil if the protocol has no such path. A query is passed over.
    init?(_ uri: String) {
        let path = uri.utf8.prefix { $0 != UInt8(ascii: "?") }
        guard path.first == UInt8(ascii: "/") else { return nil }
        let parts = path.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { String(Substring($0)) }
        switch parts.count {
        case 1 where parts[0].isEmpty: self = .root
        case 1 where parts[0] == "v2": self = .server
        case 2 where parts[0] == "v2" && parts[1].isEmpty: self = .server
        case 3 where parts[0] == "v2" && parts[1] == "health":
            switch parts[2] {
            case "live": self = .live
            case "ready": self = .ready
            default: return nil
            }
        case 3... where parts[0] == "v2" && parts[1] == "models" && !parts[2].isEmpty:
            var rest = parts.dropFirst(3)
            var version: String?
            if rest.count >= 2, rest.first == "versions" {
                version = rest[rest.startIndex + 1]
                rest = rest.dropFirst(2)
            }
            switch (rest.count, rest.first) {
            case (0, _): self = .model(name: parts[2], version: version, .metadata)
            case (1, "ready"): self = .model(name: parts[2], version: version, .ready)
            case (1, "infer"): self = .model(name: parts[2], version: version, .infer)
            default: return nil
            }
        default: return nil
        }
    }
}
