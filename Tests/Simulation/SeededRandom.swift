package import ResourceAPI

/// Random numbers that a seed decides: xoshiro256**, started by SplitMix64.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    package init(seed: UInt64) {
        var mixer = seed
        state = (
            Self.mix(&mixer), Self.mix(&mixer), Self.mix(&mixer), Self.mix(&mixer)
        )
    }

    private static func mix(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    package mutating func next() -> UInt64 {
        func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
            (value << count) | (value >> (64 - count))
        }
        let result = rotated(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, 45)
        return result
    }

    /// Another source, decided by this one's next number and the label: what it draws does not
    /// depend on how much others draw.
    package mutating func fork(_ label: String) -> SeededRandom {
        SeededRandom(seed: next() ^ Self.number(Digest(hashing: label.utf8)))
    }

    /// The first 8 bytes of a digest as a seed.
    package static func number(_ digest: Digest) -> UInt64 {
        digest.bytes.prefix(8).reduce(0) { ($0 << 8) | UInt64($1) }
    }

    /// - Parameter probability: from 0 to 1.
    package mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < probability
    }

    /// - Parameter bound: at least 1.
    package mutating func below(_ bound: Int) -> Int {
        Int.random(in: 0..<max(bound, 1), using: &self)
    }

    package mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }
}
