import Foundation
package import ResourceAPI

/// The one line of JSON with which the fetching child ends. Exactly one of the two is set.
package struct FetchReport: Hashable, Sendable, Codable {
    package let commit: CommitID?
    package let problem: FetchProblem?

    package init(commit: CommitID) {
        self.commit = commit
        problem = nil
    }

    package init(problem: FetchProblem) {
        commit = nil
        self.problem = problem
    }

    /// Without a newline.
    package var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Two optional texts can always be encoded.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Reads the last line that is not empty; nil if it is not a report.
    package init?(output: [UInt8]) {
        let lines = output.split(separator: UInt8(ascii: "\n"))
        guard let last = lines.last,
            let report = try? JSONDecoder().decode(FetchReport.self, from: Data(last)),
            (report.commit == nil) != (report.problem == nil)
        else { return nil }
        self = report
    }
}
