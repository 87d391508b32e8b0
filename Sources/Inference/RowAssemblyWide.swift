/// The columns of request values that on-demand features are computed from, in 64 bits.
extension RowAssembler {
    /// - Parameters:
    ///   - column: where the input's first column goes.
    ///   - width: of the packed rows.
    ///   - kinds: of the input's columns.
    mutating func fillIntegers(
        _ input: InferRequest.Input, column: Int, width: Int,
        _ kinds: [ModelSignature.IntegerKind], of port: ModelSignature.Input?
    ) throws(InferenceError) {
        if batch.integers.isEmpty {
            batch.integers = [Int64](
                repeating: RowBatch.missingInteger, count: batch.rows * width)
        }
        guard let first = kinds.first else { return }
        let isTime = first == .timestamp || first == .date
        // Texts of times only make sense in an input of their own.
        if input.datatype == .bytes, kinds.count > 1 || !isTime {
            throw .inputDatatype(
                input: input.name, datatype: "BYTES",
                expected: first == .boolean && kinds.count == 1 ? "BOOL" : "INT64")
        }
        let step = kinds.count == width ? 1 : width
        var target = column
        for (offset, index) in input.elements.enumerated() {
            let kind = kinds[offset % kinds.count]
            if let value = try integer(at: index, of: input, kind, port) {
                batch.integers[target] = value
            }
            target += step
        }
    }

    /// Nil for a null.
    private func integer(
        at index: Int, of input: InferRequest.Input, _ kind: ModelSignature.IntegerKind,
        _ port: ModelSignature.Input?
    ) throws(InferenceError) -> Int64? {
        let position = index - input.elements.lowerBound
        switch request.elements[index] {
        case .null:
            guard port?.nullable != false else {
                throw .valueNull(input: input.name, index: position)
            }
            return nil
        case .string(let start, let count):
            guard input.datatype == .bytes else { throw wrong(input, index) }
            let bytes = request.text[Int(start)..<Int(start) + Int(count)]
            guard let time = RequestTime.microseconds(bytes) else {
                let shown = String(decoding: bytes.prefix(40), as: UTF8.self)
                throw .valueTime(input: input.name, index: position, text: shown)
            }
            return kind == .date ? RequestTime.midnight(time) : time
        case .bool(let value):
            guard input.datatype == .bool else { throw wrong(input, index) }
            guard kind == .boolean else {
                throw .inputDatatype(input: input.name, datatype: "BOOL", expected: "INT64")
            }
            return value ? 1 : 0
        case .number(let number):
            guard input.datatype != .bool, input.datatype != .bytes, number == number.rounded()
            else { throw wrong(input, index) }
            // Larger ones were rounded when the JSON was read.
            guard number.magnitude <= 0x1p53, kind != .boolean || number == 0 || number == 1
            else {
                throw .valueRange(
                    input: input.name, index: position,
                    datatype: kind == .boolean
                        ? "BOOL" : "the 53 bits that a JSON number keeps exactly")
            }
            return kind == .date ? RequestTime.midnight(Int64(number)) : Int64(number)
        }
    }

    mutating func fillDoubles(
        _ input: InferRequest.Input, column: Int, width: Int, of port: ModelSignature.Input?
    ) throws(InferenceError) {
        if batch.doubles.isEmpty {
            batch.doubles = [Double](repeating: .nan, count: batch.rows * width)
        }
        if input.datatype == .bytes || input.datatype == .bool {
            throw .inputDatatype(
                input: input.name, datatype: input.datatype.rawValue, expected: "FP64")
        }
        let isPacked = input.shape.count == 2 && input.shape[1] == width
        var target = column
        for index in input.elements {
            switch request.elements[index] {
            case .null:
                guard port?.nullable != false else {
                    throw .valueNull(
                        input: input.name, index: index - input.elements.lowerBound)
                }
            case .number(let number): batch.doubles[target] = number
            case .bool, .string: throw wrong(input, index)
            }
            target += isPacked ? 1 : width
        }
    }
}
