import ResourceAPI
import ResourceGraph
import Testing

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ share: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < share
    }

    mutating func pick<T>(_ items: [T]) -> T {
        items[Int.random(in: 0..<items.count, using: &self)]
    }
}

/// Makes random tables, views and training configs: few entities and few distinct times, so that
/// ties, empty windows and windows with everything are all common.
struct RandomCase {
    private var random: SeededGenerator
    private let entity: [(name: String, type: ColumnType)]
    private let start: Int64 = 1_356_998_400_000_000  // 2013-01-01
    private let minute: Int64 = 60_000_000
    private(set) var inputs: [ResourceName: [Feature.Value: ReferenceInput]] = [:]
    private(set) var sqlCase: SQLCase?

    init(seed: UInt64) throws {
        random = SeededGenerator(state: seed)
        let all: [(name: String, type: ColumnType)] = [
            ("origin", .string), ("Gate \"A\"", .integer), ("flag", .boolean),
        ]
        entity = Array(all.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)))
        try build()
    }

    private mutating func build() throws {
        var tables: [String: SQLCase.Table] = [:]
        var views: [ViewSource] = []
        for index in 0..<Int.random(in: 1...2, using: &random) {
            let name = try #require(ResourceName("view-\(index)"))
            let dataset = try #require(ResourceName("data-\(index)"))
            let table = eventTable()
            let view = randomView(name, dataset: dataset, columns: table.columns)
            tables[dataset.text] = table
            views.append(view)
        }
        if random.chance(0.5), let view = try viewOfView(views[0]) { views.append(view) }
        let spine = spineTable()
        tables["spine"] = spine
        let name = try #require(ResourceName("spine"))
        sqlCase = SQLCase(
            tables: tables, views: views, config: config(spine: name, views: views),
            spineSchema: spine.columns)
    }

    // MARK: - Tables

    private mutating func cell(_ type: ColumnType) -> Cell {
        switch type {
        case .string: .string(random.pick(["EWR", "JFK", "é'", ""]))
        case .integer: .int(Int64.random(in: 0...2, using: &random))
        case .boolean: .bool(random.chance(0.5))
        default: .double(Double(Int.random(in: -40...40, using: &random)) / 4)
        }
    }

    private mutating func real(hasNaN: Bool) -> Cell {
        if hasNaN, random.chance(0.1) { return .double(.nan) }
        return .double(Double.random(in: -1000...1000, using: &random))
    }

    private mutating func orNull(_ cell: Cell, _ share: Double = 0.08) -> Cell {
        random.chance(share) ? .null : cell
    }

    /// On a grid of half hours, sometimes a microsecond beside it.
    private mutating func time() -> Int64 {
        let offset = random.chance(0.1) ? Int64.random(in: -1...1, using: &random) : 0
        return start + Int64.random(in: 0..<60, using: &random) * 30 * minute + offset
    }

    private func columns(_ list: [(String, ColumnType)]) -> [DatasetSpec.Column] {
        list.map { DatasetSpec.Column(name: $0.0, type: $0.1, nullable: true) }
    }

    private mutating func eventTable() -> SQLCase.Table {
        let count = random.pick([0, 1, 5, 30, 80])
        let huge = random.chance(0.2)
        let hasNaN = random.chance(0.2)
        let rows = (0..<count).map { _ -> [Cell] in
            let event = time()
            let late = Int64.random(in: -2...10, using: &random) * 30 * minute
            let known: Cell = .time(random.chance(0.1) ? event + late * 20 : event + late)
            let integer: Int64 =
                huge && random.chance(0.5)
                ? Int64.random(in: -(1 << 60)...(1 << 60), using: &random)
                : Int64.random(in: -50...50, using: &random)
            let entityCells = entity.map { orNull(cell($0.type)) }
            return entityCells + [
                orNull(.time(event)), orNull(known), orNull(.int(integer), 0.2),
                orNull(cell(.double), 0.2),
                orNull(real(hasNaN: hasNaN), 0.2),
                orNull(cell(.string), 0.2), orNull(cell(.boolean), 0.2),
            ]
        }
        return SQLCase.Table(
            columns: columns(
                entity.map { ($0.name, $0.type) } + [
                    ("event", .timestamp), ("known", .timestamp), ("i", .integer), ("d", .double),
                    ("z", .double), ("s", .string), ("b", .boolean),
                ]), rows: rows)
    }

    private mutating func spineTable() -> SQLCase.Table {
        let count = random.pick([0, 1, 10, 60])
        let rows = (0..<count).map { index -> [Cell] in
            let entityCells = entity.map { orNull(cell($0.type)) }
            return entityCells + [
                .time(time()), .int(Int64(index / 2)), orNull(.string("k\(index % 7)")),
                orNull(cell(.double), 0.2), orNull(cell(.string), 0.2), orNull(cell(.boolean), 0.2),
            ]
        }
        return SQLCase.Table(
            columns: columns(
                entity.map { ($0.name, $0.type) } + [
                    ("at", .timestamp), ("id", .integer), ("code", .string), ("x", .double),
                    ("t", .string), ("on", .boolean),
                ]), rows: rows)
    }

    // MARK: - Views

    private func column(_ name: String) -> ReferenceInput {
        ReferenceInput(
            value: .column(name), evaluate: { $0[name] ?? .null }, isRounded: name == "z",
            isText: name == "s")
    }

    private func expressions(isTyped: Bool) -> [ReferenceInput] {
        let twice = ReferenceInput(value: .expression("\"i\" * 2 + 1")) { row in
            row["i"]?.number.map { .double($0 * 2 + 1) } ?? .null
        }
        let half = ReferenceInput(value: .expression("d > 0.5")) { row in
            row["d"]?.number.map { .bool($0 > 0.5) } ?? .null
        }
        let filled = ReferenceInput(value: .expression("coalesce(d, -1) -- none")) { row in
            .double(row["d"]?.number ?? -1)
        }
        let plain = ReferenceInput(value: .expression("i")) { $0["i"] ?? .null }
        return [half, filled] + (isTyped ? [plain] : [twice])
    }

    private mutating func randomView(
        _ name: ResourceName, dataset: ResourceName, columns: [DatasetSpec.Column]
    ) -> ViewSource {
        // Without a schema everything counts as a double; strings can only be counted then.
        let isTyped = random.chance(0.8)
        let numbers = ["i", "d", "z", "b"].map(column) + expressions(isTyped: isTyped)
        var known: [Feature.Value: ReferenceInput] = [:]
        var features: [Feature] = []
        for index in 0..<Int.random(in: 1...7, using: &random) {
            let aggregate = random.chance(0.25) ? nil : random.pick(Feature.Aggregate.allCases)
            let input = input(of: aggregate, isTyped: isTyped, among: numbers)
            if !isTyped, input.value == .column("s"),
                features.contains(where: { $0.value == input.value && $0.aggregate != .count })
            {
                continue
            }
            known[input.value] = input
            features.append(feature("f\(index)", aggregate, of: input.value))
        }
        if features.isEmpty { return randomView(name, dataset: dataset, columns: columns) }
        inputs[name] = known
        let delays = [0, 0, 1, 30, 60, 180].map { ManifestDuration(seconds: $0 * 60) }
        let ttlMinutes: [Int64?] = [nil, nil, 60, 180, 2880]
        let ttls = ttlMinutes.map { $0.map { ManifestDuration(seconds: $0 * 60) } }
        let knownAt: FeatureViewSpec.KnownAt =
            random.chance(0.4) ? .column("known") : .delay(random.pick(delays))
        return ViewSource(
            name: name,
            spec: FeatureViewSpec(
                dataset: dataset, entity: entity.map(\.name), timestamp: "event", knownAt: knownAt,
                ttl: random.pick(ttls), features: features),
            schema: isTyped ? columns : [])
    }

    /// - Returns: nil if the view has no feature of single rows.
    private mutating func viewOfView(_ base: ViewSource) throws -> ViewSource? {
        let rows = base.spec.features.filter { $0.aggregate == nil && $0.lag == 0 }
        if rows.isEmpty { return nil }
        let name = try #require(ResourceName("derived"))
        var features: [Feature] = []
        for index in 0..<Int.random(in: 1...4, using: &random) {
            let row = random.pick(rows)
            guard let input = inputs[base.name]?[row.value] else { continue }
            let value = Feature.Value.column(row.name)
            inputs[name, default: [:]][value] = ReferenceInput(
                value: value, evaluate: input.evaluate, isRounded: input.isRounded,
                isText: input.isText)
            let aggregate = random.chance(0.2) ? nil : random.pick(Feature.Aggregate.allCases)
            if input.isText, aggregate?.isNumeric == true { continue }
            features.append(
                feature("f\(index)", aggregate, of: value, mayHaveCondition: false))
        }
        if features.isEmpty { return nil }
        let entity = base.spec.entity.prefix(
            Int.random(in: 1...base.spec.entity.count, using: &random))
        let spec = FeatureViewSpec(
            view: base.name, entity: Array(entity),
            ttl: random.pick([nil, ManifestDuration(seconds: 10_800)]), features: features)
        return ViewSource(name: name, spec: spec, of: base)
    }

    private mutating func input(
        of aggregate: Feature.Aggregate?, isTyped: Bool, among numbers: [ReferenceInput]
    ) -> ReferenceInput {
        if aggregate == .count, random.chance(0.4) {
            return ReferenceInput(value: .rows) { _ in .bool(true) }
        }
        let takesText =
            switch aggregate {
            case .count: true
            case nil, .min, .max: isTyped
            case let other?: isTyped && !other.isNumeric
            }
        return takesText && random.chance(0.3) ? column("s") : random.pick(numbers)
    }

    private mutating func feature(
        _ name: String, _ aggregate: Feature.Aggregate?, of value: Feature.Value,
        mayHaveCondition: Bool = true
    ) -> Feature {
        guard let aggregate else {
            return Feature(
                name: name, value: value, windows: [], lag: random.pick([0, 0, 0, 1, 2, 7]))
        }
        let offsets: [Int64] = [0, 0, 0, 30, 60, 1440]
        let condition =
            mayHaveCondition && random.chance(0.3)
            ? random.pick(ReferenceInput.conditions.keys.sorted()) : nil
        return Feature(
            name: name, value: value, condition: condition, aggregate: aggregate,
            windows: windows(),
            closed: random.chance(0.5) ? .left : random.pick(Feature.Closed.allCases),
            offset: ManifestDuration(seconds: random.pick(offsets) * 60),
            count: aggregate == .lastN ? random.pick([1, 2, 3]) : 1,
            percentile: aggregate == .approxPercentile
                ? random.pick([0, 0.07, 0.25, 0.5, 0.9, 1]) : nil)
    }

    private mutating func windows() -> [ManifestDuration] {
        let all: [Int64] = [0, 30, 60, 120, 360, 1440, 4320, 525_600]
        let count = Int.random(in: 1...3, using: &random)
        return all.shuffled(using: &random).prefix(count).map {
            ManifestDuration(seconds: $0 * 60)
        }
    }

    // MARK: - The training config

    private mutating func config(spine: ResourceName, views: [ViewSource]) -> TrainingConfigSpec {
        let selections: [FeatureSelection] = views.map { view in
            let name = view.spec.features[0].name
            return .view(view.name, select: random.chance(0.2) ? [name] : nil)
        }
        let labels: [(LearningTask, String)] = [
            (.binary, "x > 0.5"), (.multiclass, "t"), (.regression, "x * 2"),
        ]
        let (task, label) = random.pick(labels)
        let split: Split =
            random.chance(0.5)
            ? .time(validation: "2013-01-01T12:00:00Z", test: "2013-01-02")
            : .random(validation: 0.2, test: 0.3)
        return TrainingConfigSpec(
            spine: Spine(
                dataset: spine, timestamp: "at", key: ["id", "code"],
                condition: random.chance(0.5) ? "x IS NOT NULL -- labelled" : nil),
            label: Label(name: "label", expression: label), task: task,
            features: [.columns(["x", "t", "on"])] + selections + [.columns(["x"])], split: split,
            preprocessing: .standard, algorithm: Algorithm(name: .lightgbm, parameters: [:]),
            evaluation: Evaluation(metrics: [], gates: []),
            seed: Int64.random(in: 0...100, using: &random), resources: .standard)
    }
}
