import Glibc
import SQLiteFaults

/// What goes wrong at a point at which SQLite changes its files.
enum DatabaseFault: String, CaseIterable, Sendable {
    case crash
    /// Of what was not synced, a random part stays.
    case powerLoss
    /// Of what was not synced, nothing stays.
    case powerLossOfAll
    case noSpace
    case errorOnce
    case errorForGood

    fileprivate var code: Int {
        switch self {
        case .crash, .powerLoss, .powerLossOfAll: SQLITE_FAULT_CRASH
        case .noSpace: SQLITE_FAULT_NO_SPACE
        case .errorOnce: SQLITE_FAULT_ERROR_ONCE
        case .errorForGood: SQLITE_FAULT_ERROR_FOR_GOOD
        }
    }
}

/// The one database whose files are watched. Only one test at a time may use it.
struct FaultyDatabase {
    /// Begins to watch, and to count anew.
    ///
    /// - Parameter point: from 1; 0 for no fault.
    init(_ path: String, _ fault: DatabaseFault = .crash, at point: Int = 0) throws {
        guard sqlite_faults_watch(path, Int32(fault.code), Int32(point)) == 0 else {
            throw BadSample()
        }
    }

    var points: Int { Int(sqlite_faults_points()) }
    var isMet: Bool { sqlite_faults_met() != 0 }

    /// The process, or the machine, starts again after the fault; after an error the disk is as
    /// before.
    ///
    /// - Parameter seed: decides what of it stays that was not synced.
    func restart(after fault: DatabaseFault, seed: Int) throws {
        try waitForClose()
        switch fault {
        case .powerLoss: sqlite_faults_lose_power(UInt64(seed) + 1)
        case .powerLossOfAll: sqlite_faults_lose_power(0)
        case .crash, .noSpace, .errorOnce, .errorForGood: break
        }
        sqlite_faults_mend()
    }

    /// Nothing stays but what was synced.
    func losePower() throws {
        try waitForClose()
        sqlite_faults_lose_power(0)
    }

    /// A connection is closed when the last closure that has used it is gone, which may be a moment
    /// after its caller has gone on. Its shared memory would outlive the power.
    private func waitForClose() throws {
        for _ in 0..<5000 {
            if sqlite_faults_open_files() == 0 { return }
            usleep(1000)
        }
        throw StillOpen()
    }

    struct StillOpen: Error {}
}
