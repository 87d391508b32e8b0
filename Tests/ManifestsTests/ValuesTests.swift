import Testing

@Suite("Values that are refused")
struct ValuesTests {
    @Test("A bad name is refused")
    func aBadNameIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: Weather_Data}
                spec:
                  source: {file: {path: data/weather.csv}}
                """)
        let expected = """
            m.yaml:3:18: error: 'name' is not a valid name: 'Weather_Data'
                metadata: {name: Weather_Data}
                                 ^
            hint: 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends
            """
        #expect(messages == expected)
    }

    @Test("A bad duration is refused")
    func aBadDurationIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather}
                spec:
                  source: {dataset: weather}
                  entity: [origin]
                  timestamp: time_hour
                  ttl: 3 hours
                  features: [{column: temp}]
                """)
        let expected = """
            m.yaml:8:8: error: 'ttl' is not a duration: '3 hours'
                  ttl: 3 hours
                       ^
            hint: a whole number with one of s, m, h, d, w, such as 90s, 15m, 1h, 7d
            """
        #expect(messages == expected)
    }

    @Test("A duration of nothing is refused where it makes no sense")
    func aDurationOfNothingIsRefusedWhere() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather}
                spec:
                  source: {dataset: weather}
                  entity: [origin]
                  timestamp: time_hour
                  ttl: 0s
                  features: [{column: temp}]
                """)
        let expected = """
            m.yaml:8:8: error: 'ttl' must be longer than nothing, but is 0s
                  ttl: 0s
                       ^
            hint: see 'ingot explain featureview.spec.ttl'
            """
        #expect(messages == expected)
    }

    @Test("A bad word of an enumeration is told what is allowed")
    func aBadWordOfAnEnumerationIs() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: TrainingConfig
                metadata: {name: delay}
                spec:
                  spine: {dataset: flights, timestamp: departure, key: [flight_id]}
                  label: {name: late, expression: "arr_delay > 15"}
                  task: clasification
                  features: [{columns: [carrier]}]
                  split: {random: {validation: 0.1, test: 0.2}}
                  algorithm: {name: lightgbm}
                  evaluation: {metrics: [roc_auc]}
                  preprocessing: {numeric: {impute: medain}, categorical: {impute: mode}}
                """)
        let expected = """
            m.yaml:7:9: error: 'task' must be binary-classification, multiclass-classification or regression, but is 'clasification'
                  task: clasification
                        ^
            hint: see 'ingot explain trainingconfig.spec.task'

            m.yaml:12:37: error: 'impute' must be none, median, mean or zero, but is 'medain'
                  preprocessing: {numeric: {impute: medain}, categorical: {impute: mode}}
                                                    ^
            hint: did you mean 'mean'?

            m.yaml:12:68: error: 'impute' must be missing, but is 'mode'
                  preprocessing: {numeric: {impute: medain}, categorical: {impute: mode}}
                                                                                   ^
            hint: see 'ingot explain trainingconfig.spec.preprocessing.categorical.impute'
            """
        #expect(messages == expected)
    }

    @Test("Only decimal whole numbers within the range are taken")
    func onlyDecimalWholeNumbersWithinTheRange() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d0}
                spec: {model: {name: delay, stage: production}, replicas: 0x10}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d1}
                spec: {model: {name: delay, stage: production}, replicas: +1}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d2}
                spec: {model: {name: delay, stage: production}, replicas: 01}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d3}
                spec: {model: {name: delay, stage: production}, replicas: 1.0}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d4}
                spec: {model: {name: delay, stage: production}, replicas: -1}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d5}
                spec: {model: {name: delay, stage: production}, replicas: 99999999999999999999}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: d6}
                spec: {model: {name: delay, stage: production}, replicas: "2"}
                """)
        let expected = """
            m.yaml:4:59: error: 'replicas' must be a whole number, but is '0x10'
                spec: {model: {name: delay, stage: production}, replicas: 0x10}
                                                                          ^
            hint: decimal digits only, such as 20

            m.yaml:9:59: error: 'replicas' must be a whole number, but is '+1'
                spec: {model: {name: delay, stage: production}, replicas: +1}
                                                                          ^
            hint: decimal digits only, such as 20

            m.yaml:14:59: error: 'replicas' must be a whole number, but is '01'
                spec: {model: {name: delay, stage: production}, replicas: 01}
                                                                          ^
            hint: decimal digits only, such as 20

            m.yaml:19:59: error: 'replicas' must be a whole number, but is '1.0'
                spec: {model: {name: delay, stage: production}, replicas: 1.0}
                                                                          ^
            hint: decimal digits only, such as 20

            m.yaml:24:59: error: 'replicas' must be from 1 to 64, but is -1
                spec: {model: {name: delay, stage: production}, replicas: -1}
                                                                          ^
            hint: see 'ingot explain deployment.spec.replicas'

            m.yaml:29:59: error: 'replicas' must be from 1 to 64, but is 99999999999999999999
                spec: {model: {name: delay, stage: production}, replicas: 99999999999999999999}
                                                                          ^
            hint: see 'ingot explain deployment.spec.replicas'

            m.yaml:34:59: error: 'replicas' must be a whole number, but is the text '2'
                spec: {model: {name: delay, stage: production}, replicas: "2"}
                                                                          ^
            hint: write it without quotes: 2
            """
        #expect(messages == expected)
    }

    @Test("Text that YAML could take for something else must be quoted")
    func textThatYAMLCouldTakeForSomething() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  expectations:
                    - {values: {column: origin, in: [EWR, NO, 12:30, 2013-10-01, 0o17]}}
                    - {values: {column: on, in: [a]}, mostly: 1.5}
                    - {notNull: 1}
                """)
        let expected = """
            m.yaml:7:43: error: item 2 of 'in' must be text, but NO without quotes is a boolean in YAML
                    - {values: {column: origin, in: [EWR, NO, 12:30, 2013-10-01, 0o17]}}
                                                          ^
            hint: write "NO"

            m.yaml:7:47: error: item 3 of 'in' must be text, but 12:30 without quotes is a number in YAML
                    - {values: {column: origin, in: [EWR, NO, 12:30, 2013-10-01, 0o17]}}
                                                              ^
            hint: write "12:30"

            m.yaml:7:54: error: item 4 of 'in' must be text, but 2013-10-01 without quotes is a date or time in YAML
                    - {values: {column: origin, in: [EWR, NO, 12:30, 2013-10-01, 0o17]}}
                                                                     ^
            hint: write "2013-10-01"

            m.yaml:7:66: error: item 5 of 'in' must be text, but 0o17 without quotes is a number in YAML
                    - {values: {column: origin, in: [EWR, NO, 12:30, 2013-10-01, 0o17]}}
                                                                                 ^
            hint: write "0o17"

            m.yaml:8:47: error: 'mostly' must be from 0 to 1, but is 1.5
                    - {values: {column: on, in: [a]}, mostly: 1.5}
                                                              ^
            hint: see 'ingot explain dataset.spec.expectations.mostly'

            m.yaml:9:17: error: 'notNull' must be text, but 1 without quotes is a number in YAML
                    - {notNull: 1}
                                ^
            hint: write "1"
            """
        #expect(messages == expected)
    }

    @Test("A boolean is true or false")
    func aBooleanIsTrueOrFalse() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  schema: 
                    - {name: a, type: string, nullable: yes}
                    - {name: b, type: text, nullable: "true"}
                """)
        let expected = """
            m.yaml:7:41: error: 'nullable' must be true or false, but is 'yes'
                    - {name: a, type: string, nullable: yes}
                                                        ^
            hint: write true or false

            m.yaml:8:23: error: 'type' must be string, integer, double, boolean, timestamp or date, but is 'text'
                    - {name: b, type: text, nullable: "true"}
                                      ^
            hint: did you mean 'string'?

            m.yaml:8:39: error: 'nullable' must be true or false, but is the text 'true'
                    - {name: b, type: text, nullable: "true"}
                                                      ^
            hint: write it without quotes: true
            """
        #expect(messages == expected)
    }

    @Test("Amounts of memory have a binary unit")
    func amountsOfMemoryHaveABinaryUnit() {
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
                  evaluation: {metrics: [roc_auc]}
                  resources: {memory: 4GB, cpus: 0, timeout: 30}
                """)
        let expected = """
            m.yaml:12:23: error: 'memory' is not an amount of memory: '4GB'
                  resources: {memory: 4GB, cpus: 0, timeout: 30}
                                      ^
            hint: a whole number with one of Ki, Mi, Gi, Ti, such as 512Mi or 4Gi

            m.yaml:12:34: error: 'cpus' must be from 1 to 1024, but is 0
                  resources: {memory: 4GB, cpus: 0, timeout: 30}
                                                 ^
            hint: see 'ingot explain trainingconfig.spec.resources.cpus'

            m.yaml:12:46: error: 'timeout' is not a duration: '30'
                  resources: {memory: 4GB, cpus: 0, timeout: 30}
                                                             ^
            hint: a whole number with one of s, m, h, d, w, such as 90s, 15m, 1h, 7d
            """
        #expect(messages == expected)
    }

    @Test("A path that leaves its folder is refused")
    func aPathThatLeavesItsFolderIs() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: ../secrets.csv}}
                """)
        let expected = """
            m.yaml:5:25: error: 'path' is not a path inside the repository or a data root: '../secrets.csv'
                  source: {file: {path: ../secrets.csv}}
                                        ^
            hint: relative, with '/' between names, without '.', '..', '\\', ':' and '%'
            """
        #expect(messages == expected)
    }

    @Test("Labels are text")
    func labelsAreText() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata:
                  name: delay
                  labels: {team: [a], on-call: yes, empty: }
                  owners: [ann, ann]
                spec: {model: {name: delay, stage: production}}
                """)
        let expected = """
            m.yaml:5:18: error: 'team' must be text, but is a list
                  labels: {team: [a], on-call: yes, empty: }
                                 ^
            hint: see 'ingot explain deployment.metadata.labels.team'

            m.yaml:5:32: error: 'on-call' must be text, but yes without quotes is a boolean in YAML
                  labels: {team: [a], on-call: yes, empty: }
                                               ^
            hint: write "yes"

            m.yaml:5:37: error: 'empty' has no value
                  labels: {team: [a], on-call: yes, empty: }
                                                    ^
            hint: give it a value, or remove the field

            m.yaml:6:17: error: 'owners' has 'ann' twice
                  owners: [ann, ann]
                                ^
            hint: remove one of them
            """
        #expect(messages == expected)
    }
}
