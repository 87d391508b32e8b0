package import ResourceAPI

/// A pip lock file: `name==version` lines with hashes.
package struct RequirementsLock: Hashable, Sendable {
    package let bytes: [UInt8]
    /// The sha256 of the bytes and of nothing else. This is the runtime digest in fingerprints, so
    /// that it is the same on every machine that has the same commit; which Python interprets it is
    /// the machine's affair, as its processor is.
    package let digest: Digest

    package init(bytes: [UInt8]) {
        self.bytes = bytes
        digest = Digest(hashing: bytes)
    }

    /// One `name==version`.
    struct Pin: Hashable, Sendable {
        /// Normalised as PEP 503 says: lower case, runs of `-`, `_` and `.` as one `-`.
        let name: String
        let version: String
        /// It has an environment marker, so that it may rightly be absent.
        let isConditional: Bool
    }

    /// In the order of the file. Lines of another form are passed over: pip judges them.
    var pins: [Pin] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap {
            line in
            guard let first = line.first, first.isLetter || first.isNumber else { return nil }
            let parts = line.split(separator: ";", maxSplits: 1)
            let words = parts[0].split(whereSeparator: { $0 == " " || $0 == "\\" || $0 == "\t" })
            guard let requirement = words.first,
                let separator = requirement.firstRange(of: "==")
            else { return nil }
            let name = requirement[..<separator.lowerBound].prefix { $0 != "[" }
            return Pin(
                name: Self.normalize(name), version: String(requirement[separator.upperBound...]),
                isConditional: parts.count > 1)
        }
    }

    static func normalize(_ name: some StringProtocol) -> String {
        name.lowercased().split(whereSeparator: { "-_.".contains($0) }).joined(separator: "-")
    }

    /// What is missing or has another version, for people; empty if all is there.
    /// - Parameter installed: version by distribution name.
    func differences(from installed: [String: String]) -> [String] {
        let found = Dictionary(
            installed.map { (Self.normalize($0.key), $0.value) }, uniquingKeysWith: { a, _ in a })
        return pins.compactMap { pin in
            switch found[pin.name] {
            case pin.version: nil
            case nil: pin.isConditional ? nil : "\(pin.name) \(pin.version) is missing"
            case let other?: "\(pin.name) is \(other) and should be \(pin.version)"
            }
        }
    }
}
