#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Dispatch
import Glibc
import ResourceAPI

/// The gateway's files in the state directory, and its lock.
final class GatewayFolders: Sendable {
    let statePath: String
    private let socketFolder: String
    private let isSocketFolderOwn: Bool
    private let lock: Int32
    /// Reports are written one after the other, away from the cooperative pool.
    private let writing = DispatchQueue(label: "ingot.serving-report")

    var planPath: String { statePath + "/run/serving.json" }
    var reportPath: String { statePath + "/run/serving-report.json" }

    /// Makes run/ and logs/, takes run/gateway.lock, and removes what a killed gateway left. Blocks.
    /// - Throws: `ServingError.folder`, `.secondGateway`.
    init(statePath: String) throws(ServingError) {
        self.statePath = statePath
        for name in ["", "/run", "/logs"] where mkdir(statePath + name, 0o700) != 0 {
            guard errno == EEXIST else {
                throw .folder(path: statePath + name, reason: String(cString: strerror(errno)))
            }
        }
        let run = statePath + "/run"
        lock = open(run + "/gateway.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw .folder(path: run, reason: String(cString: strerror(errno)))
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .secondGateway(statePath: statePath)
        }
        // A socket's path has 107 bytes at most, and a state directory's may be longer.
        isSocketFolderOwn = run.utf8.count > 80
        if isSocketFolderOwn {
            var template = Array("/tmp/ingot-sockets-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw .folder(path: "/tmp", reason: String(cString: strerror(errno)))
            }
            socketFolder = String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        } else {
            socketFolder = run
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? []
        for name in names where name.hasPrefix("instance-") { unlink("\(run)/\(name)") }
    }

    func socketPath(_ id: Int) -> String { "\(socketFolder)/instance-\(id).sock" }
    func removeSocket(_ id: Int) {
        unlink(socketPath(id))
        unlink(FeatureReport.path(beside: socketPath(id)))
    }

    func logPath(deployment: String, id: Int) -> String {
        "\(statePath)/logs/instance-\(deployment)-\(id).log"
    }

    /// The last line of a log, at most 500 bytes; nil if there is none.
    func lastWords(_ logPath: String) -> String? {
        let file = open(logPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        lseek(file, max(0, size - 4096), SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let lines = buffer[..<count].split(separator: UInt8(ascii: "\n"))
        return lines.last.map { String(decoding: $0.prefix(500), as: UTF8.self) }
    }

    /// Replaces the report as a whole, soon.
    func write(_ report: ServingReport) {
        writing.async { [reportPath] in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(report) else { return }
            try? data.write(to: URL(fileURLWithPath: reportPath), options: .atomic)
        }
    }

    /// Takes back what only a living gateway has, after the last report was written.
    func release() async {
        await withCheckedContinuation { continuation in
            writing.async { [self] in
                unlink(reportPath)
                if isSocketFolderOwn { rmdir(socketFolder) }
                // Not left to `close`: a child between fork and exec shares the file for a moment.
                flock(lock, LOCK_UN)
                close(lock)
                continuation.resume()
            }
        }
    }
}
