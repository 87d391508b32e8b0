/// A number of bytes, for people: `4 GiB`, `1.5 GiB`, `64 KiB`, `100 bytes`.
struct ByteCount: CustomStringConvertible {
    let bytes: Int64

    init(_ bytes: Int64) {
        self.bytes = bytes
    }

    var description: String {
        let units: [(name: String, shift: Int64)] = [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        guard let unit = units.first(where: { bytes >= 1 << $0.shift }) else {
            return "\(bytes) bytes"
        }
        // Tenths, rounded down, so that a budget is never shown larger than it is.
        let tenths =
            (bytes >> unit.shift) * 10 + ((bytes & ((1 << unit.shift) - 1)) * 10) >> unit.shift
        return tenths % 10 == 0
            ? "\(tenths / 10) \(unit.name)" : "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }
}
