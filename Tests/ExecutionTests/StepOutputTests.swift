import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

@Suite("What a step prints and writes")
struct StepOutputTests {
    private func failure(_ outcome: StepOutcome) throws -> StepFailure {
        guard case .failed(let failure) = outcome else {
            Issue.record("\(outcome)")
            throw CancellationError()
        }
        return failure
    }

    @Test("is cut off at 64 MiB, without newlines as well, and the step is stopped")
    func endlessOutput() async throws {
        try await HostileStep.with { bench in
            let failure = try await bench.failure(["do": "zeros"])
            let log = "\(bench.root)/logs/run-1.log"
            #expect(
                failure
                    == StepFailure(
                        class: .resource, code: "LogTooLarge",
                        message: "step trainingconfig/arrival-delay#train printed more than "
                            + "64 MiB and was stopped",
                        hint: "let it print less; the beginning is kept in \(log)"))
            let size = try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int
            print("figure: output without an end is cut off at \(size ?? 0) bytes")
            #expect(size == 64 << 20)
        }
    }

    @Test("cannot rewrite a terminal")
    func escapes() async throws {
        try await HostileStep.with { bench in
            let recorder = EventRecorder()
            let order = try bench.order(["do": "escapes"])
            let failure = try failure(
                await bench.executor.run(order) { recorder.record($0) })
            #expect(
                failure
                    == StepFailure(
                        class: .data, code: "Escaped", message: "\\x1b[31mred\nnext\\x7f",
                        hint: "\\x1b[0m"))
            #expect(
                Array(recorder.events.dropFirst()) == [
                    .progress(fraction: 0.5, message: "\\x1b]0;owned\\x07half"),
                    .log(level: .warning, message: "\\x1b[2Jgone\\u{202e}\\x9b31m"),
                ])
        }
    }

    @Test("leaves the disk its reserve")
    func largeFile() async throws {
        var limits = StepLimits()
        limits.fileBytesMax = 3 << 20
        try await HostileStep.with(limits: limits) { bench in
            let failure = try await bench.failure(["do": "large-file"])
            #expect(
                failure
                    == StepFailure(
                        class: .resource, code: "FileTooLarge",
                        message: "data became larger than the disk has space to spare",
                        hint: "free some space in the state directory's file system; "
                            + "the step is retried"))
            let path = bench.root + "/work/run-1/output/data"
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            #expect(size == 3 << 20)
        }
    }

    @Test("may be little on a disk that is full")
    func fullDisk() async throws {
        try await HostileStep.with { bench in
            let order = try bench.order(["do": "quick"])
            var limits = StepLimits()
            limits.reservedBytes = 1 << 60
            try StepFolder.prepare(order)
            #expect(StepFolder.fileBytesMax(order, limits) == 1 << 20)
            limits.reservedBytes = 0
            limits.fileBytesMax = 5 << 20
            #expect(StepFolder.fileBytesMax(order, limits) == 5 << 20)
        }
    }
}
