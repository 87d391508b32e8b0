/// Who sent the signal that ended a worker, as far as the kernel tells.
package enum KillCause: Hashable, Sendable {
    /// The kernel, for want of memory.
    case outOfMemory
    /// Somebody else, or the worker itself.
    case other
    /// The kernel does not count what it kills.
    case unknown

    init(isOutOfMemory: Bool?) {
        switch isOutOfMemory {
        case true?: self = .outOfMemory
        case false?: self = .other
        case nil: self = .unknown
        }
    }
}
