import Foundation
import Glibc

/// Time since this process started.
enum ProcessClock {
    /// The kernel's start time, in clock ticks since the machine booted.
    private static let startTicks: Double? = {
        guard let data = FileManager.default.contents(atPath: "/proc/self/stat") else { return nil }
        let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?
            .split(separator: " ")
        guard let fields, fields.count > 19 else { return nil }
        return Double(fields[19])
    }()

    /// In steps of the kernel's clock tick, 10 ms, as far as the start is concerned.
    static var elapsedMilliseconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let now = Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        return now - (startTicks ?? 0) * 1000 / ticks
    }
}
