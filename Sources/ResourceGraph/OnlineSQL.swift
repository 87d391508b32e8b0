package import ResourceAPI

/// Compiles a feature view into the SQL of its `online` step: what all entities' features are at one
/// instant, and a sample with which the server proves that it answers as training would have.
///
/// The instant is the first microsecond at which everything in the view's artifact is known, a
/// function of the data: so the same data give the same file, whenever it is made. From that instant
/// on the latest row of an entity stays the latest; only its age changes, and the server looks at
/// that. A window is what it was at the instant, until its last row has left it. A view that is
/// refreshed has a later instant, which its step's recipe gives.
///
/// Both programs ask `TrainingSetSQL` itself, with spines of their own: the values with one row for
/// each entity, the sample with a few keys at several times. Their input is `view:<name>`.
package enum OnlineSQL {
    /// At most this many rows of a sample.
    static let sampleRows = 100
    static let samplePerKind = 24
    static let sampleOldest = 12
    static let sampleAged = 8
    /// The same where a view has more than two ages to cross.
    static let sampleAgedOfMany = 5

    /// Columns: `key:0` … (null in the first row, whose values are those of an unknown entity),
    /// `__event` (microseconds since 1970 of the latest row), `__at` (the instant, likewise), for
    /// each of the `lags` the event of the row that lags so far behind, then the view's outputs. In
    /// the order of the keys.
    ///
    /// - Parameter instant: ISO 8601 in UTC; the values are not older.
    package static func values(_ source: ViewSource, instant: String? = nil) -> SQLProgram {
        let view = OnlineView(source, instant: instant)
        let spine = """
            CREATE TEMP TABLE "spine" AS
            SELECT __entity, __entity AS file_row_number, \(view.entityList),
                (SELECT __at FROM "instant") AS __at
            FROM "entities"
            UNION ALL
            SELECT 0, 0, \(view.nulls), (SELECT __at FROM "instant")
            """
        return view.program(
            statements: [view.instant, view.entities, spine],
            columns: view.keys("e") + [
                "\(view.microseconds("e.__event")) AS __event",
                "(SELECT epoch_us(__at) FROM \"instant\") AS __at",
            ]
                + view.lags.map {
                    let event = view.laggedEvent($0)
                    return "\(view.microseconds("e.\(event)")) AS \(event)"
                }, joined: "LEFT JOIN \"entities\" AS e ON e.__entity = t.__entity")
    }

    /// Columns: `key:0` …, `__at` (microseconds since 1970), then the view's outputs. Some entities
    /// as a hash chooses them, with and without nulls, those with the oldest rows, unknown ones; all
    /// at the instant, some also just before and after their rows become too old.
    package static func sample(_ source: ViewSource, instant: String? = nil) -> SQLProgram {
        let view = OnlineView(source, instant: instant)
        return view.program(
            statements: [
                view.instant, view.entities, view.chosen, view.askedTimes, view.sampleSpine,
            ],
            columns: view.keys("e") + ["epoch_us(e.__at) AS __at"],
            joined: "JOIN \"spine\" AS e ON e.__entity = t.__entity")
    }

    /// What a file has to say of its columns. An output with `lag` is as old as that row.
    package static func outputs(_ source: ViewSource) -> JSONValue {
        let lags = lags(source)
        return .array(
            FeatureOutput.selected(nil, of: source).map { output in
                let age = output.window?.reach ?? source.spec.ttl?.seconds
                var fields: [String: JSONValue] = [
                    "name": .string(output.name),
                    "type": .string(output.isCategorical ? "string" : "float"),
                    "maxAgeSeconds": age.map(JSONValue.int) ?? .null,
                    "isWindow": .bool(output.window != nil),
                ]
                if lags.contains(output.feature.lag) {
                    fields["lag"] = .int(Int64(output.feature.lag))
                }
                return .object(fields)
            })
    }

    /// How far rows lag behind the latest ones whose age has to be known.
    package static func lags(_ source: ViewSource) -> [Int] {
        guard source.spec.ttl != nil else { return [] }
        return Set(source.spec.features.map(\.lag)).subtracting([0]).sorted()
    }
}

