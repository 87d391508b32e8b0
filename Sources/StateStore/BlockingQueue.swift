import Dispatch

/// Runs calls that block (hashing, fsync, opening a database) away from the cooperative pool.
///
/// Not cancelled with the task that waits: what has begun to be recorded is recorded, and the end
/// of a cancelled step must itself still be written down.
struct BlockingQueue: Sendable {
    /// For what is in memory: nothing blocks, and calls run where they are made.
    static let none = BlockingQueue()

    private let queue: DispatchQueue?

    private init() { queue = nil }

    init(label: String, isConcurrent: Bool = false) {
        queue = DispatchQueue(label: label, attributes: isConcurrent ? .concurrent : [])
    }

    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StateStoreError) -> Value
    ) async throws(StateStoreError) -> Value {
        guard let queue else { return try body() }
        let result: Result<Value, StateStoreError> = await withCheckedContinuation { waiting in
            queue.async {
                do throws(StateStoreError) {
                    waiting.resume(returning: .success(try body()))
                } catch {
                    waiting.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
