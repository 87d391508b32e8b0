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
            var quarantined: Set<BlobID> = []
            var begun: [String] = []
        }

        let state = Mutex(State())

        func suspects() -> (all: Set<BlobID>, alone: Set<BlobID>) {
            state.withLock { state in
                (
                    Set(state.current.map(\.blob)),
                    Set(state.current.filter(\.alone).map(\.blob))
                )
            }
        }

        func quarantined() -> Set<BlobID> { state.withLock { $0.quarantined } }

        func quarantine(_ file: TreeFile) {
            _ = state.withLock { $0.quarantined.insert(file.blob) }
        }

        func begin(_ files: [TreeFile], alone: Bool) {
            state.withLock { state in
                state.current = files.map { ($0.blob, alone) }
                if !files.isEmpty {
                    let names = files.map(\.path.display).joined(separator: ", ")
                    state.begun.append("\(names)\(alone ? " alone" : "")")
                }
            }
        }

        func end() { state.withLock { $0.current = [] } }

        /// As if the process had ended while these were parsed.
        func crash(_ files: [TreeFile], alone: Bool) { begin(files, alone: alone) }
    }

    private func file(_ number: UInt8) throws -> TreeFile {
        TreeFile(
            path: RepositoryPath("file-\(number).yaml"),
            blob: try #require(BlobID(bytes: Array(repeating: number, count: 20))),
            isExecutable: false)
    }

    private let bytes = Array("apiVersion: ingot/v1\n".utf8)

    @Test("all are parsed together, until a process ended meanwhile; then one by one")
    func suspects() async throws {
        let memory = Memory()
        let files = [try file(1), try file(2), try file(3)]
        let contents = [bytes, bytes, bytes]
        _ = try await ParseGuardian(journal: memory).parse(files, contents)
        #expect(memory.state.withLock { $0.begun } == ["file-1.yaml, file-2.yaml, file-3.yaml"])

        memory.crash([files[0], files[1]], alone: false)
        memory.state.withLock { $0.begun = [] }
        _ = try await ParseGuardian(journal: memory).parse(files, contents)
        #expect(
            memory.state.withLock { $0.begun } == [
                "file-1.yaml alone", "file-2.yaml alone", "file-3.yaml",
            ])
        #expect(memory.quarantined().isEmpty)
    }

    @Test("a file whose parsing ended the process twice is not read any more, the others are")
    func quarantine() async throws {
        let memory = Memory()
        let files = [try file(1), try file(2)]
        memory.crash([files[1]], alone: true)
        let parsed = try await ParseGuardian(journal: memory).parse(files, [bytes, bytes])
        #expect(memory.quarantined() == [files[1].blob])
        #expect(parsed.map(\.failed) == [true, true])
        #expect(
            parsed[1].diagnostics.map(\.description) == [
                """
                file-2.yaml:1:1: error: this file is not read: reading it ended the controller twice
                hint: change the file, and please report it
                """
            ])
        #expect(!parsed[0].diagnostics.description.contains("ended the controller"))
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
