import ResourceAPI

/// The online files from which a model's features can be looked up.
package final class OnlineFeatures: Sendable {
    /// A column of the model that a file has.
    struct Read: Sendable {
        /// Index into the file's outputs, and into the columns of the model.
        let output: Int
        let position: Int
    }

    struct Source: Sendable {
        let file: OnlineFile
        let reads: [Read]
    }

    let sources: [Source]
    private let keyNames: Set<String>

    /// - Throws: `InferenceError.online`: a column of the model is of another type in a file.
    package convenience init(files: [OnlineFile], predictor: Predictor) throws(InferenceError) {
        var sources: [Source] = []
        for file in files {
            var reads: [Read] = []
            for (index, output) in file.outputs.enumerated() {
                guard let position = predictor.columns.position(of: output.name) else { continue }
                // Integers and doubles are request values, which no view has.
                let isText: Bool? =
                    switch predictor.columns.places[position] {
                    case .numeric: false
                    case .categorical: true
                    case .integer, .double: nil
                    }
                guard isText == output.isText else {
                    throw .online(.columnType(column: output.name, view: file.view))
                }
                reads.append(Read(output: index, position: position))
            }
            sources.append(Source(file: file, reads: reads))
        }
        self.init(sources: sources)
    }

    init(sources: [Source]) {
        self.sources = sources
        keyNames = Set(sources.flatMap { $0.file.keys.map(\.name) })
    }

    package var files: [OnlineFile] { sources.map(\.file) }

    /// Whether a request may have an input of this name to name entities.
    func isKey(_ name: String) -> Bool { keyNames.contains(name) }

    /// `featureview/weather`'s features that the model reads, by name.
    package func names(of view: String) -> [String] {
        sources.filter { $0.file.view == view }
            .flatMap { source in source.reads.map { source.file.outputs[$0.output].name } }
    }
}

