import Testing

/// All suites that open simulated stores, one after the other: a planted mistake is of the whole
/// process.
@Suite("Simulation", .serialized)
enum EverySimulation {}
