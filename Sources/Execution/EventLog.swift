import Dispatch
import Foundation
import Glibc
import ResourceAPI

/// Appends the progress and log events of one step to `logs/<run>.jsonl`:
/// `{"event":{…},"time":"2026-01-31T12:00:00.000Z"}`. Bounded: what comes after the limit is left out,
/// and one last line says so. A disk that is full loses lines, never the step.
///
/// `@unchecked Sendable`: the state is touched on the serial queue only.
final class EventLog: @unchecked Sendable {
    private let queue = DispatchQueue(label: "ingot.event-log")
    private let bytesMax: Int
    private let now: @Sendable () -> Date
    private let path: String
    private var descriptor: Int32 = -1
    private var bytes = 0
    private var isFull = false

    /// The file is made with the first event; one that cannot be opened makes a log that keeps
    /// nothing: the events themselves go on.
    init(path: String, bytesMax: Int, now: @escaping @Sendable () -> Date) {
        self.bytesMax = bytesMax
        self.now = now
        self.path = path
    }

    func append(_ event: WorkerEvent) {
        guard let fields = Self.fields(of: event) else { return }
        let time = now()
        queue.async { [self] in
            if descriptor < 0, !isFull {
                descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            }
            guard descriptor >= 0, !isFull else { return }
            let line = Self.line(fields, at: time)
            if bytes + line.count > bytesMax {
                isFull = true
                let notice = "no further events are kept: more than \(ByteCount(Int64(bytesMax)))"
                write(
                    Self.line(
                        ["event": "log", "level": "warning", "message": .string(notice)],
                        at: time))
            } else {
                write(line)
            }
        }
    }

    /// Returns when everything is written and the file is closed.
    func close() async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                if descriptor >= 0 { _ = Glibc.close(descriptor) }
                descriptor = -1
                isFull = true
                continuation.resume()
            }
        }
    }

    private func write(_ line: [UInt8]) {
        _ = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        bytes += line.count
    }

    private static func line(_ fields: JSONValue, at time: Date) -> [UInt8] {
        let text = Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(time)
        let line: JSONValue = ["time": .string(text), "event": fields]
        return line.canonicalBytes + [UInt8(ascii: "\n")]
    }

    private static func fields(of event: WorkerEvent) -> JSONValue? {
        switch event {
        case .progress(let fraction, let message):
            [
                "event": "progress", "fraction": fraction.map(JSONValue.double) ?? .null,
                "message": .string(message),
            ]
        case .log(let level, let message):
            ["event": "log", "level": .string(level.rawValue), "message": .string(message)]
        case .started, .metric: nil
        }
    }
}
