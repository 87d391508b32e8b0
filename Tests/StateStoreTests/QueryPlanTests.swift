import StateStore
import Testing

@Suite("Query plans")
struct QueryPlanTests {
    @Test("a query of one history neither scans nor sorts", arguments: QuickQuery.allCases)
    func quick(query: QuickQuery) async throws {
        let scratch = try Scratch()
        let store = try await scratch.writer()
        let plan = try await store.plan(of: query)
        #expect(plan.isEmpty == false)
        // The newest rows of a whole table are the end of its own order.
        let isEnd = query == .runs || query == .lastEvent
        #expect(plan.filter { $0.hasPrefix("SCAN") && !isEnd }.isEmpty, "\(plan)")
        #expect(plan.filter { $0.contains("TEMP B-TREE") }.isEmpty, "\(plan)")
    }
}
