import Testing

@Suite("Fields that are refused")
struct FieldsTests {
    @Test("An unknown field is named with the one that was meant")
    func anUnknownFieldIsNamedWithThe() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: delay}
                spec: {model: {name: delay, stage: production}, replcas: 2}
                """)
        let expected = """
            m.yaml:4:49: error: unknown field 'replcas'
                spec: {model: {name: delay, stage: production}, replcas: 2}
                                                                ^
            hint: did you mean 'replicas'?
            """
        #expect(messages == expected)
    }

    @Test("An unknown field that resembles none is told what there is")
    func anUnknownFieldThatResemblesNoneIs() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: delay}
                spec: {model: {name: delay, stage: production}, colour: 2}
                """)
        let expected = """
            m.yaml:4:49: error: unknown field 'colour'
                spec: {model: {name: delay, stage: production}, colour: 2}
                                                                ^
            hint: the fields here are model and replicas
            """
        #expect(messages == expected)
    }

    @Test("Values of the wrong type are named")
    func valuesOfTheWrongTypeAreNamed() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: delay}
                spec:
                  model: [delay]
                  replicas: {a: 1}
                """)
        let expected = """
            m.yaml:5:10: error: 'model' must be a mapping, but is a list
                  model: [delay]
                         ^
            hint: see 'ingot explain deployment.spec.model'

            m.yaml:6:13: error: 'replicas' must be a whole number, but is a mapping
                  replicas: {a: 1}
                            ^
            hint: see 'ingot explain deployment.spec.replicas'
            """
        #expect(messages == expected)
    }

    @Test("Missing fields are all named")
    func missingFieldsAreAllNamed() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: delay}
                spec: {model: {name: delay}}
                ---
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: b}
                """)
        let expected = """
            m.yaml:4:15: error: missing field 'stage'
                spec: {model: {name: delay}}
                              ^
            hint: see 'ingot explain deployment.spec.model.stage'

            m.yaml:6:1: error: missing field 'spec'
                apiVersion: ingot/v1
                ^
            hint: see 'ingot explain deployment.spec'
            """
        #expect(messages == expected)
    }

    @Test("A field without a value is refused")
    func aFieldWithoutAValueIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: delay}
                spec:
                  model:
                  replicas: ~
                """)
        let expected = """
            m.yaml:5:3: error: 'model' has no value
                  model:
                  ^
            hint: give it a value, or remove the field

            m.yaml:6:3: error: 'replicas' has no value
                  replicas: ~
                  ^
            hint: give it a value, or remove the field
            """
        #expect(messages == expected)
    }

    @Test("A resource without a name keeps its file from counting as read")
    func aResourceWithoutANameKeepsIts() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {labels: {a: b}}
                spec: {model: {name: delay, stage: production}}
                """)
        let expected = """
            m.yaml:3:11: error: missing field 'name'
                metadata: {labels: {a: b}}
                          ^
            hint: see 'ingot explain deployment.metadata.name'
            """
        #expect(messages == expected)
    }

    @Test("Another API version is refused")
    func anotherAPIVersionIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v2
                kind: Deployment
                metadata: {name: delay}
                spec: {model: {name: delay, stage: production}}
                """)
        let expected = """
            m.yaml:1:13: error: 'apiVersion' must be ingot/v1, but is 'ingot/v2'
                apiVersion: ingot/v2
                            ^
            hint: write 'apiVersion: ingot/v1'
            """
        #expect(messages == expected)
    }

    @Test("An unknown kind is refused with the one that was meant")
    func anUnknownKindIsRefusedWithThe() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Datasett
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                """)
        let expected = """
            m.yaml:2:7: error: 'kind' must be Project, Dataset, FeatureView, TrainingConfig, Model or Deployment, but is 'Datasett'
                kind: Datasett
                      ^
            hint: did you mean 'Dataset'?
            """
        #expect(messages == expected)
    }

    @Test("A window without a timestamp is refused")
    func aWindowWithoutATimestampIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: delays}
                spec:
                  source: {dataset: flights}
                  entity: [origin]
                  features: [{name: n, aggregate: count, windows: [1h]}]
                """)
        let expected = """
            m.yaml:5:3: error: missing field 'timestamp'
                  source: {dataset: flights}
                  ^
            hint: see 'ingot explain featureview.spec.timestamp'
            """
        #expect(messages == expected)
    }
}
