/// Where each column of a signature goes in the packed rows.
struct ColumnIndex: Sendable {
    enum Place: Hashable, Sendable {
        case numeric(Int)
        case categorical(Int)
        case integer(Int, ModelSignature.IntegerKind)
        case double(Int)
    }

    /// In the signature's order.
    let names: [String]
    let places: [Place]
    let numericWidth: Int
    let categoricalWidth: Int
    let integerWidth: Int
    let doubleWidth: Int
    /// By index into `names`: whether a request may leave the column out.
    let isOmissible: [Bool]
    private let positions: [String: Int]

    init(_ signature: ModelSignature) {
        let numeric = signature.numeric?.columns ?? []
        let categorical = signature.categorical?.columns ?? []
        let integer = signature.integer?.columns ?? []
        let double = signature.double?.columns ?? []
        names = numeric + categorical + integer + double
        places =
            numeric.indices.map { .numeric($0) } + categorical.indices.map { .categorical($0) }
            + zip(integer.indices, signature.integer?.kinds ?? []).map { .integer($0, $1) }
            + double.indices.map { .double($0) }
        integerWidth = integer.count
        doubleWidth = double.count
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