/// The features of one request that are looked up: which, for which entities, at what time.
package struct OnlineRequest: Sendable {
    package struct ViewStatus: Hashable, Sendable {
        package let name: String
        package let status: FeatureStatus
    }

    /// A file of which features are needed.
    private struct Need {
        let source: OnlineFeatures.Source
        let reads: [OnlineFeatures.Read]
        let inputs: [InferRequest.Input]
    }

    private let features: OnlineFeatures
    /// Microseconds since 1970.
    private let now: Int64
    private var keyInputs: [String: InferRequest.Input] = [:]
    private var needs: [Need] = []
    /// The worst status of each view of which features were looked up.
    package private(set) var statuses: [ViewStatus] = []

    /// - Parameter now: microseconds since 1970. Before the instant of a file, that instant counts:
    ///   a clock that is slow shall not stop serving.
    package init(features: OnlineFeatures, now: Int64) {
        self.features = features
        self.now = now
    }

    /// Takes an input that is no column of the model but names entities.
    mutating func takesKey(_ input: InferRequest.Input) throws(InferenceError) -> Bool {
        guard features.isKey(input.name) else { return false }
        guard keyInputs[input.name] == nil else { throw .inputDuplicate(input.name) }
        guard input.shape.count == 1 || (input.shape.count == 2 && input.shape[1] == 1) else {
            throw .online(.keyShape(key: input.name, shape: input.shape))
        }
        keyInputs[input.name] = input
        return true
    }

    /// Decides what is looked up: features that the request does not give.
    /// - Parameter given: by column of the model; what will be looked up is marked.
    mutating func plan(
        _ request: InferRequest, given: inout [Bool]
    ) throws(InferenceError) {
        for source in features.sources {
            let reads = source.reads.filter { !given[$0.position] }
            guard let first = reads.first else { continue }
            var inputs: [InferRequest.Input] = []
            for key in source.file.keys {
                guard
                    let input = keyInputs[key.name]
                        ?? request.inputs.first(where: { $0.name == key.name })
                else {
                    throw .online(
                        .keyMissing(
                            view: source.file.view, key: key.name,
                            feature: source.file.outputs[first.output].name))
                }
                inputs.append(input)
            }
            for read in reads { given[read.position] = true }
            needs.append(Need(source: source, reads: reads, inputs: inputs))
        }
    }

    /// Puts the values where they belong in rows that have room for all columns.
    mutating func fill(
        _ batch: inout RowBatch, from request: InferRequest, columns: ColumnIndex,
        takesNulls: Bool
    ) throws(InferenceError) {
        for need in needs {
            let time = try Self.time(request.timestamp, now: now, for: need.source.file)
            var worst = FeatureStatus.present
            for row in 0..<batch.rows {
                let key = try self.key(row, need, request)
                let vector = try need.source.file.vector(of: key, at: time)
                for read in need.reads {
                    worst = max(worst, vector.statuses[read.output])
                    switch (columns.places[read.position], vector.values[read.output]) {
                    case (.numeric(let column), .number(let value)):
                        batch.numeric[row * columns.numericWidth + column] = value
                    case (.numeric, _):
                        guard takesNulls else {
                            throw .online(
                                .valueMissing(
                                    feature: need.source.file.outputs[read.output].name, row: row,
                                    status: vector.statuses[read.output].rawValue))
                        }
                    case (.categorical(let column), .text(let text)):
                        let start = batch.text.count
                        batch.text.append(contentsOf: text.utf8)
                        batch.categorical[row * columns.categoricalWidth + column] =
                            start..<batch.text.count
                    case (.categorical, _), (.integer, _), (.double, _): break
                    }
                }
            }
            statuses.append(ViewStatus(name: need.source.file.view, status: worst))
        }
    }

    /// The time that a request is of, in microseconds since 1970.
    /// - Parameter text: as the request has it; nil for now.
    package static func time(
        _ text: String?, now: Int64, for file: OnlineFile
    ) throws(InferenceError) -> Int64 {
        guard let text else { return max(now, file.instant) }
        guard let time = InstantText.read(text) else {
            throw .online(.timeMalformed(String(text.prefix(100))))
        }
        guard time >= file.instant else {
            throw .online(
                .timeTooEarly(
                    view: file.view, time: InstantText.write(time),
                    values: InstantText.write(file.instant)))
        }
        return time
    }

    private func key(
        _ row: Int, _ need: Need, _ request: InferRequest
    ) throws(InferenceError) -> [EntityValue?] {
        var key: [EntityValue?] = []
        for (column, input) in zip(need.source.file.keys, need.inputs) {
            let element = request.elements[input.elements.lowerBound + row]
            key.append(try EntityReader.value(element, row, column, text: request.text))
        }
        return key
    }
}

/// Reads what names an entity as the type that the view has.
package enum EntityReader {
    /// Doubles hold whole numbers exactly up to here; larger ones are sent as texts.
    private static let exactLimit = 9_007_199_254_740_992.0

    /// - Returns: nil for null.
    package static func value(
        _ element: InferRequest.Element, _ index: Int, _ key: OnlineFile.Key, text: [UInt8]
    ) throws(InferenceError) -> EntityValue? {
        func wrong(_ found: String) -> InferenceError {
            let expected =
                switch key.type {
                case .string: "a string"
                case .integer: "a whole number"
                case .boolean: "true or false"
                }
            return .online(
                .keyType(key: key.name, index: index, found: found, expected: expected))
        }
        switch (element, key.type) {
        case (.null, _): return nil
        case (.string(let start, let count), .string):
            return .text(
                String(decoding: text[Int(start)..<Int(start) + Int(count)], as: UTF8.self))
        case (.string(let start, let count), .integer):
            let digits = String(
                decoding: text[Int(start)..<Int(start) + Int(count)], as: UTF8.self)
            guard let number = Int64(digits) else { throw wrong("a string") }
            return .integer(number)
        case (.number(let number), .integer):
            guard number == number.rounded() else { throw wrong("a fraction") }
            guard abs(number) <= exactLimit else {
                throw wrong("too large to be exact (send it as a string)")
            }
            return .integer(Int64(number))
        case (.bool(let flag), .boolean): return .boolean(flag)
        case (.string, _): throw wrong("a string")
        case (.number, _): throw wrong("a number")
        case (.bool, _): throw wrong("a boolean")
        }
    }
}
