import Planning
import ResourceAPI
import StateStore

/// Runs as tables and JSON show them.
struct RunsView: Encodable {
    struct Row: Encodable {
        let run: String
        let step: StepID
        let state: String
        let seconds: Double?
        let started: String
        let commit: String
        let plan: String?
        let fingerprint: Fingerprint
        let artifact: Digest?
        let reasons: [Reason]
        let failure: RunFailure?
        let metadata: JSONValue?
    }

    let runs: [Row]

    init(_ records: [RunRecord]) {
        runs = records.map { record in
            Row(
                run: record.id, step: record.step, state: record.state.rawValue,
                seconds: record.seconds, started: TimeText.date(milliseconds: record.startedAt),
                commit: record.commit.hex, plan: record.order.plan,
                fingerprint: record.fingerprint, artifact: record.artifact, reasons: record.reasons,
                failure: record.failure,
                metadata: record.metadata)
        }
    }

    var text: String {
        var table = Table("RUN", "STEP", "STATE", "TOOK", "STARTED", "COMMIT", "ARTIFACT")
        for row in runs {
            table.add(
                row.run, row.step.description, row.state,
                row.seconds.map(TimeText.seconds) ?? "-", row.started,
                String(row.commit.prefix(7)), row.artifact?.short ?? row.failure?.code ?? "-")
        }
        return table.text(ifEmpty: "no runs yet")
    }
}
