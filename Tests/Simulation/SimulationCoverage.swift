/// What a batch of seeds must have met: a fault that never came proves nothing.
package enum SimulationCoverage {
    package static var declared: [String] {
        Transition.meetings
            + HistoryGenerator.Edit.allCases.map { "edit × \($0.rawValue)" }
            + SimulationPlan.Disturbance.allCases.map { "disturbance × \($0.rawValue)" }
    }
}
