import Foundation
import ResourceAPI

/// The Python side that Ingot ships, beside the executable in its resource bundle.
package enum WorkerPackage {
    /// Absolute path of the folder that holds the package `ingot_worker` and `requirements.lock`.
    package static var directory: String {
        Bundle.module.bundleURL.appendingPathComponent("python").path
    }

    /// The lock file of the runtime that the worker needs.
    package static func requirementsLock() throws(ExecutionError) -> RequirementsLock {
        let path = directory + "/requirements.lock"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .resourceMissing(path: path)
        }
        return RequirementsLock(bytes: Array(data))
    }
}
