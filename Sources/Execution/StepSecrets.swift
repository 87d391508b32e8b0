/// What a step needs and nobody may see: it goes to the worker over its socket, and shows in no
/// text, however it is printed.
package struct StepSecrets: Sendable, CustomStringConvertible, CustomReflectable {
    /// By field.
    let values: [String: String]

    package init(_ values: [String: String]) {
        self.values = values
    }

    package static let none = StepSecrets([:])

    package var description: String { "\(values.count) secrets" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
