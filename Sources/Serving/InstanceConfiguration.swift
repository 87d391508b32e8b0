#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Inference
package import ResourceAPI

/// All that one instance needs to know, written by the gateway as a JSON file.
package struct InstanceConfiguration: Hashable, Sendable, Codable {
    package let served: ServedDeployment
    /// Absolute, at most 100 bytes.
    package let socketPath: String

    package init(served: ServedDeployment, socketPath: String) {
        self.served = served
        self.socketPath = socketPath
    }

    /// Blocks.
    /// - Throws: `ServingError.configuration`.
    package static func read(path: String) throws(ServingError) -> InstanceConfiguration {
        do {
            let bytes = try BoundedFile.read(path: path, limitBytes: 1 << 20)
            return try JSONDecoder().decode(InstanceConfiguration.self, from: Data(bytes))
        } catch let error as InferenceError {
            throw .configuration(path: path, reason: error.message)
        } catch {
            throw .configuration(path: path, reason: "it is not valid")
        }
    }
}
