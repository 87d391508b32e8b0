import Manifests
import ResourceAPI

/// All diagnostics of one file `m.yaml`, as people see them, separated by empty lines.
func messages(of text: String, limits: ManifestLimits = .standard) -> String {
    messages(of: Array(text.utf8), limits: limits)
}

func messages(of bytes: [UInt8], limits: ManifestLimits = .standard) -> String {
    parse(bytes, limits: limits).diagnostics.map(\.description).joined(separator: "\n\n")
}

func parse(_ text: String) -> ParsedManifests { parse(Array(text.utf8)) }

func parse(_ bytes: [UInt8], limits: ManifestLimits = .standard) -> ParsedManifests {
    ManifestParser.parse(
        [ManifestFile(path: RepositoryPath("m.yaml"), bytes: bytes)], limits: limits)
}

func id(_ text: String) -> ResourceID? { ResourceID(text) }

let validDataset = """
    apiVersion: ingot/v1
    kind: Dataset
    metadata: {name: weather}
    spec:
      source: {file: {path: data/weather.csv}}

    """