/// One view as the two programs need it.
private struct OnlineView {
    let source: ViewSource
    let table: String
    let entity: [String]
    let outputs: [FeatureOutput]
    let lags: [Int]
    /// ISO 8601 in UTC; nil: as soon as everything is known.
    private let earliest: String?

    init(_ source: ViewSource, instant: String?) {
        self.source = source
        earliest = instant
        table = ViewJoin.table("view", source.name)
        entity = source.spec.entity.map(SQLProgram.identifier)
        outputs = FeatureOutput.selected(nil, of: source)
        lags = OnlineSQL.lags(source)
    }

    func laggedEvent(_ lag: Int) -> String { SQLProgram.identifier("__event:\(lag)") }

    var entityList: String { entity.joined(separator: ", ") }
    var nulls: String { entity.map { "NULL AS \($0)" }.joined(separator: ", ") }

    func keys(_ alias: String) -> [String] {
        entity.enumerated().map { "\(alias).\($1) AS \"key:\($0)\"" }
    }

    /// Microseconds since 1970; the extremes for infinite times.
    func microseconds(_ time: String) -> String {
        """
        CASE WHEN isfinite(\(time)) THEN epoch_us(\(time))
                WHEN \(time) > TIMESTAMP '2000-01-01' THEN \(Int64.max)
                WHEN \(time) < TIMESTAMP '2000-01-01' THEN \(-Int64.max) END
        """
    }

    var instant: String {
        let known = "coalesce(max(__known) + INTERVAL 1 MICROSECOND, TIMESTAMP '1970-01-01')"
        let instant =
            earliest.map { "greatest(\(known), TIMESTAMP \(SQLProgram.literal($0)))" }
            ?? known
        return """
            CREATE TEMP TABLE "instant" AS
            SELECT \(instant) AS __at
            FROM \(table)
            WHERE isfinite(__known)
            """
    }

    /// Those with a row that is visible at the instant, with the event time of the latest, and of
    /// those that lag behind it.
    var entities: String {
        let hasNull =
            latestInputs.isEmpty
            ? "false"
            : "max_by(\(latestInputs.map { "\($0) IS NULL" }.joined(separator: " OR ")), "
                + "file_row_number)"
        let newest = lags.last.map {
            ", max_by(__event, file_row_number, \($0 + 1)) AS __events"
        }
        let columns =
            [lags.isEmpty ? "*" : "* EXCLUDE (__events)"]
            + lags.map { "__events[\($0 + 1)] AS \(laggedEvent($0))" }
        return """
            CREATE TEMP TABLE "entities" AS
            SELECT
                \(columns.joined(separator: ", ")), row_number() OVER (ORDER BY \(entityList)) AS __entity
            FROM (
                SELECT
                    \(entityList), max(__event) AS __event, \(hasNull) AS __has_null\(newest ?? "")
                FROM \(table)
                WHERE __known < (SELECT __at FROM "instant")
                GROUP BY \(entityList)
            )
            """
    }

    private var latestInputs: [String] {
        FeatureSQL.distinct(
            outputs.filter { $0.window == nil }.compactMap(\.input).map(\.column))
    }

    var chosen: String {
        let text = entity.map { "CAST(\($0) AS VARCHAR)" }
        let key = text.map { "strlen(\($0)) || ':' || \($0)" }.joined(separator: " || '|' || ")
        return """
            CREATE TEMP TABLE "chosen" AS
            SELECT * FROM (
                SELECT
                    *,
                    row_number() OVER (
                        PARTITION BY __has_null ORDER BY sha256(\(key)), __entity) AS __rank,
                    row_number() OVER (ORDER BY __event, __entity) AS __oldest
                FROM "entities"
            )
            WHERE __rank <= \(OnlineSQL.samplePerKind) OR __oldest <= \(OnlineSQL.sampleOldest)
            """
    }

