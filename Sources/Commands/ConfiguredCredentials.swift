import Execution
import Foundation
import Glibc
import Manifests
import Reconciler
import ResourceAPI

/// The credentials of the controller's configuration. It is read whenever somebody asks, so that
/// what is corrected counts at once.
struct ConfiguredCredentials: SourceCredentials {
    private static let bytesMax = 1 << 20
    private static let variable = "INGOT_CONFIG"

    /// Absolute.
    let path: String
    let environment: [String: String]

    /// - Parameter path: absolute; nil is where the environment says, or the usual place.
    init(path: String? = nil, environment: [String: String]) {
        self.path = path ?? Self.usualPath(environment)
        self.environment = environment
    }

    private static func usualPath(_ environment: [String: String]) -> String {
        if let path = environment[variable], !path.isEmpty { return AbsolutePath.of(path) }
        let folder =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? NSHomeDirectory() + "/.config"
        return folder + "/ingot/config.yaml"
    }

    func secrets(of name: ResourceName) throws -> StepSecrets {
        guard let entry = try configuration().credentials[name] else {
            let names = try configuration().credentials.keys.map(\.text).sorted()
            throw CommandError.unknownCredentials(
                name, path: path,
                hint: NearName.hint(for: name.text, among: names)
                    ?? (names.isEmpty
                        ? "add them below 'credentials:'"
                        : "it has: \(names.joined(separator: ", "))"))
        }
        var values: [String: String] = [:]
        for (field, value) in entry { values[field] = try text(value, field, of: name) }
        return StepSecrets(values)
    }

    private func configuration() throws -> ControllerConfiguration {
        var status = stat()
        guard stat(path, &status) == 0,
            let data = FileManager.default.contents(atPath: path)
        else { throw CommandError.noConfiguration(path: path) }
        guard status.st_mode & S_IROTH == 0 else {
            throw CommandError.configurationOpen(path: path)
        }
        let file = ManifestFile(path: RepositoryPath(path), bytes: Array(data))
        let (configuration, diagnostics) = ConfigurationFile.parse(file)
        guard let configuration else {
            throw CommandError.badConfiguration(path: path, diagnostics)
        }
        return configuration
    }

    private func text(
        _ value: ControllerConfiguration.Value, _ field: String, of name: ResourceName
    ) throws -> String {
        switch value {
        case .text(let text): return text
        case .environment(let variable):
            guard let text = environment[variable] else {
                throw CommandError.credentialMissing(
                    name, field: field, from: "the environment variable \(variable)")
            }
            return text
        case .file(let file):
            let folder = (path as NSString).deletingLastPathComponent
            let full = file.hasPrefix("/") ? file : folder + "/" + file
            guard let data = FileManager.default.contents(atPath: full),
                data.count <= Self.bytesMax
            else {
                throw CommandError.credentialMissing(name, field: field, from: "the file \(full)")
            }
            // Editors end a file with a line feed, which is no part of a secret.
            var text = String(decoding: data, as: UTF8.self)
            if text.hasSuffix("\n") { text.removeLast() }
            return text
        }
    }
}
