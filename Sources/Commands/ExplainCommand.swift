import ArgumentParser
import Manifests
import ResourceAPI

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Print the documentation of a kind or of one field.",
        discussion: "For instance: ingot explain trainingconfig.spec.split")

    @Argument(help: "KIND or KIND.FIELD, such as dataset.spec.source.")
    var field: String

    @OptionGroup var format: OutputOptions

    @Flag(help: "Print the kind's JSON Schema, for editors.")
    var jsonSchema = false

    func run() throws {
        if jsonSchema {
            guard let kind = ResourceKind(word: field) else {
                throw CommandError.unknownKind(field)
            }
            Terminal.write(try JSONText.pretty(FieldDocumentation.jsonSchema(for: kind)))
            return
        }
        guard let text = FieldDocumentation.explain(field) else {
            throw CommandError.unknownField(field, hint: FieldDocumentation.hint(for: field))
        }
        try format.write(
            ["field": field, "text": text], text: text.hasSuffix("\n") ? text : text + "\n")
    }
}