    /// The first times at which something is too old: of the latest values, the windows and the
    /// rows that lag behind. As SQL.
    private var ends: [String] {
        let latest = outputs.contains { $0.window == nil } ? source.spec.ttl?.seconds : nil
        let window = outputs.filter { !$0.isAlwaysEmpty }.compactMap(\.window?.reach).min()
        let ages = FeatureSQL.distinct([latest, window].compactMap { $0 })
        var ends = ages.map { "__event + \(FeatureSQL.interval($0))" }
        if let ttl = source.spec.ttl, let lag = lags.first {
            ends.append("\(laggedEvent(lag)) + \(FeatureSQL.interval(ttl.seconds))")
        }
        return ends
    }

    var askedTimes: String {
        let instant = "(SELECT __at FROM \"instant\")"
        var parts = ["SELECT \(entityList), \(instant) AS __at FROM \"chosen\""]
        let ends = ends
        let most = ends.count > 2 ? OnlineSQL.sampleAgedOfMany : OnlineSQL.sampleAged
        for end in ends {
            for time in [end, "\(end) + INTERVAL 1 MICROSECOND"] {
                parts.append(
                    """
                    SELECT \(entityList), \(time)
                    FROM (
                        SELECT * FROM "chosen"
                        WHERE isfinite(\(end)) AND \(end) > \(instant)
                        ORDER BY __rank, __entity LIMIT \(most)
                    )
                    """)
            }
        }
        parts.append("SELECT \(nulls), \(instant)")
        if let absent { parts.append("SELECT \(absent), \(instant) FROM \"entities\"") }
        return """
            CREATE TEMP TABLE "asked" AS
            \(parts.joined(separator: "\nUNION ALL\n"))
            """
    }

    /// A key that no entity has; nil if that cannot be made without knowing the types.
    private var absent: String? {
        let types = source.spec.entity.map { name in source.schema.first { $0.name == name }?.type }
        guard let index = types.firstIndex(where: { $0 == .string || $0 == .integer }) else {
            return nil
        }
        return entity.enumerated().map { position, name in
            guard position == index else { return "max(\(name)) AS \(name)" }
            return types[index] == .string
                ? "max(\(name)) || '?' AS \(name)"
                : "CASE WHEN min(\(name)) > -9000000000000000000 THEN min(\(name)) - 1 END AS \(name)"
        }.joined(separator: ", ")
    }

    var sampleSpine: String {
        """
        CREATE TEMP TABLE "spine" AS
        SELECT *, __entity AS file_row_number
        FROM (
            SELECT *, row_number() OVER (ORDER BY __at, \(entityList)) AS __entity FROM "asked"
        )
        """
    }

    /// The training set of the table `spine`, with `columns` before its features.
    func program(statements: [String], columns: [String], joined: String) -> SQLProgram {
        let training = TrainingSetSQL.trainingSet(
            config: OnlineView.config(of: source), spineSchema: [], views: [source])
        let names = outputs.map { "t.\(SQLProgram.identifier($0.name))" }
        let query = """
            SELECT
                \(FeatureSQL.lines(columns + names, indent: 4))
            FROM (
            \(training.query)
            ) AS t
            \(joined)
            ORDER BY t.__entity
            """
        return SQLProgram(
            statements: statements.map { .sql($0) } + training.statements, query: query)
    }

    /// Asks for all of the view at the times of the table `spine`, and for nothing else.
    private static func config(of source: ViewSource) -> TrainingConfigSpec {
        TrainingConfigSpec(
            spine: Spine(dataset: source.name, timestamp: "__at", key: ["__entity"]),
            label: Label(name: "__none", expression: "0"), task: .regression,
            features: [.view(source.name, select: nil)],
            split: .random(validation: 0, test: 0), preprocessing: .standard,
            algorithm: Algorithm(name: .lightgbm, parameters: [:]),
            evaluation: Evaluation(metrics: [], gates: []), seed: 0, resources: .standard)
    }
}
