import ResourceAPI
extension Predictor {
    /// The most rows of one request.
    package static let maximumRows = 10_000

    /// The packed rows of a request, which has either the signature's tensors ("numeric" of shape
    /// [n, k], "categorical" of shape [n, m]) or one input per column (shape [n] or [n, 1]). Null is
    /// a missing value.
    /// - Throws: an `InferenceError` whose `isRequestFault` is true.
    package func rows(of request: InferRequest) throws(InferenceError) -> RowBatch {
        var online: OnlineRequest?
        return try rows(of: request, online: &online)
    }

    /// - Parameter online: where features come from that the request has not but whose entities it
    ///   names.
    package func rows(
        of request: InferRequest, online: inout OnlineRequest?
    ) throws(InferenceError) -> RowBatch {
        let packedNames = signature.inputs.map(\.name)
        // A column may have a packed tensor's name, then the other inputs decide.
        let packed = request.inputs.first {
            packedNames.contains($0.name) && columns.position(of: $0.name) == nil
        }
        let allPacked = request.inputs.allSatisfy { packedNames.contains($0.name) }
        if packed != nil
            || (allPacked && !request.inputs.isEmpty
                && columns.names.count > request.inputs.count)
        {
            return try packedRows(request, packedNames)
        }
        return try columnRows(request, &online)
    }

    // MARK: Packed tensors

    private func packedRows(
        _ request: InferRequest, _ packedNames: [String]
    ) throws(InferenceError) -> RowBatch {
        var given: [String] = []
        var rowsOfFirst: (name: String, rows: Int)?
        var assembler = RowAssembler(
            request: request, takesNulls: signature.numeric?.nullable != false)
        for input in request.inputs {
            guard let wanted = signature.inputs.first(where: { $0.name == input.name }) else {
                if columns.position(of: input.name) != nil {
                    throw .inputsMixed(packed: packedNames[0], column: input.name)
                }
                throw .inputUnknown(
                    input.name, near: NearName.of(input.name, among: packedNames))
            }
            if given.contains(input.name) { throw .inputDuplicate(input.name) }
            given.append(input.name)
            let width = wanted.columns.count
            guard input.shape.count == 2, input.shape[1] == width else {
                throw .inputShape(
                    input: input.name, shape: input.shape, expected: "[rows, \(width)]")
            }
            try assembler.check(input, rows: input.shape[0], width: width, &rowsOfFirst)
            switch wanted.datatype {
            case .int64:
                try assembler.fillIntegers(
                    input, column: 0, width: width, wanted.kinds ?? [], of: wanted)
            case .fp64: try assembler.fillDoubles(input, column: 0, width: width, of: wanted)
            case .bytes:
                try assembler.checkDatatype(input, numeric: false)
                try assembler.fillTexts(input, column: 0, width: width)
            default:
                try assembler.checkDatatype(input, numeric: true)
                try assembler.fillNumbers(input, column: 0, width: width)
            }
        }
        let missing = packedNames.filter { !given.contains($0) }
        guard missing.isEmpty else { throw .inputsMissing(missing, of: packedNames.count) }
        return assembler.batch
    }

    // MARK: One input per column

    private func columnRows(
        _ request: InferRequest, _ online: inout OnlineRequest?
    ) throws(InferenceError) -> RowBatch {
        let names = columns.names
        var given = [Bool](repeating: false, count: names.count)
        var rowsOfFirst: (name: String, rows: Int)?
        var assembler = RowAssembler(
            request: request, takesNulls: signature.numeric?.nullable != false)
        for input in request.inputs {
            guard let position = columns.position(of: input.name) else {
                if try online?.takesKey(input) == true {
                    try assembler.check(input, rows: input.shape[0], width: 1, &rowsOfFirst)
                    continue
                }
                throw .inputUnknown(input.name, near: NearName.of(input.name, among: names))
            }
            if given[position] { throw .inputDuplicate(input.name) }
            given[position] = true
            guard input.shape.count == 1 || (input.shape.count == 2 && input.shape[1] == 1) else {
                throw .inputShape(
                    input: input.name, shape: input.shape, expected: "[rows] or [rows, 1]")
            }
            try assembler.check(input, rows: input.shape[0], width: 1, &rowsOfFirst)
            switch columns.places[position] {
            case .numeric(let column):
                try assembler.checkDatatype(input, numeric: true)
                try assembler.fillNumbers(input, column: column, width: columns.numericWidth)
            case .categorical(let column):
                try assembler.checkDatatype(input, numeric: false)
                try assembler.fillTexts(input, column: column, width: columns.categoricalWidth)
            case .integer(let column, let kind):
                try assembler.fillIntegers(
                    input, column: column, width: columns.integerWidth, [kind],
                    of: signature.integer)
            case .double(let column):
                try assembler.fillDoubles(
                    input, column: column, width: columns.doubleWidth, of: signature.double)
            }
        }
        if !request.inputs.isEmpty { try online?.plan(request, given: &given) }
        // Without any input there is nothing that says how many rows there are.
        let isEmpty = request.inputs.isEmpty
        let missing = names.indices.filter {
            !given[$0] && (isEmpty || !columns.isOmissible[$0])
        }
        guard missing.isEmpty else {
            throw .inputsMissing(missing.map { names[$0] }, of: names.count)
        }
        assembler.fillOmitted(
            numericWidth: columns.numericWidth, categoricalWidth: columns.categoricalWidth)
        try online?.fill(
            &assembler.batch, from: request, columns: columns,
            takesNulls: signature.numeric?.nullable != false)
        return assembler.batch
    }
}

