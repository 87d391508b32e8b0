import Foundation
import ResourceAPI

/// The folders by which commands hand requests to the controller that holds the state's lock:
/// `run/requests/<id>.json` and `run/replies/<id>.json`, each renamed into place.
///
/// A request is taken (removed) before it is handled, so it is handled at most once by this
/// controller. If it ends in between, the sender finds the lock free and does it itself; every
/// request may be done twice without harm.
package struct ControlSpool: Sendable {
    /// Of a request or reply file.
    static let maximumBytes = 64 << 20
    /// What is older was sent by somebody who does not wait any more.
    static let staleMilliseconds: Int64 = 600_000

    let requests: String
    let replies: String

    /// - Parameter stateDirectory: absolute path.
    package init(stateDirectory: String) {
        requests = stateDirectory + "/run/requests"
        replies = stateDirectory + "/run/replies"
    }

    func prepare() throws {
        for folder in [requests, replies] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        }
    }

    /// - Parameter time: milliseconds since 1970; ids sort by it.
    static func newID(at time: Int64) -> String {
        let digits = String(max(0, time))
        return String(repeating: "0", count: max(0, 14 - digits.count)) + digits + "-"
            + String(UInt64.random(in: .min ... .max), radix: 16)
    }

    // MARK: The sender's side

    func post(_ request: ControlRequest, id: String) throws {
        try prepare()
        try RunFile.write(request, to: "\(requests)/\(id).json")
    }

    /// Nil as long as there is none. Removes it.
    func takeReply(_ id: String) -> ControlReply? {
        let path = "\(replies)/\(id).json"
        guard let data = contents(path) else { return nil }
        try? FileManager.default.removeItem(atPath: path)
        return (try? JSONDecoder().decode(ControlReply.self, from: data))
            ?? .refused(
                message: "the controller's reply cannot be read",
                hint: "it may be of another release of Ingot: restart it")
    }

    /// - Returns: false if it has been taken already.
    func withdraw(_ id: String) -> Bool {
        unlink("\(requests)/\(id).json") == 0
    }

    // MARK: The controller's side

    /// Ids of what was sent and not taken yet, oldest first.
    func waiting() -> [String] {
        names(in: requests).sorted()
    }

    enum Taken: Sendable {
        case request(ControlRequest)
        case malformed
    }

    /// Nil if it is gone: withdrawn.
    func take(_ id: String) -> Taken? {
        let path = "\(requests)/\(id).json"
        let data = contents(path)
        guard unlink(path) == 0 else { return nil }
        guard let data, let request = try? JSONDecoder().decode(ControlRequest.self, from: data)
        else { return .malformed }
        return .request(request)
    }

    func reply(_ reply: ControlReply, to id: String) throws {
        try RunFile.write(reply, to: "\(replies)/\(id).json")
    }

    /// Removes what nobody waits for any more, and what was written by half.
    ///
    /// - Parameter now: milliseconds since 1970.
    func dropStale(now: Int64) {
        for folder in [requests, replies] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for path in names.map({ "\(folder)/\($0)" }) {
                guard let age = modified(path).map({ now - $0 }), age > Self.staleMilliseconds
                else { continue }
                unlink(path)
            }
        }
    }

    private func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
            .map { String($0.dropLast(".json".count)) }
    }

    private func contents(_ path: String) -> Data? {
        // Not through links, and nothing that could block: the folder is ours, but who knows.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        return try? file.read(upToCount: Self.maximumBytes) ?? Data()
    }

    private func modified(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }
}
