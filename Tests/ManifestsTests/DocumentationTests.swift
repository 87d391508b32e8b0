import ResourceAPI
import Testing

@testable import Manifests

@Suite("The documentation of fields")
struct DocumentationTests {
    /// What the decoders ask for when they read manifests that hold every field.
    private func acceptedFields() throws -> [ResourceKind: Set<String>] {
        let text = [
            DesignManifests.supported, DesignManifests.others, DesignManifests.settings,
        ].joined(separator: "\n---\n")
        let documents = try DocumentReader.documents(of: Array(text.utf8), limits: .standard).get()
        var accepted: [ResourceKind: Set<String>] = [:]
        for document in documents {
            let outcome = DocumentDecoder.decode(
                document, in: RepositoryPath("m.yaml"), limits: .standard, recordsFields: true)
            let kind = try #require(outcome.id?.kind)
            accepted[kind, default: []].formUnion(try #require(outcome.acceptedFields))
        }
        return accepted
    }

    @Test("The decoders accept exactly the fields of the table", arguments: ResourceKind.allCases)
    func tableIsWhatIsAccepted(kind: ResourceKind) throws {
        let accepted = try #require(try acceptedFields()[kind])
        let described = FieldTable.fields(of: kind).filter { $0.presence != .planned }.map(\.path)
        #expect(accepted.sorted() == described.sorted())
    }

    @Test("Every field has a parent that has fields", arguments: ResourceKind.allCases)
    func parents(kind: ResourceKind) {
        let fields = FieldTable.fields(of: kind)
        for field in fields where !field.parent.isEmpty {
            #expect(fields.contains { $0.path == field.parent && $0.type.hasFields })
        }
        #expect(Set(fields.map(\.path)).count == fields.count)
    }

    @Test("A field is explained")
    func explainField() {
        #expect(
            FieldDocumentation.explain("trainingconfig.spec.split") == """
                TrainingConfig: spec.split
                    type: mapping
                    required

                    How rows are kept apart for testing.

                fields:
                    spec.split.time        mapping            By time: earlier rows train, later rows validate and test.
                    spec.split.random      mapping            By a hash of the key and the seed.
                    spec.split.group       not supported yet  By groups of rows.
                    spec.split.hash        not supported yet  By a hash of chosen columns.
                    spec.split.stratified  not supported yet  By chance, with equal label shares.
                """)
        #expect(
            FieldDocumentation.explain("FeatureView.features[2].aggregate") == """
                FeatureView: spec.features.aggregate
                    type: count, sum, mean, min, max, count_distinct, approx_count_distinct, stddev, variance, first, last, last_n, approx_percentile or mode
                    optional

                    How the values in a window become one; left out, the latest value is taken.
                """)
        #expect(
            FieldDocumentation.explain("deployments.replicas") == """
                Deployment: spec.replicas
                    type: whole number
                    default: 1

                    The number of serving instances.
                """)
    }

    @Test("A kind and a field of all kinds are explained")
    func explainKind() {
        #expect(
            FieldDocumentation.explain("model") == """
                Model

                    A registered model: what makes its versions, which version each stage shows.

                fields:
                    apiVersion           choice            The version of the manifest format.
                    kind                 choice            The kind of the resource.
                    metadata             mapping           What identifies and describes the resource.
                    spec                 mapping           What is asked for; its fields depend on the kind.
                    spec.trainingConfig  name              The training config that makes the versions.
                    spec.stages          list of mappings  Names for versions, such as staging and production.
                """)
        #expect(
            FieldDocumentation.explain("metadata.name")?.hasPrefix("all kinds: metadata.name")
                == true)
        #expect(
            FieldDocumentation.explain("model.metadata.labels.team")?
                .hasPrefix("Model: metadata.labels") == true)
    }

    @Test(
        "What is not known gets a hint",
        arguments: [
            ("trainingconfg.spec.split", "did you mean 'trainingconfig.spec.split'?"),
            ("trainingconfig.spec.splitt", "did you mean 'trainingconfig.spec.split'?"),
            ("trainingconfig.split.tim", "did you mean 'trainingconfig.spec.split.time'?"),
            ("dataset.spec.sql.x", "the fields of dataset.spec.sql are inputs and query"),
            ("deployment.spec.replicas.x", "deployment.spec.replicas has no fields of its own"),
            (
                "",
                "the kinds are project, dataset, featureview, trainingconfig, model and deployment"
            ),
        ])
    func hints(path: String, hint: String) {
        #expect(FieldDocumentation.explain(path) == nil)
        #expect(FieldDocumentation.hint(for: path) == hint)
    }

    @Test("The JSON Schema of a kind knows its fields, choices and what excludes what")
    func jsonSchema() throws {
        let schema = FieldDocumentation.jsonSchema(for: .deployment)
        #expect(schema["title"] == "Deployment")
        #expect(schema["properties"]?["kind"]?["enum"] == ["Deployment"])
        #expect(
            schema["properties"]?["spec"] == [
                "type": "object", "additionalProperties": false, "required": ["model"],
                "description": "What is asked for; its fields depend on the kind.",
                "properties": [
                    "model": [
                        "type": "object", "additionalProperties": false,
                        "required": ["name", "stage"], "description": "What is served.",
                        "properties": [
                            "name": [
                                "type": "string", "description": "The name of the model.",
                                "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
                            ],
                            "stage": [
                                "type": "string", "description": "The stage of the model.",
                                "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
                            ],
                        ],
                    ],
                    "replicas": [
                        "type": "integer", "minimum": 1, "maximum": 64, "default": 1,
                        "description": "The number of serving instances.",
                    ],
                ],
            ])
        let expectations = FieldDocumentation.jsonSchema(for: .dataset)["properties"]?["spec"]?[
            "properties"]?["expectations"]?["items"]?["properties"]
        #expect(
            expectations?["freshness"]?["properties"]?["asOf"]?["pattern"]
                == "^(observed$|[0-9]{4}-[0-9]{2}-[0-9]{2})")
        let stages = FieldDocumentation.jsonSchema(for: .model)["properties"]?["spec"]?[
            "properties"]?["stages"]
        #expect(
            stages?["items"]?["oneOf"] == [
                ["required": ["track"]], ["required": ["version"]], ["required": ["commit"]],
                ["required": ["digest"]],
            ])
    }
}
