import Foundation
import Testing

/// Rules about the sources themselves that no compiler checks.
@Suite("Tidy")
struct TidyTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct SourceFile {
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    private func files(_ folders: [String], _ suffixes: [String]) throws -> [SourceFile] {
        var result: [SourceFile] = []
        for folder in folders {
            let base = TidyTests.root.appendingPathComponent(folder)
            let walk = FileManager.default.enumerator(atPath: base.path)
            while let name = walk?.nextObject() as? String {
                guard suffixes.contains(where: name.hasSuffix), !name.contains("__pycache__")
                else { continue }
                let text = try String(
                    contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                result.append(SourceFile(path: "\(folder)/\(name)", text: text))
            }
        }
        return result
    }

    @Test("no file is longer than 500 lines")
    func lengths() throws {
        let long = try files(["Sources", "Tests", "examples", "manifests"], [".swift", ".py"])
            .filter { $0.lines.count > 500 }.map { "\($0.path): \($0.lines.count)" }
        #expect(long == [])
    }

    @Test("no drawers")
    func drawers() throws {
        let banned = ["util", "helper", "common", "manager", "misc"]
        let found = try files(["Sources"], [".swift", ".py"]).map(\.path).filter { path in
            let name = (path as NSString).lastPathComponent.lowercased()
            return banned.contains(where: name.contains)
        }
        #expect(found == [])
    }

    @Test("nothing is left to be fixed, and nothing untried is forced")
    func leftovers() throws {
        let marks = ["FIX" + "ME", "TO" + "DO", "XX" + "X:", "fatal" + "Error("]
        var found: [String] = []
        for file in try files(["Sources", "Tests"], [".swift", ".py"]) {
            for (index, line) in file.lines.enumerated()
            where marks.contains(where: line.contains) {
                found.append("\(file.path):\(index + 1): \(line)")
            }
        }
        #expect(found == [])
    }

    @Test("the clock is read where it is injected, and nowhere in the pure targets")
    func clocks() throws {
        let pure = ["ResourceAPI", "Manifests", "ResourceGraph", "Planning"].map { "Sources/\($0)" }
        let banned = [
            "Date()", "ContinuousClock", "FileManager", " print(", " Task {", ".random(in",
        ]
        var found: [String] = []
        for file in try files(pure, [".swift"]) {
            for (index, line) in file.lines.enumerated()
            where banned.contains(where: line.contains)
                && !line.trimmingCharacters(in: .whitespaces).hasPrefix("//")
            {
                found.append("\(file.path):\(index + 1): \(line)")
            }
        }
        #expect(found == [])
    }

    @Test("SQL stands in the state store and the feature compiler only")
    func sqlPlaces() throws {
        let found = try files(["Sources"], [".swift"]).filter { file in
            !file.path.hasPrefix("Sources/StateStore")
                && !file.path.hasPrefix("Sources/ResourceGraph")
                && (file.text.contains("INSERT INTO") || file.text.contains("CREATE TABLE"))
        }
        #expect(found.map(\.path) == [])
    }

    @Test("every target says what it holds and what it never holds")
    func readmes() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: TidyTests.root.appendingPathComponent("Sources").path)
        let missing = folders.filter { !$0.hasPrefix("C") || $0 == "Commands" }.filter {
            $0 != "ingot"
                && !FileManager.default.fileExists(
                    atPath: TidyTests.root.path + "/Sources/\($0)/README.md")
        }
        #expect(missing.sorted() == [])
    }

    @Test("links in the documents lead somewhere")
    func links() throws {
        let pattern = /\]\(([^)#\s]+)(?:#[^)]*)?\)/
        var dead: [String] = []
        let documents =
            try files(["docs", "examples", "manifests"], [".md"])
            + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map { name in
                let url = TidyTests.root.appendingPathComponent(name)
                return SourceFile(path: name, text: try String(contentsOf: url, encoding: .utf8))
            }
        for document in documents {
            let folder = TidyTests.root.appendingPathComponent(document.path)
                .deletingLastPathComponent()
            for match in document.text.matches(of: pattern) where !match.1.contains("://") {
                let target = folder.appendingPathComponent(String(match.1)).standardizedFileURL
                if !FileManager.default.fileExists(atPath: target.path) {
                    dead.append("\(document.path): \(match.1)")
                }
            }
        }
        #expect(dead == [])
    }

    @Test("the top level has what it should have and nothing else")
    func topLevel() throws {
        let allowed: Set<String> = [
            "Package.swift", "Sources", "Tests", "examples", "manifests", "docs", "README.md",
            "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "Package.resolved",
        ]
        let found = try FileManager.default.contentsOfDirectory(atPath: TidyTests.root.path)
        #expect(Set(found.filter { !$0.hasPrefix(".") }).subtracting(allowed) == [])
    }
}
