package import ResourceAPI

/// `ingot.lock`, from bytes and to bytes.
package enum SnapshotLockFile {
    package struct Parsed: Sendable {
        package let lock: SnapshotLock
        package let diagnostics: [Diagnostic]

        /// Of a project without the file.
        package static let none = Parsed(lock: .none, diagnostics: [])
    }

    private static let comment = """
        # Written by `ingot snapshot`: which rows each dataset has whose source is outside the repository.
        # A revert of its commit brings the old rows back.

        """

    package static func parse(_ file: ManifestFile) -> Parsed {
        let (lock, diagnostics) = SideFile.decode(file) { reader in
            if let version = reader.required("apiVersion") {
                guard case .scalar("ingot/v1", _) = version.node.content else {
                    version.report(.apiVersion(version.freeText(mayBeEmpty: true) ?? "a mapping"))
                    return SnapshotLock?.none
                }
            }
            var entries: [ResourceName: SnapshotLock.Entry] = [:]
            for (name, value) in reader.required("datasets")?.namedEntries() ?? [] {
                if let entry = entry(value) { entries[name] = entry }
            }
            return SnapshotLock(entries: entries)
        }
        return Parsed(lock: lock ?? .unreadable, diagnostics: diagnostics)
    }

    private static func entry(_ value: FieldValue) -> SnapshotLock.Entry? {
        guard var fields = value.reader(at: "datasets.\(value.key)") else { return nil }
        let digest = fields.required("digest")?.digest()
        let observed = fields.required("observed").flatMap { field -> String? in
            guard case .scalar(let text, _) = field.node.content, isMoment(text) else {
                field.report(.badMoment(field.name))
                return nil
            }
            return text
        }
        let version = fields.optional("version")?.freeText()
        let columns = fields.optional("columns")?.texts(as: SnapshotLock.Column.init)
        fields.finish()
        guard let digest, let observed else { return nil }
        return SnapshotLock.Entry(
            digest: digest, observed: observed, version: version, columns: columns)
    }

    /// RFC 3339 in UTC, to the second, as `ingot snapshot` writes it.
    private static func isMoment(_ text: String) -> Bool {
        text.hasSuffix("Z") && text.utf8.count == 20 && TimeText(String(text.dropLast())) != nil
    }

    /// The file's content: sorted by dataset, so that a change of one is a change of its lines only.
    package static func bytes(of lock: SnapshotLock) -> [UInt8] {
        var text = comment + "apiVersion: ingot/v1\n"
        if lock.entries.isEmpty { return Array((text + "datasets: {}\n").utf8) }
        text += "datasets:\n"
        for (name, entry) in lock.entries.sorted(by: { $0.key < $1.key }) {
            // Quoted: a name may look like a number.
            text += "  \(quote(name.text)):\n"
            text += "    digest: \(entry.digest)\n"
            text += "    observed: \(quote(entry.observed))\n"
            if let version = entry.version { text += "    version: \(quote(version))\n" }
            guard let columns = entry.columns else { continue }
            text += "    columns:\(columns.isEmpty ? " {}" : "")\n"
            for column in columns {
                text += "      \(quote(column.name)): \(quote(column.type ?? untyped))\n"
            }
        }
        return Array(text.utf8)
    }

    /// Of a column whose type the source does not say.
    fileprivate static let untyped = "untyped"

    /// Double quotes, so that nothing in it means anything.
    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "?"
            case _ where scalar.value > 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension SnapshotLock.Column {
    fileprivate init(_ name: String, _ type: String) {
        self.init(name: name, type: type == SnapshotLockFile.untyped ? nil : type)
    }
}
