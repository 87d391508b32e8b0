import Testing

@Suite("Rules between the fields of a training config")
struct TrainingRulesTests {
    @Test("A label needs a column or an expression")
    func aLabelNeedsAColumnOrAn() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0.1, test: 0.2}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:6:10: error: a label needs 'column', or 'name' and 'expression'
                  label: {name: late}
                         ^
            hint: such as '{name: late, expression: "arr_delay > 15"}'
            """
        #expect(messages == expected)
    }

    @Test("Validation comes before test")
    func validationComesBeforeTest() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {time: {validation: 2013-11-01, test: 2013-10-01}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:9:48: error: 'validation' must be before 'test'
                  split: {time: {validation: 2013-11-01, test: 2013-10-01}}
                                                               ^
            hint: rows before 'validation' train, rows from 'test' on test
            """
        #expect(messages == expected)
    }

    @Test("Dates must exist and be in UTC")
    func datesMustExistAndBeInUTC() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {time: {validation: 2013-02-30, test: "2013-10-01T00:00:00+02:00"}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:9:30: error: 'validation' is not a date or time: '2013-02-30'
                  split: {time: {validation: 2013-02-30, test: "2013-10-01T00:00:00+02:00"}}
                                             ^
            hint: UTC, such as 2013-10-01 or 2013-10-01T06:00:00

            m.yaml:9:48: error: 'test' is not a date or time: '2013-10-01T00:00:00+02:00'
                  split: {time: {validation: 2013-02-30, test: "2013-10-01T00:00:00+02:00"}}
                                                               ^
            hint: UTC, such as 2013-10-01 or 2013-10-01T06:00:00
            """
        #expect(messages == expected)
    }

    @Test("Shares must leave rows to train on")
    func sharesMustLeaveRowsToTrainOn() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0.5, test: 0.5}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:9:43: error: 'validation' and 'test' leave no rows to train on: together they are 1.0
                  split: {random: {validation: 0.5, test: 0.5}}
                                                          ^
            hint: their sum must be less than 1
            """
        #expect(messages == expected)
    }

    @Test("A share lies between 0 and 1")
    func aShareLiesBetween0And1() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0, test: 0.5}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:9:32: error: 'validation' must be more than 0 and less than 1, but is 0
                  split: {random: {validation: 0, test: 0.5}}
                                               ^
            hint: see 'ingot explain trainingconfig.spec.split.random.validation'
            """
        #expect(messages == expected)
    }

    @Test("A split is by time or at random")
    func aSplitIsByTimeOrAt() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0.1, test: 0.5}, time: {validation: 2013-11-01, test: 2013-12-01}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:9:49: error: 'random' and 'time' exclude each other
                  split: {random: {validation: 0.1, test: 0.5}, time: {validation: 2013-11-01, test: 2013-12-01}}
                                                                ^
            note: 'random' is given here (m.yaml:9:11)
            hint: remove one of them
            """
        #expect(messages == expected)
    }

    @Test("Metrics must be defined for the task and gates must be decidable")
    func metricsMustBeDefinedForTheTask() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0.1, test: 0.2}}
                  algorithm: {name: lightgbm}
                  evaluation: 
                    metrics: [roc_auc, rmse]
                    gates:
                      - {metric: log_loss, max: 0.5}
                      - {metric: roc_auc}
                      - {metric: roc_auc, min: 0.9, max: 0.1}
                """)
        let expected = """
            m.yaml:12:24: error: the metric rmse is not defined for the task binary-classification
                    metrics: [roc_auc, rmse]
                                       ^
            hint: its metrics are roc_auc, log_loss, average_precision, brier, accuracy, f1, precision and recall

            m.yaml:14:18: error: the gate on log_loss has nothing to decide from: that metric is not in 'metrics'
                      - {metric: log_loss, max: 0.5}
                                 ^
            hint: add log_loss to 'metrics'

            m.yaml:15:9: error: item 2 of 'gates' needs 'min', 'max' or both
                      - {metric: roc_auc}
                        ^
            hint: without a bound it would always hold

            m.yaml:16:32: error: 'min' is larger than 'max'
                      - {metric: roc_auc, min: 0.9, max: 0.1}
                                               ^
            hint: exchange them
            """
        #expect(messages == expected)
    }

    @Test("Parameters are scalars")
    func parametersAreScalars() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: binary-classification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0.1, test: 0.2}}
                  algorithm: 
                    name: lightgbm
                    parameters:
                      num_leaves: 31
                      a: [1]
                      b: yes
                      c: .inf
                      d: 99999999999999999999
                      e: 1e999
                      f:
                  evaluation: {metrics: [roc_auc]}
                """)
        let expected = """
            m.yaml:14:10: error: 'a' must be text, a number, true, false or null, but is a list
                      a: [1]
                         ^
            hint: see 'ingot explain trainingconfig.spec.algorithm.parameters.a'

            m.yaml:15:10: error: 'b' must be text, but yes without quotes is a boolean in YAML
                      b: yes
                         ^
            hint: write "yes"

            m.yaml:16:10: error: 'c' must be text, but .inf without quotes is a number in YAML
                      c: .inf
                         ^
            hint: write ".inf"

            m.yaml:17:10: error: 'd' must be a number of at most 64 bits, but is 99999999999999999999
                      d: 99999999999999999999
                         ^
            hint: see 'ingot explain trainingconfig.spec.algorithm.parameters.d'

            m.yaml:18:10: error: 'e' must be a number of at most 1.8e308, but is 1e999
                      e: 1e999
                         ^
            hint: see 'ingot explain trainingconfig.spec.algorithm.parameters.e'

            m.yaml:19:9: error: 'f' has no value
                      f:
                        ^
            hint: give it a value, or remove the field
            """
        #expect(messages == expected)
    }
}
