/// Starts instances. The gateway starts processes; tests start instances within themselves.
package protocol InstanceLauncher: Sendable {
    /// Returns when the instance exists, which is long before it is ready.
    /// - Parameter logPath: what it prints goes there.
    func launch(
        _ configuration: InstanceConfiguration, logPath: String
    ) async throws -> any LaunchedInstance
}

package protocol LaunchedInstance: Sendable {
    /// Waits for its end, and says how it ended: "exited with code 1".
    func waitForEnd() async -> String
    /// Asks it to finish.
    func terminate() async
    /// Ends it.
    func kill() async
}
