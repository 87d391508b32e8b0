import ResourceAPI

/// Turns notifications into looks so that at most one runs, at most one more waits, and none is lost:
/// what comes while a look is under way may be too late for it.
package struct LookSignal: Sendable {
    private var isLooking = false
    private var isAsked = false

    package init() {}

    /// - Returns: whether a look shall start now.
    package mutating func notify() -> Bool {
        guard isLooking else {
            isLooking = true
            return true
        }
        if !PlantedMistake.loseWakeUp.isPlanted { isAsked = true }
        return false
    }

    /// A look has ended.
    ///
    /// - Returns: whether another one shall start at once.
    package mutating func finished() -> Bool {
        isLooking = isAsked
        isAsked = false
        return isLooking
    }
}
