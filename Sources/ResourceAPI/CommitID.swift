/// A git commit: 20 bytes of SHA-1, or 32 of SHA-256.
package struct CommitID: Hashable, Comparable, Sendable {
    package let bytes: [UInt8]

    package init?(bytes: [UInt8]) {
        guard bytes.count == 20 || bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads 40 or 64 hex digits.
    package init?(_ hex: String) {
        guard let bytes = Hex.decode(Array(hex.utf8)) else { return nil }
        self.init(bytes: bytes)
    }

    package var hex: String { Hex.encode(bytes) }

    /// The first 7 hex digits, for people.
    package var short: String { String(hex.prefix(7)) }

    package static func < (a: CommitID, b: CommitID) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

extension CommitID: CustomStringConvertible {
    package var description: String { hex }
}

extension CommitID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let commit = CommitID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a commit id")
        }
        self = commit
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

/// A pointer and the commit it stood at, written `main@sha1:<40 hex digits>`.
package struct Revision: Hashable, Sendable, Codable {
    package let pointer: String
    package let commit: CommitID

    package init(pointer: String, commit: CommitID) {
        self.pointer = pointer
        self.commit = commit
    }
}

extension Revision: CustomStringConvertible {
    package var description: String {
        "\(pointer)@\(commit.bytes.count == 20 ? "sha1" : "sha256"):\(commit.hex)"
    }

    /// `main@sha1:1eabc9a`, for tables.
    package var short: String { "\(pointer)@sha1:\(commit.short)" }
}
