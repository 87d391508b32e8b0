import Glibc
package import ResourceAPI

/// Everything that goes wrong in the state directory, and the words for it.
package enum StateStoreError: Error, Hashable, Sendable {
    // Opening.
    case stateMissing(directory: String)
    case inUse(directory: String, process: Int32?)
    case directoryUnusable(path: String, problem: String)
    case foreignDatabase(path: String)
    case newerSchema(path: String, found: Int, supported: Int)
    case olderSchema(path: String, found: Int, needed: Int)
    /// Nothing to rebuild the database from.
    case noRecords(store: String)

    // Writing.
    case corruptDatabase(path: String, problem: String)
    case diskFull(path: String)
    case notWritten(path: String, problem: String)
    case busy(path: String)
    case readOnly
    case closed
    case database(problem: String)
    case damagedRecord(table: String, column: String)
    /// Another writer has opened the state since.
    case fenced(own: Int64, current: Int64)
    /// The database does not know of everything in the store.
    case databaseOlderThanStore(seen: Int64)

    // Files.
    case file(operation: String, path: String, problem: String)

    // The output of a step.
    case outputMissing(path: String)
    case outputEmpty
    case outputTooMany(count: Int, limit: Int)
    case outputTooLarge(bytes: Int64, limit: Int64)
    case outputNotAFile(name: String, kind: FileStatus.Kind)
    case outputName(name: String)
    case outputLinked(name: String, links: Int)
    case outputPrivileged(name: String)
    case outputChanged(name: String, expectedBytes: Int64, bytes: Int64)

    // Artifacts.
    case artifactMissing(Digest)
    case artifactDamaged(Digest, problem: String)

    // Records.
    case unknownRun(String)
    case runEnded(String, state: RunState)
    case alreadyRunning(Fingerprint, run: String)
    case notReproducible(Fingerprint, first: Digest, second: Digest)
    case unknownVersion(model: ResourceName, number: Int)
    case untrainedVersion(model: ResourceName, Fingerprint)
    case unknownRollout(deployment: ResourceName)
    case unknownRevision(Revision)
}

extension StateStoreError {
    /// True if nothing more can be written until somebody has looked: the process should stop
    /// writing, and serving goes on.
    package var isFatal: Bool {
        switch self {
        case .corruptDatabase, .notWritten, .foreignDatabase, .newerSchema, .damagedRecord,
            .fenced:
            true
        default: false
        }
    }

    /// True if the same call can succeed later without any change.
    package var isPassing: Bool {
        switch self {
        case .diskFull, .busy, .inUse: true
        default: false
        }
    }

    /// A sentence without a final stop.
    package var message: String {
        openingMessage ?? writingMessage ?? outputMessage ?? recordMessage
            ?? "the state is unusable"
    }

    private var openingMessage: String? {
        switch self {
        case .stateMissing(let directory): "no state in \(directory)"
        case .inUse(let directory, let process):
            "another controller\(process.map { " (process \($0))" } ?? "") is using the state directory \(directory)"
        case .directoryUnusable(let path, let problem):
            "cannot use the state directory \(path): \(problem)"
        case .foreignDatabase(let path): "\(path) is an SQLite database, but not one of Ingot's"
        case .newerSchema(let path, let found, let supported):
            "\(path) was written by a newer Ingot: its schema is \(found), this one knows up to \(supported)"
        case .olderSchema(let path, let found, let needed):
            "\(path) was written by an older Ingot: its schema is \(found), this one reads \(needed)"
        case .noRecords(let store): "\(store) holds no record of a result"
        default: nil
        }
    }

    private var writingMessage: String? {
        switch self {
        case .corruptDatabase(let path, let problem): "\(path) is damaged: \(problem)"
        case .diskFull(let path): "no space left on device while writing \(path)"
        case .notWritten(let path, let problem): "the disk did not take \(path): \(problem)"
        case .busy(let path): "\(path) is locked by another program"
        case .readOnly: "the state was opened for reading only"
        case .closed: "the state is closed: this process is about to end"
        case .database(let problem): "the state database refused: \(problem)"
        case .damagedRecord(let table, let column):
            "the state database holds a value that cannot be read: \(table).\(column)"
        case .fenced(let own, let current):
            "another controller has taken the state over: this one is number \(own), the newest is number \(current)"
        case .databaseOlderThanStore(let seen):
            "the database is older than the store, which had already seen writer number \(seen)"
        case .file(let operation, let path, let problem): "cannot \(operation) \(path): \(problem)"
        default: nil
        }
    }

