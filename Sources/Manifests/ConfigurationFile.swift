package import ResourceAPI

/// The controller's configuration: what the machine knows, and no repository.
package struct ControllerConfiguration: Hashable, Sendable {
    /// Where the value of a credentials' field comes from.
    package enum Value: Hashable, Sendable {
        case text(String)
        case environment(String)
        /// Absolute, or relative to the configuration's folder.
        case file(String)
    }

    /// By name, then by field.
    package let credentials: [ResourceName: [String: Value]]

    package init(credentials: [ResourceName: [String: Value]]) {
        self.credentials = credentials
    }

    /// What an entry may have; which of them a source needs is said in docs/operating.md.
    static let fields = [
        "host", "port", "database", "user", "password", "sslmode", "token", "accessKeyId",
        "secretAccessKey", "sessionToken", "region", "endpoint",
    ]
}

package enum ConfigurationFile {
    /// - Returns: nil, with diagnostics that quote no line, if anything is wrong: lines of this file
    ///   may hold secrets.
    package static func parse(
        _ file: ManifestFile
    ) -> (configuration: ControllerConfiguration?, diagnostics: [Diagnostic]) {
        let (value, diagnostics) = SideFile.decode(file) { reader in
            var credentials: [ResourceName: [String: ControllerConfiguration.Value]] = [:]
            for (name, value) in reader.optional("credentials")?.namedEntries() ?? [] {
                guard var fields = value.reader(at: "credentials.\(name.text)") else { continue }
                for field in ControllerConfiguration.fields {
                    credentials[name, default: [:]][field] = fields.optional(field)
                        .flatMap(self.value)
                }
                fields.finish()
            }
            return ControllerConfiguration(credentials: credentials)
        }
        return (value, diagnostics.map(\.withoutLine))
    }

    private static func value(_ field: FieldValue) -> ControllerConfiguration.Value? {
        if case .scalar(let text, _) = field.node.content { return .text(text) }
        guard var fields = field.reader(at: field.parent + "." + field.key) else { return nil }
        let source = fields.exactlyOne(of: ["env", "file"])
        fields.finish()
        guard let source, let text = source.freeText() else { return nil }
        return source.key == "env" ? .environment(text) : .file(text)
    }
}

extension Diagnostic {
    /// A message may say what was found: only what is wrong, and where, is told.
    fileprivate var withoutLine: Diagnostic {
        let end = message.firstRange(of: ", but ")?.lowerBound ?? message.endIndex
        return Diagnostic(
            severity: severity, message: String(message[..<end]), location: location,
            quotedLine: nil, hint: hint,
            notes: notes, resource: nil)
    }
}
