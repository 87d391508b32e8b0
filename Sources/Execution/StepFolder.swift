import Foundation
import Glibc
import ResourceAPI

/// The places that a step writes to, made before it starts.
enum StepFolder {
    /// Makes the directories of the output and of the log.
    static func prepare(_ order: StepOrder) throws(ExecutionError) {
        let logDirectory = (order.logPath as NSString).deletingLastPathComponent
        _ = try make(logDirectory, of: order.step)
        let isNew = try make(order.outputDirectory, of: order.step)
        if isNew { return }
        let found = try? FileManager.default.contentsOfDirectory(atPath: order.outputDirectory)
        guard found?.isEmpty != false else {
            throw .outputNotEmpty(step: order.step, path: order.outputDirectory)
        }
    }

    /// In bytes: the largest file that the step may write, which leaves the file system the reserve.
    /// Never nothing, so that a step on a full disk can still say what is wrong.
    static func fileBytesMax(_ order: StepOrder, _ limits: StepLimits) -> Int64 {
        var status = statvfs()
        guard statvfs(order.outputDirectory, &status) == 0 else { return limits.fileBytesMax }
        let free = status.f_bavail.multipliedReportingOverflow(by: UInt(status.f_frsize))
        let available = free.overflow ? .max : Int64(clamping: free.partialValue)
        return min(limits.fileBytesMax, max(available - limits.reservedBytes, fileBytesMin))
    }

    private static let fileBytesMin: Int64 = 1 << 20

    /// Whether it was not there before. One call of the kernel, unless folders above are missing.
    private static func make(_ path: String, of step: StepID) throws(ExecutionError) -> Bool {
        if mkdir(path, 0o777) == 0 { return true }
        var status = stat()
        if errno == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            return false
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            return true
        } catch {
            let problem = (error as? CocoaError)?.underlying as? POSIXError
            throw .cannotPrepare(
                step: step, path: path,
                problem: problem.map { String(cString: strerror($0.code.rawValue)) }
                    ?? error.localizedDescription,
                isDiskFull: problem?.code == .ENOSPC)
        }
    }
}
