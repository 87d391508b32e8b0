import Testing

@Suite("Leaks that a manifest shows")
struct LeakRulesTests {
    private func config(label: String, features: String, more: String = "") -> String {
        messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: \(label)
                  task: binary-classification
                  features: \(features)
                  split: {random: {validation: 0.1, test: 0.2}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}\(more)
                """)
    }

    @Test("A column that the label is computed from cannot be a feature")
    func columnOfTheLabel() {
        let messages = config(
            label: #"{name: late, expression: "Arr_Delay - 5 > 10"}"#,
            features: "[{columns: [carrier, arr_delay]}]")
        #expect(
            messages == """
                m.yaml:8:34: error: 'arr_delay' cannot be a feature: the label 'late' is computed from it (Arr_Delay - 5 > 10)
                      features: [{columns: [carrier, arr_delay]}]
                                                     ^
                hint: the model would learn nothing but the label's own formula; use what is known before
                """)
    }

    @Test("What only looks like the column in the label's expression may be a feature")
    func lookalikes() {
        let expressions = [
            #"hour(landed) > 5 AND note = 'hour' -- hour"#,
            #"extract(hour FROM landed) > 5 /* hour /* hour */ hour */"#,
            #"landed > t + INTERVAL 1 hour AND CAST(landed AS hour) IS NOT NULL"#,
            #"landed::hour > $$hour$$ AND x = e'\'hour' AND \"an hour\" > 1"#,
            #"landed > hour '05' AND \"an \"\"hour\"\"\" AND INTERVAL '1' hour > landed"#,
        ]
        for expression in expressions {
            let text = expression.replacing("\\\"", with: "\"")
            let block = "{name: late, expression: '\(text.replacing("'", with: "''"))'}"
            #expect(config(label: block, features: "[{columns: [hour]}]") == "", "\(expression)")
        }
    }

    @Test("A column is found in every corner of the label's expression")
    func corners() {
        let expressions = [
            #"flights.hour > 5"#, #"x > 'a' AND  "HOUR" > 1"#, "f(x, hour)", "(hour)", "-hour > 1",
            "CASE hour WHEN 1 THEN true END", "x BETWEEN hour AND 3", "hour::BIGINT > 1",
            "hour IN (1)", "date_diff('hour', hour, t) > 1", "extract(hour FROM hour) > 1",
        ]
        for expression in expressions {
            let block = "{name: late, expression: '\(expression.replacing("'", with: "''"))'}"
            let found = config(label: block, features: "[{columns: [hour]}]")
            #expect(found.contains("'hour' cannot be a feature"), "\(expression)")
        }
    }

    @Test("An on-demand feature cannot use what the label is computed from")
    func onDemandOfTheLabel() {
        let messages = config(
            label: #"{name: late, expression: "arr_delay > 15"}"#,
            features: #"[{onDemand: {name: again, expression: "abs(arr_delay) / 2"}}]"#)
        #expect(
            messages == """
                m.yaml:8:51: error: the expression uses 'arr_delay' (at 1:5), from which the label 'late' is computed (arr_delay > 15)
                      features: [{onDemand: {name: again, expression: "abs(arr_delay) / 2"}}]
                                                                      ^
                hint: the model would learn nothing but the label's own formula; use what is known before
                """)
    }

    @Test("A function that cannot be computed on demand is refused at its place")
    func functions() {
        let label = #"{name: late, expression: "arr_delay > 15"}"#
        let unknown = config(
            label: label, features: #"[{onDemand: {name: a, expression: "1 + isodwo(departure)"}}]"#
        )
        #expect(
            unknown == """
                m.yaml:8:47: error: the expression calls an unknown function 'isodwo' (at 1:5)
                      features: [{onDemand: {name: a, expression: "1 + isodwo(departure)"}}]
                                                                  ^
                hint: did you mean 'isodow'?
                """)
        let aggregate = config(
            label: label, features: #"[{onDemand: {name: a, expression: "Max(distance)"}}]"#)
        #expect(
            aggregate.hasPrefix(
                """
                m.yaml:8:47: error: the expression calls 'Max' (at 1:1), which is an aggregate; the larger of two values is greatest(a, b)
                """))
    }

    @Test("An on-demand feature needs a name and an expression, and excludes others")
    func shape() {
        let label = #"{name: late, expression: "arr_delay > 15"}"#
        #expect(
            config(label: label, features: "[{onDemand: {name: a}}]") == """
                m.yaml:8:25: error: missing field 'expression'
                      features: [{onDemand: {name: a}}]
                                            ^
                hint: see 'ingot explain trainingconfig.spec.features.onDemand.expression'
                """)
        #expect(
            config(
                label: label,
                features: "[{onDemand: {name: a, expression: distance}, select: [b]}]") == """
                    m.yaml:8:66: error: 'onDemand' and 'select' exclude each other
                          features: [{onDemand: {name: a, expression: distance}, select: [b]}]
                                                                                         ^
                    hint: remove one of them
                    """)
    }

    @Test("The bound of the leak guard lies between chance and certainty")
    func bound() {
        let label = #"{name: late, expression: "arr_delay > 15"}"#
        let features = "[{columns: [carrier]}]"
        #expect(config(label: label, features: features, more: "\n  leakGuard: {maxAUC: 1}") == "")
        #expect(
            config(label: label, features: features, more: "\n  leakGuard: {maxAUC: 0.4}") == """
                m.yaml:12:23: error: 'maxAUC' must be from 0.5 to 1, but is 0.4
                      leakGuard: {maxAUC: 0.4}
                                          ^
                hint: see 'ingot explain trainingconfig.spec.leakGuard.maxAUC'
                """)
    }

    @Test("knownAt names a column of times of the same schema")
    func knownAt() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: flights}
                spec:
                  source: {file: {path: data/flights.csv}}
                  schema:
                    - {name: departure, type: timestamp}
                    - {name: tailnum, type: string, knownAt: departure}
                    - {name: gate, type: string, knownAt: departur}
                    - {name: delay, type: double, knownAt: tailnum}
                """)
        #expect(
            messages == """
                m.yaml:9:43: error: the schema has no column 'departur'
                        - {name: gate, type: string, knownAt: departur}
                                                              ^
                hint: did you mean 'departure'?

                m.yaml:10:44: error: the column 'tailnum' is a string, not a timestamp
                        - {name: delay, type: double, knownAt: tailnum}
                                                               ^
                hint: give a column of type timestamp or date
                """)
    }
}
