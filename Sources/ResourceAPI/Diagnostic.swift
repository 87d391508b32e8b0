/// Something wrong with a manifest, with its place and, where possible, what to do about it.
package struct Diagnostic: Hashable, Sendable, Error {
    package enum Severity: String, Hashable, Sendable, Codable {
        case error
        case warning
    }

    package let severity: Severity
    package let message: String
    package let location: SourceLocation?
    /// The whole line that `location` points into, without its newline, at most 200 bytes of it.
    package let quotedLine: String?
    package let hint: String?
    /// Other places that matter, such as the first of two definitions of one name.
    package let notes: [Note]
    /// The resource that is affected, if it could be told.
    package let resource: ResourceID?
    package init(
        severity: Severity,
        message: String,
        location: SourceLocation? = nil,
        quotedLine: String? = nil,
        hint: String? = nil,
        notes: [Note],
        resource: ResourceID? = nil
    ) {
        self.severity = severity
        self.message = message
        self.location = location
        self.quotedLine = quotedLine
        self.hint = hint
        self.notes = notes
        self.resource = resource
    }

    package struct Note: Hashable, Sendable {
        package let message: String
        package let location: SourceLocation?
        package init(message: String, location: SourceLocation? = nil) {
            self.message = message
            self.location = location
        }
    }

    package static func error(
        _ message: String, at location: SourceLocation? = nil, line: String? = nil,
        hint: String? = nil, notes: [Note] = [], resource: ResourceID? = nil
    ) -> Diagnostic {
        Diagnostic(
            severity: .error, message: message, location: location, quotedLine: line, hint: hint,
            notes: notes, resource: resource)
    }
}

extension Diagnostic: CustomStringConvertible {
    /// The form that people see:
    ///
    ///     models.yaml:7:3: error: unknown field 'stagess'
    ///         stagess:
    ///         ^
    ///     hint: did you mean 'stages'?
    package var description: String {
        var text = location.map { "\($0): " } ?? ""
        text += "\(severity.rawValue): \(message)"
        if let location, let quotedLine {
            let column = max(1, location.column)
            // Tabs are kept, so that the caret stands below its character on every terminal.
            let padding = quotedLine.unicodeScalars.prefix(column - 1).map {
                $0 == "\t" ? "\t" : " "
            }.joined()
            text += "\n    \(quotedLine)\n    \(padding)^"
        }
        for note in notes {
            text += "\nnote: \(note.message)"
            if let place = note.location { text += " (\(place))" }
        }
        if let hint { text += "\nhint: \(hint)" }
        return text
    }
}
