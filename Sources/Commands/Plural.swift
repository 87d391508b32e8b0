/// Numbers with their nouns.
enum Plural {
    /// `1 step`, `2 steps`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
