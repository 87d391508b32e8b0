import Manifests
import Reconciler
import ResourceAPI
import SourceControl
import Synchronization
import Testing

@Suite("Files that end the controller")
struct ParseGuardianTests {
    /// What a disk and a database keep when the process ends.
    private final class Memory: ParseJournal {
        struct State {
            var current: [(blob: BlobID, alone: Bool)] = []
            var suspects: Set<BlobID> = []
            var crashes: [BlobID: Int] = [:]
            var begun: [String] = []
        }

        let state = Mutex(State())

        func takeUp() -> ParseTraces {
            state.withLock { state in
                state.suspects.formUnion(state.current.map(\.blob))
                for file in state.current where file.alone {
                    state.crashes[file.blob, default: 0] += 1
                }
                state.current = []
                let quarantined = Set(state.crashes.filter { $0.value >= 2 }.keys)
                return ParseTraces(
                    suspects: state.suspects.subtracting(quarantined), quarantined: quarantined)
            }
        }

        func begin(_ files: [TreeFile], alone: Bool) {
            state.withLock { state in
                state.current = files.map { ($0.blob, alone) }
                let names = files.map(\.path.display).joined(separator: ", ")
                state.begun.append("\(names)\(alone ? " alone" : "")")
            }
        }

        func end(cleared: Set<BlobID>, suspects: Set<BlobID>) {
            state.withLock { state in
                state.current = []
                state.suspects = suspects
                for blob in cleared { state.crashes[blob] = nil }
            }
        }

        /// As if the process had ended while these were parsed.
        func crash(_ files: [TreeFile], alone: Bool) {
            begin(files, alone: alone)
            state.withLock { $0.begun = [] }
        }

        var begun: [String] { state.withLock { $0.begun } }
    }

    private func file(_ number: UInt8) throws -> TreeFile {
        TreeFile(
            path: RepositoryPath("file-\(number).yaml"),
            blob: try #require(BlobID(bytes: Array(repeating: number, count: 20))),
            isExecutable: false)
    }

    private let bytes = Array("apiVersion: ingot/v1\n".utf8)

    private func names(_ parsed: [ParsedFile]) -> [String] {
        parsed.filter { $0.diagnostics.description.contains("ended the controller") }
            .map(\.file.path.display)
    }

    @Test("all are parsed together, until a process ended meanwhile; then one by one")
    func suspects() async throws {
        let memory = Memory()
        let files = [try file(1), try file(2), try file(3)]
        let contents = [bytes, bytes, bytes]
        _ = try await ParseGuardian(journal: memory).parse(files, contents)
        #expect(memory.begun == ["file-1.yaml, file-2.yaml, file-3.yaml"])

        memory.crash([files[0], files[1]], alone: false)
        let guardian = ParseGuardian(journal: memory)
        _ = try await guardian.parse(files, contents)
        #expect(memory.begun == ["file-1.yaml alone", "file-2.yaml alone", "file-3.yaml"])
        // They have been parsed, and the process lives.
        _ = try await guardian.parse(files, contents)
        #expect(memory.begun.last == "file-1.yaml, file-2.yaml, file-3.yaml")
    }

    @Test("suspects stay suspected while other files are parsed, in this process and the next")
    func laterFiles() async throws {
        let memory = Memory()
        let files = [try file(1), try file(2)]
        memory.crash([files[1]], alone: false)
        for _ in 0..<2 {
            // The commit before is read first.
            let guardian = ParseGuardian(journal: memory)
            _ = try await guardian.parse([files[0]], [bytes])
            #expect(memory.begun.last == "file-1.yaml")
        }
        let guardian = ParseGuardian(journal: memory)
        _ = try await guardian.parse([files[0]], [bytes])
        _ = try await guardian.parse([files[1]], [bytes])
        #expect(memory.begun.last == "file-2.yaml alone")
    }

    @Test("a file whose parsing alone ended the process twice is not read any more, the others are")
    func quarantine() async throws {
        let memory = Memory()
        let files = [try file(1), try file(2)]
        memory.crash(files, alone: false)
        _ = memory.takeUp()
        for _ in 0..<2 {
            memory.crash([files[1]], alone: true)
            // The next process parses another commit's files, and is killed.
            _ = try await ParseGuardian(journal: memory).parse([files[0]], [bytes])
        }
        let parsed = try await ParseGuardian(journal: memory).parse(files, [bytes, bytes])
        #expect(parsed.map(\.failed) == [true, true])
        #expect(
            parsed[1].diagnostics.map(\.description) == [
                """
                file-2.yaml:1:1: error: this file is not read: reading it ended the controller twice
                hint: change the file, and please report it
                """
            ])
        #expect(names(parsed) == ["file-2.yaml"])
        let reader = ParseGuardian(quarantined: [files[1].blob])
        #expect(names(try await reader.parse(files, [bytes, bytes])) == ["file-2.yaml"])
    }

    @Test("a process that somebody killed, once among others and once alone, quarantines nothing")
    func innocent() async throws {
        let memory = Memory()
        let files = [try file(1), try file(2)]
        for _ in 0..<5 {
            memory.crash(files, alone: false)
            let first = ParseGuardian(journal: memory)
            #expect(names(try await first.parse(files, [bytes, bytes])) == [])
            memory.crash([files[1]], alone: true)
            let second = ParseGuardian(journal: memory)
            #expect(names(try await second.parse(files, [bytes, bytes])) == [])
        }
        #expect(memory.state.withLock { $0.crashes } == [:])
    }
}

@Suite("Looks")
struct LookSignalTests {
    @Test("what comes during a look causes one more, however often it comes")
    func bursts() {
        var signal = LookSignal()
        let answers = [
            signal.notify(), signal.notify(), signal.notify(), signal.finished(),
            signal.finished(), signal.notify(), signal.finished(),
        ]
        #expect(answers == [true, false, false, true, false, true, false])
    }
}
