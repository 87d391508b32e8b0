import Testing

@Suite("Fields of the design that are not built yet")
struct PlannedTests {
    @Test("Fields of a training config that are not built yet are refused")
    func fieldsOfATrainingConfigThatAre() {
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
                  split: {group: carrier}
                  algorithm: {command: [python, train.py], source: trainers/churn}
                  evaluation: 
                    metrics: [roc_auc]
                    slices: [carrier]
                    gates:
                      - {metric: roc_auc, comparedTo: production, maxIncrease: 0.1}
                      - {metric: roc_auc, slice: a, maxGap: 0.1}
                  search: {trials: 3}
                """)
        let expected = """
            m.yaml:9:11: error: field 'group' is not supported yet
                  split: {group: carrier}
                          ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:10:15: error: field 'command' is not supported yet
                  algorithm: {command: [python, train.py], source: trainers/churn}
                              ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:10:44: error: field 'source' is not supported yet
                  algorithm: {command: [python, train.py], source: trainers/churn}
                                                           ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:13:5: error: field 'slices' is not supported yet
                    slices: [carrier]
                    ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:15:27: error: field 'comparedTo' is not supported yet
                      - {metric: roc_auc, comparedTo: production, maxIncrease: 0.1}
                                          ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:15:51: error: field 'maxIncrease' is not supported yet
                      - {metric: roc_auc, comparedTo: production, maxIncrease: 0.1}
                                                                  ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:16:27: error: field 'slice' is not supported yet
                      - {metric: roc_auc, slice: a, maxGap: 0.1}
                                          ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:16:37: error: field 'maxGap' is not supported yet
                      - {metric: roc_auc, slice: a, maxGap: 0.1}
                                                    ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:17:3: error: field 'search' is not supported yet
                  search: {trials: 3}
                  ^
            hint: remove it; a later version of Ingot will have it
            """
        #expect(messages == expected)
    }

    @Test("Fields of a deployment that are not built yet are refused")
    func fieldsOfADeploymentThatAreNot() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: delay}
                spec: {model: {name: delay, stage: production}, traffic: {}, predictionLog: {}}
                """)
        let expected = """
            m.yaml:4:49: error: field 'traffic' is not supported yet
                spec: {model: {name: delay, stage: production}, traffic: {}, predictionLog: {}}
                                                                ^
            hint: remove it; a later version of Ingot will have it

            m.yaml:4:62: error: field 'predictionLog' is not supported yet
                spec: {model: {name: delay, stage: production}, traffic: {}, predictionLog: {}}
                                                                             ^
            hint: remove it; a later version of Ingot will have it
            """
        #expect(messages == expected)
    }
}
