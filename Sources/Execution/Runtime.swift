import Foundation
package import ResourceAPI

/// A Python virtual environment that has the packages of a lock file.
package struct Runtime: Hashable, Sendable {
    /// Absolute paths.
    package let pythonPath: String
    package let onnxRuntimeLibraryPath: String
    package let lockDigest: Digest

    package init(pythonPath: String, onnxRuntimeLibraryPath: String, lockDigest: Digest) {
        self.pythonPath = pythonPath
        self.onnxRuntimeLibraryPath = onnxRuntimeLibraryPath
        self.lockDigest = lockDigest
    }

    /// Finds the parts of an environment that is complete.
    init(directory: String, lockDigest: Digest) throws(ExecutionError) {
        guard let library = Self.onnxRuntimeLibrary(in: directory) else {
            throw .onnxRuntimeMissing(path: directory)
        }
        self.init(
            pythonPath: directory + "/bin/python", onnxRuntimeLibraryPath: library,
            lockDigest: lockDigest)
    }

    /// `lib/python3.*/site-packages/onnxruntime/capi/libonnxruntime.so.*`
    private static func onnxRuntimeLibrary(in directory: String) -> String? {
        func names(_ path: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }
        for python in names(directory + "/lib") where python.hasPrefix("python3") {
            let folder = directory + "/lib/\(python)/site-packages/onnxruntime/capi"
            if let name = names(folder).first(where: { $0.hasPrefix("libonnxruntime.so") }) {
                return folder + "/" + name
            }
        }
        return nil
    }
}
