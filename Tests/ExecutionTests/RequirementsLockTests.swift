import Foundation
import ResourceAPI
import Testing

@testable import Execution

@Suite("Requirements lock")
struct RequirementsLockTests {
    @Test("is read pin by pin, with normalised names")
    func pins() {
        let text = """
            # made by pip-compile
            --index-url https://example.org/simple
            Scikit_Learn[extra]==1.9.0 \\
                --hash=sha256:00 \\
                --hash=sha256:11
            tomli==2.0 ; python_version < "3.11" \\
                --hash=sha256:22
            """
        let lock = RequirementsLock(bytes: Array(text.utf8))
        #expect(
            lock.pins == [
                RequirementsLock.Pin(
                    name: "scikit-learn", version: "1.9.0", isConditional: false),
                RequirementsLock.Pin(name: "tomli", version: "2.0", isConditional: true),
            ])
        #expect(lock.differences(from: ["scikit.learn": "1.9.0"]) == [])
        #expect(
            lock.differences(from: ["tomli": "1.0"]) == [
                "scikit-learn 1.9.0 is missing", "tomli is 1.0 and should be 2.0",
            ])
    }

    @Test("has the digest of its bytes")
    func digest() {
        #expect(
            RequirementsLock(bytes: []).digest.hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("that Ingot ships is found beside the executable and pins ONNX Runtime")
    func shipped() throws {
        let lock = try WorkerPackage.requirementsLock()
        #expect(lock.pins.contains { $0.name == "onnxruntime" })
        #expect(
            FileManager.default.fileExists(
                atPath: WorkerPackage.directory + "/ingot_worker/__init__.py"))
    }
}
