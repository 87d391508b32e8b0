import ResourceAPI

// The recipes: a resource's fields that change a step's result, in the shape of the manifest with
// its defaults written out, so that a difference between two recipes is the path of a field.

extension DatasetSpec {
    var schemaRecipe: JSONValue {
        .array(
            schema.map {
                [
                    "name": .string($0.name), "type": .string($0.type.rawValue),
                    "nullable": .bool($0.nullable),
                ]
            })
    }

    var snapshotRecipe: JSONValue {
        switch source {
        case .file(let file):
            [
                "source": [
                    "file": [
                        "format": .string(file.format.rawValue),
                        "nullValues": .array(file.nullValues.map(JSONValue.string)),
                    ]
                ],
                "schema": schemaRecipe,
            ]
        case .http, .s3, .postgres: ["source": outsideRecipe, "schema": schemaRecipe]
        case .noop(let noop):
            [
                "source": [
                    "noop": ["content": .string(noop.content), "fails": .bool(noop.fails)]
                ]
            ]
        case .sql(let sql):
            ["sql": ["query": .string(sql.query)], "schema": schemaRecipe]
        }
    }
}

extension FeatureViewSpec {
    /// - Parameters:
    ///   - names: the features to describe; nil is all.
    ///   - knownAt: of a view of a view, that of the other one.
    func recipe(selecting names: [String]? = nil, knownAt: KnownAt?) -> JSONValue {
        let chosen = features.filter { feature in
            guard let names else { return true }
            return names.contains(feature.name)
                || feature.outputs.contains(where: names.contains)
        }
        let known: JSONValue =
            switch knownAt {
            case .delay(let delay): ["delay": .string(delay.description)]
            case .column(let column): ["column": .string(column)]
            case nil: .null
            }
        var fields: [String: JSONValue] = [
            "entity": .array(entity.map(JSONValue.string)),
            "timestamp": timestamp.map(JSONValue.string) ?? .null,
            "knownAt": known,
            "ttl": ttl.map { .string($0.description) } ?? .null,
            // By name, so that a difference is told of the feature and not of its place among those
            // that were selected; the order of the columns is a fact of its own.
            "features": .object(
                Dictionary(chosen.map { ($0.name, $0.recipe) }, uniquingKeysWith: { a, _ in a })),
            "featureOrder": .array(chosen.map { .string($0.name) }),
        ]
        if case .view(let view) = source { fields["source"] = ["view": .string(view.text)] }
        return .object(fields)
    }
}

extension Feature {
    var recipe: JSONValue {
        var fields: [String: JSONValue] = ["name": .string(name)]
        switch value {
        case .column(let column): fields["column"] = .string(column)
        case .expression(let expression): fields["expression"] = .string(expression)
        case .rows: break
        }
        if let aggregate {
            fields["aggregate"] = .string(aggregate.rawValue)
            fields["windows"] = .array(windows.map { .string($0.description) })
            if aggregate == .lastN { fields["n"] = .int(Int64(count)) }
        }
        // Only what is given: a field that Ingot has learnt since rebuilds nothing.
        if let condition { fields["where"] = .string(condition) }
        if closed != .left { fields["closed"] = .string(closed.rawValue) }
        if offset.seconds > 0 { fields["offset"] = .string(offset.description) }
        if lag > 0 { fields["lag"] = .int(Int64(lag)) }
        if let percentile { fields["percentile"] = .double(percentile) }
        return .object(fields)
    }
}

extension TrainingConfigSpec {
    var spineRecipe: JSONValue {
        [
            "dataset": .string(spine.dataset.text),
            "timestamp": .string(spine.timestamp),
            "key": .array(spine.key.map(JSONValue.string)),
            "where": spine.condition.map(JSONValue.string) ?? .null,
        ]
    }

    var featuresRecipe: JSONValue {
        .array(
            features.map { selection in
                switch selection {
                case .columns(let names): ["columns": .array(names.map(JSONValue.string))]
                case .view(let name, let select):
                    [
                        "view": .string(name.text),
                        "select": select.map { .array($0.map(JSONValue.string)) } ?? .null,
                    ]
                case .onDemand(let feature):
                    [
                        "onDemand": [
                            "name": .string(feature.name),
                            "expression": .string(feature.expression),
                        ]
                    ]
                }
            })
    }

    var splitRecipe: JSONValue {
        switch split {
        case .time(let validation, let test):
            ["time": ["validation": .string(validation), "test": .string(test)]]
        case .random(let validation, let test):
            ["random": ["validation": .double(validation), "test": .double(test)]]
        }
    }

    var preprocessingRecipe: JSONValue {
        [
            "numeric": [
                "impute": .string(preprocessing.numericImpute.rawValue),
                "scale": .string(preprocessing.numericScale.rawValue),
            ],
            "categorical": [
                "encode": .string(preprocessing.categoricalEncode.rawValue),
                "minFrequency": .int(Int64(preprocessing.minFrequency)),
            ],
        ]
    }

    var algorithmRecipe: JSONValue {
        ["name": .string(algorithm.name.rawValue), "parameters": .object(algorithm.parameters)]
    }
}
