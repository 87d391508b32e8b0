import ArgumentParser
import Foundation
import ResourceAPI

/// How a command writes its result.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to write the result: table or json.")
    var output: OutputFormat = .table

    /// Writes one result, as text for people or as JSON for programs.
    func write(_ value: some Encodable, text: @autoclosure () throws -> String) throws {
        switch output {
        case .table: Terminal.write(try text())
        case .json: Terminal.write(try JSONText.pretty(value))
        }
    }
}

/// JSON for programs: sorted keys, indented, newline at the end.
enum JSONText {
    static func pretty(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    /// One line, for streams.
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}

/// The standard streams. Unbuffered, so that what is said is seen even if the process is killed.
enum Terminal {
    static func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    static func writeError(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    /// Whether standard error is a terminal, on which a line can be redrawn.
    static var isInteractive: Bool { isatty(2) == 1 }
}
