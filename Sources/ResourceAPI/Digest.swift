import Crypto

/// A SHA-256 of content, written `sha256:<64 hex digits>`.
package struct Digest: Hashable, Comparable, Sendable {
    /// Exactly 32 bytes.
    package let bytes: [UInt8]

    package init(hashing content: some Sequence<UInt8>) {
        var hasher = SHA256()
        hasher.update(data: Array(content))
        bytes = Array(hasher.finalize())
    }

    /// - Parameter bytes: 32 bytes; nil if there are more or fewer.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads `sha256:<64 hex>` or the 64 hex digits alone.
    package init?(_ text: String) {
        let utf8 = Array(text.utf8)
        let prefix = Array("sha256:".utf8)
        let hex = utf8.starts(with: prefix) ? Array(utf8.dropFirst(prefix.count)) : utf8
        guard hex.count == 64, let decoded = Hex.decode(hex) else { return nil }
        bytes = decoded
    }

    /// The 64 lower-case hex digits.
    package var hex: String { Hex.encode(bytes) }

    /// The first 12 hex digits, for people.
    package var short: String { String(hex.prefix(12)) }

    package static func < (a: Digest, b: Digest) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

extension Digest: CustomStringConvertible {
    package var description: String { "sha256:" + hex }
}

extension Digest: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a sha256 digest")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Hashes content that arrives in pieces.
package struct DigestBuilder {
    private var hasher = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }

    package mutating func update(_ bytes: [UInt8]) {
        hasher.update(data: bytes)
    }

    package func finish() -> Digest {
        // A SHA-256 always has 32 bytes, so the fallback is never taken.
        Digest(bytes: Array(hasher.finalize())) ?? Digest(hashing: [])
    }
}

/// The identity of one execution of a step: what it does and the digests of what it reads.
package struct Fingerprint: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) {
        self.digest = digest
    }

    package static func < (a: Fingerprint, b: Fingerprint) -> Bool { a.digest < b.digest }

    package init(from decoder: any Decoder) throws {
        digest = try Digest(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try digest.encode(to: encoder)
    }

    package var description: String { digest.description }
}
