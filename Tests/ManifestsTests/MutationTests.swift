import Manifests
import ResourceAPI
import Testing

@Suite("Manifests with random bytes in them")
struct MutationTests {
    /// SplitMix64: the same seed always gives the same bytes.
    private struct SeededGenerator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// Bytes that mean something to YAML are more likely to go somewhere.
    private static let marks = Array("[]{}:,-?#&*!|>'\"%@`~<= \n\t\r\\0123456789._".utf8)

    @Test("They are read or refused, and never end the process")
    func neverTraps() {
        var generator = SeededGenerator(state: 17)
        let documents = (DesignManifests.complete + "\n---\n" + DesignManifests.others)
            .split(separator: "---\n").map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<5_000 {
            guard var bytes = documents.randomElement(using: &generator) else { return }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutate(&bytes, &generator)
            }
            let parsed = ManifestParser.parse([
                ManifestFile(path: RepositoryPath("ingot.yaml"), bytes: bytes)
            ])
            for diagnostic in parsed.diagnostics where diagnostic.description.isEmpty {
                Issue.record("a diagnostic says nothing")
            }
            // Whatever is not a resource has a reason.
            if parsed.resources.isEmpty, !parsed.diagnostics.isEmpty { refused += 1 }
        }
        #expect(refused > 1_000)
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let mark = MutationTests.marks.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] = mark
        case 2: bytes.insert(mark, at: index)
        case 3: bytes.remove(at: index)
        case 4: bytes.removeSubrange(index...)
        default:
            let end = min(bytes.count, index + Int.random(in: 1...40, using: &generator))
            bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
        }
    }
}
