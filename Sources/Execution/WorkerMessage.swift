import Foundation
import ResourceAPI

/// One line that a worker or its parent wrote, understood.
enum WorkerMessage: Hashable, Sendable {
    case event(WorkerEvent)
    case result(metadata: JSONValue)
    case error(StepFailure)
    case exited(code: Int64)
    case signalled(Int64, KillCause)
    /// An event of a newer worker: passed over.
    case unknown

    /// - Parameter line: without its newline. Anything at all may be in it.
    static func parse(_ line: [UInt8]) throws(ProtocolProblem) -> WorkerMessage {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(line)),
            value.object != nil, let event = value["event"]?.string
        else { throw .notAnEvent(quoted: quote(line)) }
        switch event {
        case "started":
            guard let pid = value["pid"]?.int.flatMap(Int32.init(exactly:)), pid > 1 else {
                throw .badField(event: event, field: "pid")
            }
            return .event(.started(pid: pid))
        case "progress":
            let fraction = value["fraction"]?.number.map { min(max($0, 0), 1) }
            return .event(
                .progress(
                    fraction: fraction,
                    message: TerminalText.harmless(value["message"]?.string ?? "")))
        case "metric":
            return try metric(value)
        case "log":
            let level = value["level"]?.string.flatMap(WorkerEvent.Level.init) ?? .info
            return .event(.log(level: level, message: try text("message", of: value, event)))
        case "result":
            guard let metadata = value["metadata"] else {
                throw .badField(event: event, field: "metadata")
            }
            return .result(metadata: metadata)
        case "error":
            return .error(try failure(value))
        case "exit":
            if let signal = value["signal"]?.int {
                return .signalled(signal, KillCause(isOutOfMemory: value["out_of_memory"]?.bool))
            }
            guard let code = value["code"]?.int else {
                throw .badField(event: event, field: "code")
            }
            return .exited(code: code)
        default: return .unknown
        }
    }

    private static func metric(_ value: JSONValue) throws(ProtocolProblem) -> WorkerMessage {
        let name = try text("name", of: value, "metric")
        guard let number = value["value"]?.number else {
            throw .badField(event: "metric", field: "value")
        }
        return .event(.metric(name: name, value: number))
    }

    /// A worker cannot claim the classes that only the executor can tell.
    private static func failure(_ value: JSONValue) throws(ProtocolProblem) -> StepFailure {
        let classes: [String: StepFailure.Class] = [
            "data": .data, "config": .config, "internal": .internal, "resource": .resource,
        ]
        guard let `class` = value["class"]?.string.flatMap({ classes[$0] }) else {
            throw .badField(event: "error", field: "class")
        }
        var details = value["details"]
        if details == .null { details = nil }
        return StepFailure(
            class: `class`, code: try text("code", of: value, "error"),
            message: try text("message", of: value, "error"),
            hint: value["hint"]?.string.map(TerminalText.harmless), details: details)
    }

    private static func text(
        _ field: String, of value: JSONValue, _ event: String
    ) throws(ProtocolProblem) -> String {
        guard let text = value[field]?.string, !text.isEmpty else {
            throw .badField(event: event, field: field)
        }
        return TerminalText.harmless(text)
    }

    /// At most 80 bytes, with everything but printable ASCII escaped.
    static func quote(_ line: [UInt8]) -> String {
        var result = ""
        for byte in line.prefix(80) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                result += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7f: result.unicodeScalars.append(UnicodeScalar(byte))
            default: result += "\\x" + Hex.encode(CollectionOfOne(byte))
            }
        }
        return line.count > 80 ? result + "…" : result
    }
}
