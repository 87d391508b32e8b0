/// What is going to happen: the earliest first; what falls on the same moment, in the order of
/// random ties.
struct Agenda<Item: Sendable>: Sendable {
    private struct Entry: Sendable {
        let time: Int64
        let tie: UInt64
        let item: Item
    }

    private var entries: [Entry] = []

    var items: [Item] { entries.map(\.item) }

    /// - Parameter time: milliseconds of the simulation.
    mutating func add(_ item: Item, at time: Int64, tie: UInt64) {
        entries.append(Entry(time: time, tie: tie, item: item))
    }

    mutating func next() -> (time: Int64, item: Item)? {
        guard
            let index = entries.indices.min(by: {
                (entries[$0].time, entries[$0].tie) < (entries[$1].time, entries[$1].tie)
            })
        else { return nil }
        // There are few; the order of the others does not matter.
        entries.swapAt(index, entries.count - 1)
        return entries.popLast().map { ($0.time, $0.item) }
    }

    mutating func removeAll(where isGone: (Item) -> Bool) {
        entries.removeAll { isGone($0.item) }
    }
}
