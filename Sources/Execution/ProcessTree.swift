import Foundation
import Glibc

/// The processes of one step, found in /proc: the last resort when the warm parent did not, or could
/// not, kill them itself.
enum ProcessTree {
    /// A process and the time of its start, which together are never used again.
    struct Member: Hashable, Sendable {
        let pid: Int32
        let parent: Int32
        let session: Int32
        /// In clock ticks since the machine was started.
        let startTime: UInt64
        let isDead: Bool
    }

    private static let attemptsMax = 200
    private static let attemptMicroseconds: UInt32 = 10_000

    /// The worker, everything in its session, and all that descends from it, even in sessions of
    /// their own.
    static func members(ofWorker worker: Int32) -> Set<Member> {
        let all = scan()
        var pids: Set<Int32> = [worker]
        var count = 0
        while count != pids.count {
            count = pids.count
            for member in all where pids.contains(member.parent) || member.session == worker {
                pids.insert(member.pid)
            }
        }
        return Set(all.filter { pids.contains($0.pid) })
    }

    /// Kills those of `known` that still live, and whoever is in the worker's session; returns when
    /// none is left, or after about two seconds.
    static func killAll(known: Set<Member>, worker: Int32) {
        // Never the controller's own session, whatever a worker may have claimed to be.
        guard worker > 1, worker != getsid(0) else { return }
        let identities = Set(known.map { [UInt64($0.pid), $0.startTime] })
        for _ in 0..<attemptsMax {
            let left = scan().filter { member in
                !member.isDead
                    && (member.session == worker
                        || identities.contains([UInt64(member.pid), member.startTime]))
            }
            if left.isEmpty { return }
            for member in left { _ = Glibc.kill(member.pid, SIGKILL) }
            usleep(attemptMicroseconds)
        }
    }

    /// Kills everything that has such an entry, `NAME=value`, in the environment that it was started
    /// with, in whatever session and under whatever parent it runs now; returns when none is left,
    /// or after about two seconds. Environments are inherited.
    static func killAll(whereEnvironment isMatch: (String) -> Bool) {
        for _ in 0..<attemptsMax {
            let left = pids().filter { pid in
                // Of the dead, and of other users, it cannot be read.
                guard pid != getpid(),
                    let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ")
                else { return false }
                return data.split(separator: 0).contains {
                    isMatch(String(decoding: $0, as: UTF8.self))
                }
            }
            if left.isEmpty { return }
            for pid in left { _ = Glibc.kill(pid, SIGKILL) }
            usleep(attemptMicroseconds)
        }
    }

    private static func pids() -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }
    }

    private static func scan() -> [Member] {
        pids().compactMap { pid in
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else {
                return nil
            }
            return member(pid: pid, stat: Array(data))
        }
    }

    /// The name of the program stands in parentheses and may itself contain some, so that the fields
    /// count from the last one.
    static func member(pid: Int32, stat: [UInt8]) -> Member? {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: stat[(end + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let session = Int32(fields[3]),
            let startTime = UInt64(fields[19])
        else { return nil }
        return Member(
            pid: pid, parent: parent, session: session, startTime: startTime,
            isDead: fields[0] == "Z" || fields[0] == "X")
    }
}
