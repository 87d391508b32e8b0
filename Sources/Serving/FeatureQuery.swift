import Inference
import ResourceAPI

/// A request for features that was read and found right, to be looked up.
struct FeatureQuery: Sendable {
    struct Asked: Sendable {
        let file: OnlineFile
        let output: Int

        /// Without the view.
        var shortName: String {
            String(file.outputs[output].name.dropFirst(file.view.utf8.count + 2))
        }
        var fullName: String { file.outputs[output].name }
    }

    private let request: FeatureRequest
    private let asked: [Asked]
    /// Of `asked`, each once.
    private let files: [OnlineFile]
    /// For each file the columns of the request with its keys.
    private let keys: [[FeatureRequest.Column]]
    private let entities: [FeatureRequest.Column]
    private let names: [String]
    private let rows: Int
    private let now: Int64

    /// How many entities are looked up in how many files.
    var lookups: Int { rows * files.count }

    /// - Throws: `ServingError.features`.
    init(_ request: FeatureRequest, _ asked: [Asked], now: Int64) throws(ServingError) {
        guard let entities = request.entities, let first = entities.first else {
            throw .features(.entitiesMissing)
        }
        for column in entities.dropFirst() where column.range.count != first.range.count {
            throw .features(
                .lengths(
                    column.name, count: column.range.count, other: first.name,
                    otherCount: first.range.count))
        }
        rows = first.range.count
        guard rows <= ServingLimits.featureRows else {
            throw .features(.tooMany(rows: rows, limit: ServingLimits.featureRows))
        }
        guard rows * asked.count <= ServingLimits.featureValues else {
            throw .features(.tooManyValues(limit: ServingLimits.featureValues))
        }
        names = try Self.names(asked, isFull: request.usesFullNames)
        var files: [OnlineFile] = []
        for entry in asked where !files.contains(where: { $0 === entry.file }) {
            files.append(entry.file)
        }
        keys = try Self.keys(files, entities)
        self.files = files
        self.request = request
        self.asked = asked
        self.entities = entities
        self.now = now
    }

    private static func names(_ asked: [Asked], isFull: Bool) throws(ServingError) -> [String] {
        if isFull { return asked.map(\.fullName) }
        var seen: [String: String] = [:]
        for entry in asked {
            if let other = seen.updateValue(entry.fullName, forKey: entry.shortName),
                other != entry.fullName
            {
                throw .features(
                    .sameName(entry.shortName, first: other, second: entry.fullName))
            }
        }
        return asked.map(\.shortName)
    }

    private static func keys(
        _ files: [OnlineFile], _ entities: [FeatureRequest.Column]
    ) throws(ServingError) -> [[FeatureRequest.Column]] {
        let known = Set(files.flatMap { $0.keys.map(\.name) }).sorted()
        for column in entities where !known.contains(column.name) {
            throw .features(
                .keyUnknown(
                    String(column.name.prefix(100)),
                    near: NearName.of(column.name, among: known), known: known))
        }
        var keys: [[FeatureRequest.Column]] = []
        for file in files {
            var own: [FeatureRequest.Column] = []
            for key in file.keys {
                guard let column = entities.first(where: { $0.name == key.name }) else {
                    throw .features(.keyMissing(key.name, view: file.view))
                }
                own.append(column)
            }
            keys.append(own)
        }
        return keys
    }

    /// Looks everything up.
    /// - Throws: `ServingError.features`.
    func answer() throws(ServingError) -> HTTPReply {
        var vectors: [[FeatureVector]] = []
        for (file, columns) in zip(files, keys) {
            do throws(InferenceError) {
                vectors.append(try self.vectors(file, columns))
            } catch {
                throw .features(
                    .lookup(
                        message: error.message, hint: error.hint,
                        isRequestFault: error.isRequestFault))
            }
        }
        return HTTPReply { write(vectors, &$0) }
    }

    private func vectors(
        _ file: OnlineFile, _ columns: [FeatureRequest.Column]
    ) throws(InferenceError) -> [FeatureVector] {
        let time = try OnlineRequest.time(request.timestamp, now: now, for: file)
        var vectors: [FeatureVector] = []
        vectors.reserveCapacity(rows)
        for row in 0..<rows {
            var key: [EntityValue?] = []
            for (column, entry) in zip(file.keys, columns) {
                let element = request.elements[entry.range.lowerBound + row]
                key.append(try EntityReader.value(element, row, column, text: request.text))
            }
            vectors.append(try file.vector(of: key, at: time))
        }
        return vectors
    }

    // MARK: Writing

    /// Column by column, as Feast's server does (its documentation shows rows).
    private func write(_ vectors: [[FeatureVector]], _ writer: inout JSONWriter) {
        writer.raw("{\"metadata\":{\"feature_names\":")
        writer.strings(entities.map(\.name) + names)
        writer.raw("},\"results\":[")
        var isFirst = true
        for column in entities {
            if !isFirst { writer.raw(",") }
            isFirst = false
            write(column, &writer)
        }
        for entry in asked {
            writer.raw(",")
            let index = files.firstIndex { $0 === entry.file } ?? 0
            write(entry.output, vectors[index], &writer)
        }
        writer.raw("]}")
    }

    private func write(_ column: FeatureRequest.Column, _ writer: inout JSONWriter) {
        writer.raw("{\"values\":")
        writer.list(request.elements[column.range]) { writer, element in
            switch element {
            case .null: writer.raw("null")
            case .bool(true): writer.raw("true")
            case .bool(false): writer.raw("false")
            case .number(let value): writer.number(value)
            case .string(let start, let count):
                let bytes = request.text[Int(start)..<Int(start) + Int(count)]
                writer.string(String(decoding: bytes, as: UTF8.self))
            }
        }
        writer.raw(",\"statuses\":")
        writer.list(column.range) { writer, _ in writer.raw("\"PRESENT\"") }
        writer.raw(",\"event_timestamps\":")
        writer.list(column.range) { writer, _ in writer.raw("\"1970-01-01T00:00:00Z\"") }
        writer.raw("}")
    }

    private func write(_ output: Int, _ vectors: [FeatureVector], _ writer: inout JSONWriter) {
        writer.raw("{\"values\":")
        writer.list(vectors) { writer, vector in
            switch vector.values[output] {
            case .missing: writer.raw("null")
            case .number(let value): writer.number(value)
            case .text(let text): writer.string(text)
            }
        }
        writer.raw(",\"statuses\":")
        writer.list(vectors) { $0.string($1.statuses[output].rawValue) }
        writer.raw(",\"event_timestamps\":")
        writer.list(vectors) { $0.string(InstantText.write($1.event ?? 0)) }
        writer.raw("}")
    }
}
