import ResourceAPI

/// A label with what it is computed from.
struct LabelSources {
    let label: Label
    let expression: SQLExpression

    init(_ label: Label) {
        self.label = label
        expression = SQLExpression(label.expression)
    }
}

extension FeatureSelection {
    /// - Parameter label: what must not be predicted from itself; nil if it could not be read.
    static func decode(_ value: FieldValue, label: LabelSources?) -> FeatureSelection? {
        guard var fields = value.reader(at: "spec.features") else { return nil }
        let one = fields.exactlyOne(of: ["columns", "view", "onDemand"])
        let select = fields.optional("select")
        fields.finish()
        guard let one else { return nil }
        if one.key != "view" { select?.report(.excludeEachOther([one.key, "select"])) }
        switch one.key {
        case "columns":
            return one.distinct { column($0, label: label) }.map(Self.columns)
        case "onDemand":
            return OnDemandFeature.decode(one, label: label).map(Self.onDemand)
        default:
            let names = select?.distinct { $0.fieldName() }
            return one.resourceName().map { .view($0, select: names) }
        }
    }

    private static func column(_ value: FieldValue, label sources: LabelSources?) -> String? {
        guard let name = value.fieldName() else { return nil }
        // A column of the label's own name is told of where names are compared.
        if let sources, name != sources.label.name,
            sources.expression.column(named: name) != nil
        {
            value.report(.featureOfLabel(name, label: sources.label))
        }
        return name
    }
}

extension OnDemandFeature {
    static func decode(_ value: FieldValue, label: LabelSources?) -> OnDemandFeature? {
        guard var fields = value.reader(at: "spec.features.onDemand") else { return nil }
        let name = fields.required("name")?.fieldName(mayBeReserved: false)
        let expressionField = fields.required("expression")
        let expression = expressionField?.freeText()
        fields.finish()
        guard let name, let expressionField, let expression else { return nil }
        check(SQLExpression(expression), expressionField, label: label)
        return OnDemandFeature(name: name, expression: expression)
    }

    private static func check(
        _ expression: SQLExpression, _ value: FieldValue, label sources: LabelSources?
    ) {
        for function in expression.functions where !OnDemandFunctions.all.contains(function.folded)
        {
            if let reason = OnDemandFunctions.refused[function.folded] {
                value.report(.functionNotOnDemand(function, reason: reason))
            } else {
                let near = NearName.of(function.folded, among: OnDemandFunctions.names)
                value.report(.functionUnknown(function, near: near))
            }
        }
        guard let sources else { return }
        let name = SQLExpression.fold(sources.label.name)
        let word = expression.columns.first {
            $0.folded == name || sources.expression.column(named: $0.text) != nil
        }
        if let word { value.report(.onDemandOfLabel(word, label: sources.label)) }
    }
}

extension LeakGuard {
    static func decode(_ value: FieldValue) -> LeakGuard? {
        guard var fields = value.reader(at: "spec.leakGuard") else { return nil }
        let maxAUC = fields.optional("maxAUC")?.number(in: 0.5...1)
        fields.finish()
        return LeakGuard(maxAUC: maxAUC)
    }
}
