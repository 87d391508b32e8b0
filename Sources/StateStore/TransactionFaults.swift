/// Where a transaction stands.
package enum TransactionPoint: String, Hashable, Sendable, CaseIterable {
    /// Begun; nothing is changed yet.
    case begin
    /// Everything is changed, nothing is durable. An error here rolls all of it back.
    case beforeCommit
    /// Durable. An error here reaches the caller, and the change stands: as when a process dies
    /// before it can say that it is done.
    case afterCommit
}

/// Lets a simulation fail transactions. Called for every writing transaction, on the database's own
/// queue. A `StateStoreError` reaches the caller as it is; any other becomes `.database`.
package protocol TransactionFaults: Sendable {
    func reach(_ point: TransactionPoint) throws
}
