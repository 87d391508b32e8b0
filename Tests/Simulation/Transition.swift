/// What a controller is doing when a fault meets it.
package enum Transition: String, CaseIterable, Sendable {
    case open
    case look
    case begin
    case succeed
    case fail
    case cancel
    case register
    case move
    case serve
    case report
    case settle
    case drift
    case suspend
    case resume
    case expire
    case approve
    case collect
}

extension Transition {
    /// Faults that can meet it: of all that write to the disk or the database.
    package static let faults: [Fault] = [
        .crash, .powerLoss, .powerLossOfAll, .noSpace, .errorOnce, .errorForGood,
    ]

    /// Every meeting that a batch of seeds must have seen.
    package static var meetings: [String] {
        Transition.allCases.flatMap { transition in
            faults.map { "\($0.rawValue) × \(transition.rawValue)" }
        }
    }
}
