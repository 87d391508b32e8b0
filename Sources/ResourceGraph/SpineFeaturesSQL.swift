package import ResourceAPI

/// The features of views for the rows of a spine that is no dataset, such as a notebook's.
///
/// The inputs are `spine` (any columns, and `file_row_number`) and `view:<name>`. The result has the
/// rows of the spine, all of them and in their order, with the spine's columns and then the views'
/// features. The joins are those of training sets, and so are the values: a string that is missing
/// is empty, a count of nothing is 0, any other feature is null.
package struct SpineFeatures: Hashable, Sendable {
    package let views: [ViewSource]
    /// The spine's column of times; it must not hold nulls.
    package let timestamp: String

    package init(views: [ViewSource], timestamp: String) {
        self.views = views
        self.timestamp = timestamp
    }

    private var features: [TrainingSetSQL.SelectedFeature] {
        views.flatMap { view in
            FeatureOutput.selected(nil, of: view).map { .view(view, $0) }
        }
    }

    /// The names of the columns that are added, in their order.
    package var featureNames: [String] { features.map(\.name) }

    /// The columns of the spine that the views are joined by, each once.
    package var entity: [String] { FeatureSQL.distinct(views.flatMap(\.spec.entity)) }

    package var program: SQLProgram {
        let features = features
        let joins = TrainingSetSQL.viewJoins(of: features)
        let columns =
            ["s.* EXCLUDE (file_row_number)"] + features.compactMap(TrainingSetSQL.finalColumn)
        var query = """
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM "rows" AS r
            JOIN "spine" AS s ON s.file_row_number = r.__row

            """
        for join in joins { query += join.join + "\n" }
        query += "ORDER BY r.__row"
        return SQLProgram(statements: [.sql(rows)] + joins.flatMap(\.statements), query: query)
    }

    /// As training sets have it, with the types of the views' entities: a file may know no types.
    private var rows: String {
        let columns =
            [
                "file_row_number AS __row",
                "CAST(\(SQLProgram.identifier(timestamp)) AS TIMESTAMP) AS __timestamp",
            ]
            + entity.map { name in
                let quoted = SQLProgram.identifier(name)
                guard let type = type(of: name) else { return quoted }
                return "CAST(\(quoted) AS \(Self.sqlName(of: type))) AS \(quoted)"
            }
        return """
            CREATE TEMP TABLE "rows" AS
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM "spine"
            """
    }

    private func type(of entity: String) -> ColumnType? {
        views.lazy.filter { $0.spec.entity.contains(entity) }
            .compactMap { $0.schema.first { $0.name == entity }?.type }.first
    }

    private static func sqlName(of type: ColumnType) -> String {
        switch type {
        case .string: "VARCHAR"
        case .integer: "BIGINT"
        case .double: "DOUBLE"
        case .boolean: "BOOLEAN"
        case .timestamp: "TIMESTAMP"
        case .date: "DATE"
        }
    }
}

extension ResourceGraph {
    /// A feature view as the compiler sees it; nil if there is none of this name.
    package func viewSource(_ name: ResourceName) -> ViewSource? {
        guard let view = resources[ResourceID(.featureView, name)]?.featureView else { return nil }
        return ViewSource.resolve(name, view, among: resources)
    }
}
