/// The identity of one prediction, which says by itself what made it:
/// `<deployment>.<first 16 hex digits of the model's digest>.<11 hex digits of milliseconds since
/// 1970><10 random hex digits>`. Lineage can therefore be told without a log of predictions.
package struct PredictionID: Hashable, Sendable {
    package let deployment: ResourceName
    /// The first 8 bytes of the model's digest.
    package let digestPrefix: [UInt8]
    /// Since 1970, below 2^44 (the year 2527).
    package let milliseconds: UInt64
    /// Below 2^40.
    package let random: UInt64

    package static let maximumMilliseconds: UInt64 = 1 << 44 - 1
    package static let maximumRandom: UInt64 = 1 << 40 - 1

    /// Milliseconds and random bits beyond their limits are cut.
    package init(
        deployment: ResourceName, digest: Digest, milliseconds: UInt64, random: UInt64
    ) {
        self.deployment = deployment
        digestPrefix = Array(digest.bytes.prefix(8))
        self.milliseconds = milliseconds & Self.maximumMilliseconds
        self.random = random & Self.maximumRandom
    }

    /// Reads the text form; nil if it is anything else. Upper-case digits are not accepted, so that
    /// every prediction has one text.
    package init?(_ text: String) {
        let parts = Array(text.utf8).split(
            separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count == 16, parts[2].count == 21,
            let deployment = ResourceName(String(decoding: parts[0], as: UTF8.self)),
            parts[1...].joined().allSatisfy(Self.isLowerHex),
            let prefix = Hex.decode(parts[1]),
            let milliseconds = Self.number(parts[2].prefix(11)),
            let random = Self.number(parts[2].suffix(10))
        else { return nil }
        self.deployment = deployment
        digestPrefix = prefix
        self.milliseconds = milliseconds
        self.random = random
    }

    /// True if a model of this digest can have made the prediction.
    package func isFrom(_ digest: Digest) -> Bool { digest.bytes.starts(with: digestPrefix) }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private static func digits(_ value: UInt64, count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}

extension PredictionID: CustomStringConvertible {
    package var description: String {
        "\(deployment.text).\(Hex.encode(digestPrefix))."
            + Self.digits(milliseconds, count: 11) + Self.digits(random, count: 10)
    }
}
