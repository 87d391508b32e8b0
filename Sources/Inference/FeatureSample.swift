#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import ResourceAPI

/// A sample of vectors as the training path computed them: `sample.json` of an `online` step's
/// artifact. The server holds its own answers against it before it serves.
package struct FeatureSample: Sendable {
    struct Row: Sendable {
        let key: [EntityValue?]
        /// Microseconds since 1970.
        let time: Int64
        /// In the order of the file's outputs.
        let values: [FeatureValue]
    }

    let rows: [Row]
    private let file: OnlineFile

    static let maximumBytes = 16 << 20

    /// Reads the sample of a file. Blocks.
    /// - Throws: `InferenceError.fileUnreadable`, `.fileTooLarge`, `.digestMismatch`, `.online`.
    package init(
        path: String, expecting digest: Digest, of file: OnlineFile
    ) throws(InferenceError) {
        let bytes = try BoundedFile.read(
            path: path, limitBytes: Self.maximumBytes, expecting: digest)
        let decoded: Content
        do {
            decoded = try JSONDecoder().decode(Content.self, from: Data(bytes))
        } catch {
            throw .online(.sampleMalformed(path: path, "it is not valid JSON"))
        }
        var rows: [Row] = []
        for row in decoded.rows {
            guard row.key.count == file.keys.count, row.values.count == file.outputs.count else {
                throw .online(.sampleMalformed(path: path, "a row is of another width"))
            }
            guard row.time >= file.instant else {
                throw .online(.sampleMalformed(path: path, "a row is of an earlier time"))
            }
            rows.append(row.sampled(by: file))
        }
        self.rows = rows
        self.file = file
    }

    /// Looks every row up as a request's would be, and stops at the first value that differs.
    package func comparison() throws(InferenceError) -> FeatureComparison {
        var values = 0
        for row in rows {
            let vector = try file.vector(of: row.key, at: row.time)
            for (index, output) in file.outputs.enumerated()
            where file.isExact(output, event: vector.event, at: row.time) {
                guard vector.values[index].isIdentical(to: row.values[index]) else {
                    return differs(row, index, vector.values[index], equal: values)
                }
                values += 1
            }
        }
        return FeatureComparison(vectors: rows.count, values: values)
    }

    /// Sends every row through the reading of requests to the rows that the model takes, and stops
    /// at the first column that differs. Only columns that the model reads are counted.
    package func comparison(
        through features: OnlineFeatures, of predictor: Predictor
    ) throws(InferenceError) -> FeatureComparison {
        var values = 0
        // A request's time has a year of four digits.
        for row in rows where InstantText.read(InstantText.write(row.time)) == row.time {
            let read = try assembled(row, features, predictor)
            let event = try file.vector(of: row.key, at: row.time).event
            for (index, value) in read
            where file.isExact(file.outputs[index], event: event, at: row.time) {
                guard value.isIdentical(to: row.values[index]) else {
                    return differs(row, index, value, equal: values)
                }
                values += 1
            }
        }
        return FeatureComparison(vectors: rows.count, values: values)
    }

    /// Index of an output and what the model would be given for it.
    private func assembled(
        _ row: Row, _ features: OnlineFeatures, _ predictor: Predictor
    ) throws(InferenceError) -> [(Int, FeatureValue)] {
        let columns = predictor.columns
        let request = try request(row).withUnsafeBufferPointer { bytes throws(InferenceError) in
            try InferRequestReader.read(bytes)
        }
        let sources = features.sources.filter { $0.file === file }
        var online = OnlineRequest(features: OnlineFeatures(sources: sources), now: row.time)
        var given = [Bool](repeating: false, count: columns.names.count)
        for input in request.inputs { _ = try online.takesKey(input) }
        try online.plan(request, given: &given)
        var batch = RowBatch(
            rows: 1, numeric: [Float](repeating: .nan, count: columns.numericWidth),
            categorical: [Range<Int>](repeating: 0..<0, count: columns.categoricalWidth),
            text: request.text)
        try online.fill(&batch, from: request, columns: columns, takesNulls: true)
        return sources.flatMap(\.reads).map { read in
            switch columns.places[read.position] {
            case .numeric(let column):
                let value = batch.numeric[column]
                return (read.output, value.isNaN ? .missing : .number(value))
            case .categorical(let column):
                let text = String(decoding: batch.text[batch.categorical[column]], as: UTF8.self)
                return (read.output, text.isEmpty ? .missing : .text(text))
            case .integer, .double: return (read.output, .missing)
            }
        }
    }

    /// The row's key as the body of a request.
    private func request(_ row: Row) -> [UInt8] {
        var writer = JSONWriter()
        writer.raw("{\"parameters\":{\"timestamp\":")
        writer.string(InstantText.write(row.time))
        writer.raw("},\"inputs\":")
        writer.list(Array(zip(file.keys, row.key))) { writer, key in
            writer.raw("{\"name\":")
            writer.string(key.0.name)
            writer.raw(",\"shape\":[1],\"datatype\":")
            switch key.0.type {
            case .string, .integer: writer.raw("\"BYTES\",\"data\":[")
            case .boolean: writer.raw("\"BOOL\",\"data\":[")
            }
            switch key.1 {
            case .text(let text): writer.string(text)
            case .integer(let number): writer.string(number.description)
            case .boolean(true): writer.raw("true")
            case .boolean(false): writer.raw("false")
            case nil: writer.raw("null")
            }
            writer.raw("]}")
        }
        writer.raw("}")
        return writer.bytes
    }

    private func differs(
        _ row: Row, _ index: Int, _ served: FeatureValue, equal: Int
    ) -> FeatureComparison {
        let key = zip(file.keys, row.key).map { "\($0.name)=\($1?.description ?? "null")" }
        return FeatureComparison(
            difference: FeatureComparison.Difference(
                view: file.view, feature: file.outputs[index].name,
                key: key.joined(separator: ","), time: InstantText.write(row.time),
                served: served.description, trained: row.values[index].description),
            vectors: 0, values: equal)
    }
}

extension FeatureComparison {
    /// Of both; the first difference counts.
    package func joined(_ other: FeatureComparison) -> FeatureComparison {
        FeatureComparison(
            difference: difference ?? other.difference, vectors: vectors + other.vectors,
            values: values + other.values)
    }
}

/// As the worker writes it.
private struct Content: Decodable {
    let rows: [ContentRow]
}

private struct ContentRow: Decodable {
    let key: [Scalar]
    let at: Int64
    let values: [Scalar]

    var time: Int64 { at }

    func sampled(by file: OnlineFile) -> FeatureSample.Row {
        FeatureSample.Row(
            key: key.map { scalar in
                switch scalar {
                case .null: nil
                case .text(let text): .text(text)
                case .integer(let number): .integer(number)
                case .flag(let flag): .boolean(flag)
                }
            },
            time: at,
            values: values.map { scalar in
                switch scalar {
                case .text(let text): text.isEmpty ? .missing : .text(text)
                case .integer(let bits):
                    UInt32(exactly: bits).map { .number(Float(bitPattern: $0)) } ?? .missing
                case .null, .flag: .missing
                }
            })
    }
}

private enum Scalar: Decodable {
    case null
    case text(String)
    case integer(Int64)
    case flag(Bool)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }
}
