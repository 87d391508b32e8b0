import ArgumentParser

enum Version {
    static let text = "0.1.0"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version.")

    @OptionGroup var format: OutputOptions

    func run() throws {
        try format.write(["version": Version.text], text: "ingot \(Version.text)\n")
    }
}
