/// Where each column of a signature goes in the packed rows.
struct ColumnIndex: Sendable {
    enum Place: Hashable, Sendable {
        case numeric(Int)
        case categorical(Int)
    }

    /// In the signature's order.
    let names: [String]
    let places: [Place]
    let numericWidth: Int
    let categoricalWidth: Int
    /// By index into `names`: whether a request may leave the column out.
    let isOmissible: [Bool]
    private let positions: [String: Int]

    init(_ signature: ModelSignature) {
        let numeric = signature.numeric?.columns ?? []
        let categorical = signature.categorical?.columns ?? []
        names = numeric + categorical
        places =
            numeric.indices.map { .numeric($0) } + categorical.indices.map { .categorical($0) }
        numericWidth = numeric.count
        categoricalWidth = categorical.count
        let omissible = signature.inputs.reduce(into: Set<String>()) { $0.formUnion($1.omissible) }
        isOmissible = names.map(omissible.contains)
        positions = Dictionary(
            zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    }

    /// Index into `names`.
    func position(of name: String) -> Int? { positions[name] }
}
