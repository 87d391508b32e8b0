import ArgumentParser
import Foundation
import ResourceAPI

/// Where the controller's configuration is.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .long,
        help: """
            The controller's configuration, with the credentials of sources. Default: \
            $INGOT_CONFIG, or ~/.config/ingot/config.yaml.
            """)
    var config: String?

    var credentials: ConfiguredCredentials {
        ConfiguredCredentials(
            path: config.map(AbsolutePath.of), environment: ProcessInfo.processInfo.environment)
    }
}