/// Puts the elements of a request's inputs at their places in packed rows.
struct RowAssembler {
    let request: InferRequest
    /// Whether numbers may be missing.
    let takesNulls: Bool
    var batch: RowBatch

    init(request: InferRequest, takesNulls: Bool) {
        self.request = request
        self.takesNulls = takesNulls
        batch = RowBatch(rows: 0, numeric: [], categorical: [], text: request.text)
    }

    /// Row count, element count and nesting. `first` is the input that set the number of rows.
    mutating func check(
        _ input: InferRequest.Input, rows: Int, width: Int,
        _ first: inout (name: String, rows: Int)?
    ) throws(InferenceError) {
        guard rows <= Predictor.maximumRows else {
            throw .tooManyRows(rows, limit: Predictor.maximumRows)
        }
        guard input.elements.count == rows * width else {
            throw .inputCount(input: input.name, shape: input.shape, count: input.elements.count)
        }
        if let inner = input.innerCount {
            guard input.shape.count == 2, inner == width else {
                throw .inputRagged(input: input.name, shape: input.shape)
            }
        }
        guard let known = first else {
            first = (input.name, rows)
            batch.rows = rows
            return
        }
        guard known.rows == rows else {
            throw .inputRows(
                input: input.name, rows: rows, other: known.name, otherRows: known.rows)
        }
    }

    /// Room for columns of which the request has none at all.
    mutating func fillOmitted(numericWidth: Int, categoricalWidth: Int) {
        if batch.numeric.isEmpty {
            batch.numeric = [Float](repeating: .nan, count: batch.rows * numericWidth)
        }
        if batch.categorical.isEmpty {
            batch.categorical = [Range<Int>](
                repeating: 0..<0, count: batch.rows * categoricalWidth)
        }
    }

    func checkDatatype(_ input: InferRequest.Input, numeric: Bool) throws(InferenceError) {
        if numeric, input.datatype == .bytes {
            throw .inputDatatype(input: input.name, datatype: "BYTES", expected: "FP32")
        }
        if !numeric, input.datatype != .bytes {
            throw .inputDatatype(
                input: input.name, datatype: input.datatype.rawValue, expected: "BYTES")
        }
    }

    /// - Parameters:
    ///   - column: where the input's first column goes.
    ///   - width: of the packed rows.
    mutating func fillNumbers(
        _ input: InferRequest.Input, column: Int, width: Int
    ) throws(InferenceError) {
        if batch.numeric.isEmpty {
            batch.numeric = [Float](repeating: .nan, count: batch.rows * width)
        }
        let own = input.shape.count == 2 && input.shape[1] == width ? width : 1
        let step = own == width ? 1 : width
        var target = column
        let integers = input.datatype.integerRange
        for index in input.elements {
            switch request.elements[index] {
            case .null:
                guard takesNulls else {
                    throw .valueNull(
                        input: input.name, index: index - input.elements.lowerBound)
                }
            case .number(let value):
                guard input.datatype != .bool else { throw wrong(input, index) }
                if let integers {
                    guard value == value.rounded() else { throw wrong(input, index) }
                    guard integers.contains(value) else { throw range(input, index) }
                }
                let float = Float(value)
                guard float.isFinite else { throw range(input, index) }
                batch.numeric[target] = float
            case .bool(let value):
                guard input.datatype == .bool else { throw wrong(input, index) }
                batch.numeric[target] = value ? 1 : 0
            case .string: throw wrong(input, index)
            }
            target += step
        }
    }

    mutating func fillTexts(
        _ input: InferRequest.Input, column: Int, width: Int
    ) throws(InferenceError) {
        if batch.categorical.isEmpty {
            batch.categorical = [Range<Int>](repeating: 0..<0, count: batch.rows * width)
        }
        let own = input.shape.count == 2 && input.shape[1] == width ? width : 1
        let step = own == width ? 1 : width
        var target = column
        for index in input.elements {
            switch request.elements[index] {
            case .null: break
            case .string(let start, let count):
                batch.categorical[target] = Int(start)..<Int(start) + Int(count)
            case .bool, .number: throw wrong(input, index)
            }
            target += step
        }
    }

    func range(_ input: InferRequest.Input, _ index: Int) -> InferenceError {
        .valueRange(
            input: input.name, index: index - input.elements.lowerBound,
            datatype: input.datatype == .fp64
                ? "FP32, which the model takes" : input.datatype.rawValue)
    }

    /// An element of another type than the input's.
    func wrong(_ input: InferRequest.Input, _ index: Int) -> InferenceError {
        let found: String
        switch request.elements[index] {
        case .string(let start, let count):
            let bytes = request.text[Int(start)..<Int(start) + Int(count)].prefix(20)
            let text = String(decoding: bytes, as: UTF8.self)
            let word = text.lowercased()
            if ["nan", "inf", "infinity"].contains(where: { word == $0 || word == "-" + $0 }) {
                return .valueNaN(
                    input: input.name, index: index - input.elements.lowerBound, text: text)
            }
            found = "a string"
        case .number(let value): found = value == value.rounded() ? "a number" : "a fraction"
        case .bool: found = "a boolean"
        case .null: found = "null"
        }
        return .valueType(
            input: input.name, index: index - input.elements.lowerBound, found: found,
            datatype: input.datatype.rawValue)
    }
}
