import Foundation
import GRDB
import ResourceAPI

/// The text whose SHA-256 is an event's hash: canonical JSON of everything but the hash itself.
///
/// Written by hand, since a log has hundreds of thousands of events and the payload of a recorded one
/// is canonical text already: as `JSONValue` it would be built, sorted and written again.
struct EventEncoding {
    var sequence: Int64
    var time: Int64
    var actor: String
    /// Hex.
    var commit: String?
    var plan: String?
    var kind: String
    var resource: String?
    var cause: String
    var result: String
    /// Canonical JSON.
    var payload: String
    var previous: String

    /// Keys in the order of their bytes.
    var hash: Digest {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512 + payload.utf8.count)
        bytes += "{\"actor\":".utf8
        Self.write(actor, to: &bytes)
        bytes += ",\"cause\":".utf8
        Self.write(cause, to: &bytes)
        bytes += ",\"commit\":".utf8
        Self.write(commit, to: &bytes)
        bytes += ",\"kind\":".utf8
        Self.write(kind, to: &bytes)
        bytes += ",\"payload\":".utf8
        bytes += payload.utf8
        bytes += ",\"plan\":".utf8
        Self.write(plan, to: &bytes)
        bytes += ",\"previous\":".utf8
        Self.write(previous, to: &bytes)
        bytes += ",\"resource\":".utf8
        Self.write(resource, to: &bytes)
        bytes += ",\"result\":".utf8
        Self.write(result, to: &bytes)
        bytes += ",\"seq\":\(sequence),\"time\":\(time)}".utf8
        return Digest(hashing: bytes)
    }

    private static func write(_ text: String?, to bytes: inout [UInt8]) {
        guard let text else {
            bytes += "null".utf8
            return
        }
        let isPlain = text.utf8.allSatisfy {
            $0 >= 32 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        guard isPlain else {
            bytes += JSONValue.string(text).canonicalBytes
            return
        }
        bytes.append(UInt8(ascii: "\""))
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\""))
    }
}

extension EventEncoding {
    static let columns =
        "seq, time, actor, \"commit\", plan, kind, resource, cause, result, payload, prev_hash, hash"

    /// - Parameter row: of `columns`. Nil if a value is of the wrong type.
    init?(_ row: Row) {
        func text(_ index: Int) -> String? { String.fromDatabaseValue(row[index]) }
        func bytes(_ index: Int) -> Data? { Data.fromDatabaseValue(row[index]) }
        guard let sequence = Int64.fromDatabaseValue(row[0]),
            let time = Int64.fromDatabaseValue(row[1]), let actor = text(2), let kind = text(5),
            let cause = text(7), let result = text(8), let payload = text(9),
            let previous = bytes(10)
        else { return nil }
        self.init(
            sequence: sequence, time: time, actor: actor, commit: bytes(3).map { Hex.encode($0) },
            plan: text(4), kind: kind, resource: text(6), cause: cause, result: result,
            payload: payload, previous: "sha256:" + Hex.encode(previous))
    }

    init(sequence: Int64, time: Int64, event: NewEvent, payload: String, previous: Digest) {
        self.init(
            sequence: sequence, time: time, actor: event.origin.actor,
            commit: event.origin.commit?.hex, plan: event.origin.plan, kind: event.kind.rawValue,
            resource: event.resource?.description, cause: event.origin.cause, result: event.result,
            payload: payload, previous: previous.description)
    }
}
