import ResourceAPI
import StateStore

/// What could not be written for a reason that may pass, and is not tried again for a while.
///
/// A full disk keeps everything from being written; a model whose files were lost keeps only that
/// model from moving. So one that is in trouble does not hold up the others.
struct Obstacles: Sendable {
    enum Subject: Hashable, Sendable {
        /// Everything.
        case store
        case model(ResourceName)
        case serving
        case statuses
        case settlement
        case suspension(ResourceID?)
    }

    private struct Obstacle: Sendable {
        /// How often one followed on another.
        var count: Int
        var notBefore: Int64
        var isOver = false
    }

    /// So long after the last one it is another obstacle.
    private static let forgetMilliseconds: Int64 = 600_000
    private var met: [Subject: Obstacle] = [:]

    /// Something is to be tried again later.
    var hasAny: Bool { met.values.contains { !$0.isOver } }

    func hinder(_ subject: Subject) -> Bool {
        isInForce(.store) || isInForce(subject)
    }

    private func isInForce(_ subject: Subject) -> Bool { met[subject]?.isOver == false }

    mutating func meet(_ subject: Subject, now: Int64) {
        let count = (met[subject]?.count ?? 0) + 1
        met[subject] = Obstacle(
            count: count, notBefore: now + ReconcilerCore.backoff(after: count))
    }

    mutating func release(now: Int64) {
        guard !met.isEmpty else { return }
        met = met.filter { now - $0.value.notBefore <= Self.forgetMilliseconds }
        for (subject, obstacle) in met where obstacle.notBefore <= now {
            met[subject]?.isOver = true
        }
    }

    /// When the next of them is over.
    var next: Int64? { met.values.lazy.filter { !$0.isOver }.map(\.notBefore).min() }
}

extension CoreEffect {
    /// What is held up while this cannot be done; nil if nothing is.
    var subject: Obstacles.Subject? {
        switch self {
        case .register(let order): .model(order.model)
        case .move(let move): .model(move.model)
        case .serve: .serving
        case .report: .statuses
        case .settled: .settlement
        case .expire(let suspension): .suspension(suspension.resource)
        case .start, .cancel, .loadMetrics, .drift, .wake: nil
        }
    }
}