    private var outputMessage: String? {
        switch self {
        case .outputMissing(let path): "the step's output folder \(path) does not exist"
        case .outputEmpty: "the step wrote no file"
        case .outputTooMany(let count, let limit):
            "the step wrote \(count) files; an artifact has at most \(limit)"
        case .outputTooLarge(let bytes, let limit):
            "the step wrote \(bytes) bytes; an artifact has at most \(limit)"
        case .outputNotAFile(let name, let kind):
            "the step wrote '\(name)', which is \(kind.rawValue); an artifact is a flat set of files"
        case .outputName(let name):
            "the step wrote a file named '\(name)', which is not a name that an artifact can have"
        case .outputLinked(let name, let links):
            "the step wrote '\(name)', which has \(links) names: something outside could change it"
        case .outputPrivileged(let name):
            "the step wrote '\(name)' with the set-user-id or set-group-id bit"
        case .outputChanged(let name, let expected, let bytes):
            "'\(name)' had \(expected) bytes and now has \(bytes): it changed while it was published"
        default: nil
        }
    }

    private var recordMessage: String? {
        switch self {
        case .artifactMissing(let digest): "the artifact \(digest) is not in the store"
        case .artifactDamaged(let digest, let problem):
            "the artifact \(digest) is damaged: \(problem)"
        case .unknownRun(let id): "no run '\(id)'"
        case .runEnded(let id, let state): "run \(id) has already ended: \(state.rawValue)"
        case .alreadyRunning(let fingerprint, let run):
            "the fingerprint \(fingerprint) is already being run by \(run)"
        case .notReproducible(let fingerprint, let first, let second):
            "the fingerprint \(fingerprint) made \(second) where it first made \(first), which is no longer in the store"
        case .unknownVersion(let model, let number): "model/\(model) has no version \(number)"
        case .untrainedVersion(let model, let fingerprint):
            "model/\(model) cannot have a version of \(fingerprint): no run of it has succeeded"
        case .unknownRollout(let deployment):
            "deployment/\(deployment) was never asked to serve that version"
        case .unknownRevision(let revision): "\(revision) was never observed"
        default: nil
        }
    }

    /// What to do about it.
    package var hint: String? {
        switch self {
        case .stateMissing: "run `ingot apply` or `ingot run` first"
        case .inUse: "stop it first, or give this one another state directory"
        case .directoryUnusable: "it must be a folder that this user can write to"
        case .foreignDatabase: "give Ingot a state directory of its own"
        case .newerSchema: "use that version of Ingot; nothing was changed"
        case .olderSchema: "run `ingot apply` or `ingot run` once, which brings it up to date"
        case .noRecords: "nothing was changed; `ingot apply` makes everything again from git"
        case .corruptDatabase:
            "nothing was deleted: `ingot rebuild` moves the file aside and makes a new one from the store's records"
        case .diskFull:
            "free some space in the state directory's file system; the step is retried"
        case .notWritten, .file: "check the disk; what was being written has been thrown away"
        case .busy: "close the program that has it open for writing"
        case .readOnly: "only `ingot run` and `ingot apply` write to the state"
        case .damagedRecord: "`ingot verify` lists what is damaged"
        case .fenced: "nothing was written; stop this one, and let only one controller run"
        case .databaseOlderThanStore:
            "it looks restored from a backup, so it cannot tell what is garbage: `ingot rebuild` makes it anew from the store's records"
        case .outputMissing, .outputEmpty, .outputNotAFile, .outputName, .outputLinked,
            .outputPrivileged, .outputTooMany:
            "a step must write plain files, and nothing else, into its output folder"
        case .outputChanged: "a process of the step is still running; the step is retried"
        case .artifactMissing, .artifactDamaged: "it is made again at the next reconcile"
        case .notReproducible:
            "the step is not deterministic: fix its seed and threads, or change its manifest, so that it gets another fingerprint"
        case .unknownVersion: "`ingot registry` lists the versions"
        default: nil
        }
    }

    init(_ error: FileSystemError) {
        switch error.code {
        case ENOSPC, EDQUOT: self = .diskFull(path: error.path)
        default:
            let problem = StateStoreError.text(of: error.code)
            self =
                error.operation == "fsync"
                ? .notWritten(path: error.path, problem: problem)
                : .file(operation: error.operation, path: error.path, problem: problem)
        }
    }

    static func translating<Value>(
        _ body: () throws(FileSystemError) -> Value
    ) throws(StateStoreError) -> Value {
        do throws(FileSystemError) {
            return try body()
        } catch {
            throw StateStoreError(error)
        }
    }

    /// As strerror says it.
    static func text(of code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}

extension StateStoreError: CustomStringConvertible {
    package var description: String { hint.map { "\(message)\nhint: \($0)" } ?? message }
}
