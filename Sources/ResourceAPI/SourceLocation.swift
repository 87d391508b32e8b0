/// A place in a manifest. Lines and columns count from 1; columns count Unicode scalars.
package struct SourceLocation: Hashable, Sendable, Comparable {
    package let file: RepositoryPath
    package let line: Int
    package let column: Int
    package init(file: RepositoryPath, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package static func < (a: SourceLocation, b: SourceLocation) -> Bool {
        if a.file != b.file { return a.file < b.file }
        return a.line == b.line ? a.column < b.column : a.line < b.line
    }
}

extension SourceLocation: CustomStringConvertible {
    package var description: String { "\(file.display):\(line):\(column)" }
}
