import Manifests
import ResourceAPI
import Testing

@Suite("The manifests of the design")
struct DesignTests {
    private func parse(_ text: String) -> ParsedManifests {
        ManifestParser.parse([
            ManifestFile(path: RepositoryPath("ingot.yaml"), bytes: Array(text.utf8))
        ])
    }

    @Test("Without the fields that are not built yet they are read")
    func supportedPartIsRead() {
        let parsed = parse(DesignManifests.supported)
        #expect(parsed.diagnostics.map(\.description) == [])
        #expect(
            parsed.resources.map(\.id.description) == [
                "project/flights", "dataset/weather", "featureview/origin-delays",
                "featureview/weather", "trainingconfig/arrival-delay", "model/arrival-delay",
                "deployment/arrival-delay",
            ])
        #expect(parsed.invalid == [] && parsed.failedFiles == [])
    }

    @Test("Each field that is not built yet is refused at its place, and nothing else is")
    func plannedPartIsRefused() {
        let parsed = parse(DesignManifests.complete)
        let short = parsed.diagnostics.map {
            "\($0.location?.line ?? 0):\($0.location?.column ?? 0) \($0.message)"
        }
        #expect(
            short == [
                "71:3 field 'search' is not supported yet",
                "74:5 field 'slices' is not supported yet",
                "77:28 field 'comparedTo' is not supported yet",
                "77:52 field 'maxIncrease' is not supported yet",
                "78:27 field 'slice' is not supported yet",
                "78:42 field 'maxGap' is not supported yet",
                "97:3 field 'traffic' is not supported yet",
                "98:3 field 'predictionLog' is not supported yet",
            ])
        #expect(
            parsed.resources.map(\.id.description) == [
                "project/flights", "dataset/weather", "featureview/origin-delays",
                "featureview/weather", "model/arrival-delay",
            ])
    }
}
