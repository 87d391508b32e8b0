import Foundation
import Glibc

/// Whether some process holds a state directory's lock, found without touching the lock: a command
/// that only looks must not keep a controller from starting.
enum ControllerPresence {
    /// Also true while `ingot apply` runs. False if it cannot be known.
    static func isRunning(stateDirectory: String) -> Bool {
        var status = stat()
        guard stat(stateDirectory + "/state.lock", &status) == 0,
            let data = FileManager.default.contents(atPath: "/proc/locks")
        else { return false }
        // `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`
        let inode = ":\(status.st_ino)"
        return String(decoding: data, as: UTF8.self).split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count >= 6 && fields[1] == "FLOCK" && fields[3] == "WRITE"
                && fields[5].hasSuffix(inode)
        }
    }
}
