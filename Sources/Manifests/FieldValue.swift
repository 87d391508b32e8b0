import ResourceAPI

/// The value of a field, or an item of a list, with what is needed to name it in a message.
///
/// Every method returns nil after it has reported why.
struct FieldValue {
    let key: String
    /// From 0, for an item of the list `key`.
    let index: Int?
    let node: ManifestNode
    let context: DecodingContext
    /// The path of the mapping around it.
    let parent: String

    /// For `ingot explain`.
    var path: String { context.documentationPath(of: key, in: parent) }

    /// `'windows'` or `item 2 of 'windows'`.
    var name: String {
        guard let index else { return ManifestProblem.quote(key) }
        return "item \(index + 1) of \(ManifestProblem.quote(key))"
    }

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = node.content else { return false }
        return ScalarType.isNull(text)
    }

    func report(_ problem: @autoclosure () -> ManifestProblem) {
        context.report(problem(), at: node)
    }

    func report(_ rule: @autoclosure () -> ResourceRule) { context.report(rule(), at: node) }

    private func wrongType(_ expected: String) {
        report(.wrongType(name, expected: expected, found: node.content, path: path))
    }

    /// A mapping's reader. The caller ends it with `finish()`.
    func reader(at path: String) -> FieldReader? {
        guard case .mapping(let entries) = node.content else {
            wrongType("a mapping")
            return nil
        }
        return FieldReader(entries, of: node, path: path, context: context)
    }

    /// The items of a list; items without a value are reported and left out.
    func items(mayBeEmpty: Bool = false) -> [FieldValue]? {
        guard case .sequence(let nodes) = node.content else {
            wrongType("a list")
            return nil
        }
        if nodes.isEmpty, !mayBeEmpty {
            report(.emptyList(name, path: path))
            return nil
        }
        let items = nodes.enumerated().map {
            FieldValue(
                key: key, index: $0.offset, node: $0.element, context: context,
                parent: parent)
        }
        return items.filter { item in
            if item.isNull { item.report(.noValue(item.name)) }
            return !item.isNull
        }
    }

    /// A list whose items are all different.
    func distinct<Item: Hashable>(_ read: (FieldValue) -> Item?) -> [Item]? {
        guard let values = items() else { return nil }
        var seen: Set<Item> = []
        return values.compactMap { value in
            guard let item = read(value) else { return nil }
            if !seen.insert(item).inserted {
                value.report(.repeated(ManifestProblem.quote(key), text: value.text))
            }
            return item
        }
    }

    /// The scalar's text, whatever it is; empty for others.
    var text: String {
        if case .scalar(let text, _) = node.content { text } else { "" }
    }

    /// A scalar's text, as it is written.
    private func scalar(_ expected: String) -> String? {
        guard case .scalar(let text, _) = node.content else {
            wrongType(expected)
            return nil
        }
        return text
    }
}

// MARK: - Text

extension FieldValue {
    /// Free text. What YAML 1.1 or 1.2 would not take for text must be quoted.
    func freeText(mayBeEmpty: Bool = false) -> String? {
        guard case .scalar(let text, let isPlain) = node.content else {
            wrongType("text")
            return nil
        }
        if isPlain, let type = ScalarType(yaml11: text) {
            report(.needsQuotes(name, text: text, meaning: type.rawValue))
            return nil
        }
        if !mayBeEmpty, text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x09 }) {
            report(.emptyText(name))
            return nil
        }
        return text
    }

    /// The name of a column or feature. Words such as `on` or `y` are names; numbers, true, false
    /// and null must be quoted.
    func fieldName(mayBeReserved: Bool = true) -> String? {
        guard case .scalar(let text, let isPlain) = node.content else {
            wrongType("a name")
            return nil
        }
        if isPlain, let type = ScalarType(core: text) {
            report(.needsQuotes(name, text: text, meaning: type.rawValue))
            return nil
        }
        let isOneLine = text.utf8.allSatisfy { $0 >= 0x20 }
        guard (1...128).contains(text.utf8.count), isOneLine,
            mayBeReserved || !text.hasPrefix("__")
        else {
            report(.badFieldName(name, text: text))
            return nil
        }
        return text
    }

    /// The name of a resource or a stage.
    func resourceName() -> ResourceName? {
        guard case .scalar(let text, let isPlain) = node.content else {
            wrongType("a name")
            return nil
        }
        if isPlain, let type = ScalarType(core: text) {
            report(.needsQuotes(name, text: text, meaning: type.rawValue))
            return nil
        }
        guard let value = ResourceName(text) else {
            report(.badResourceName(name, text: text))
            return nil
        }
        return value
    }

    /// One of an enumeration's words.
    func choice<Choice: RawRepresentable & CaseIterable>(
        of type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        let allowed = type.allCases.map(\.rawValue)
        guard let text = scalar("one of \(ManifestProblem.list(allowed, quote: ""))") else {
            return nil
        }
        if let choice = Choice(rawValue: text) { return choice }
        report(.notAllowed(name, text: text, allowed: allowed, path: path))
        return nil
    }

    func repositoryPath() -> RepositoryPath? {
        guard let text = scalar("a path") else { return nil }
        let value = RepositoryPath(text)
        guard value.isContained else {
            report(.badPath(name, text: text))
            return nil
        }
        return value
    }

    func commit() -> String? {
        guard let text = scalar("a commit") else { return nil }
        let isHex = text.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f"))
        }
        guard isHex, (7...40).contains(text.utf8.count) || text.utf8.count == 64 else {
            report(.badCommit(name, text: text))
            return nil
        }
        return text
    }

    func digest() -> Digest? {
        guard let text = scalar("a digest") else { return nil }
        guard text.hasPrefix("sha256:"), let digest = Digest(text) else {
            report(.badDigest(name, text: text))
            return nil
        }
        return digest
    }

    func time() -> TimeText? {
        guard let text = scalar("a date or time") else { return nil }
        guard let time = TimeText(text) else {
            report(.badTime(name, text: text))
            return nil
        }
        return time
    }
}

// MARK: - Numbers

extension FieldValue {
    static let wholeNumber = "a whole number"
    static let number = "a number"
    static let trueOrFalse = "true or false"

    /// A decimal whole number within a range.
    func int(in range: ClosedRange<Int64>) -> Int64? {
        guard let text = plain(FieldValue.wholeNumber, isNumber: true) else { return nil }
        guard NumberText.isDecimalInteger(text) else {
            report(.notDecimal(name, expected: FieldValue.wholeNumber, text: text))
            return nil
        }
        guard let value = Int64(text), range.contains(value) else {
            report(.outOfRange(name, text: text, range: FieldValue.describe(range), path: path))
            return nil
        }
        return value
    }

    /// A finite decimal number. Bounds are inclusive unless `excludesBounds`.
    func number(
        in range: ClosedRange<Double>? = nil, excludesBounds: Bool = false
    ) -> Double? {
        guard let text = plain(FieldValue.number, isNumber: true) else { return nil }
        guard NumberText.isDecimalNumber(text), let value = Double(text) else {
            report(.notDecimal(name, expected: FieldValue.number, text: text))
            return nil
        }
        guard value.isFinite else {
            report(.outOfRange(name, text: text, range: "a number of at most 1.8e308", path: path))
            return nil
        }
        guard let range else { return value }
        let isInside =
            range.contains(value)
            && !(excludesBounds && (value == range.lowerBound || value == range.upperBound))
        guard isInside else {
            let bounds =
                excludesBounds
                ? "more than \(FieldValue.short(range.lowerBound)) and less than \(FieldValue.short(range.upperBound))"
                : "from \(FieldValue.short(range.lowerBound)) to \(FieldValue.short(range.upperBound))"
            report(.outOfRange(name, text: text, range: bounds, path: path))
            return nil
        }
        return value
    }

    func bool() -> Bool? {
        guard let text = plain(FieldValue.trueOrFalse, isNumber: false) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            report(.notDecimal(name, expected: FieldValue.trueOrFalse, text: text))
            return nil
        }
    }

    func duration(mayBeZero: Bool = false) -> ManifestDuration? {
        guard let text = scalar("a duration") else { return nil }
        // `-0s` is a duration to Int64, but nothing that anybody means.
        guard let value = ManifestDuration(text), text.utf8.first != UInt8(ascii: "-") else {
            report(.badDuration(name, text: text))
            return nil
        }
        guard mayBeZero || value.seconds > 0 else {
            report(.outOfRange(name, text: text, range: "longer than nothing", path: path))
            return nil
        }
        return value
    }

    /// Bytes, from `512Mi` or `4Gi`; 64 MiB to 16 TiB.
    func memory() -> Int64? {
        guard let text = scalar("an amount of memory") else { return nil }
        let units: [String: Int64] = ["Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40]
        let count = String(text.dropLast(2))
        guard let factor = units[String(text.suffix(2))], NumberText.isDecimalInteger(count),
            let amount = Int64(count), amount >= 0
        else {
            report(.badMemory(name, text: text))
            return nil
        }
        let (bytes, overflow) = amount.multipliedReportingOverflow(by: factor)
        guard !overflow, (64 << 20...16 << 40).contains(bytes) else {
            report(.outOfRange(name, text: text, range: "from 64Mi to 16Ti", path: path))
            return nil
        }
        return bytes
    }

    /// A plain scalar; quoted ones are text, which is another type.
    private func plain(_ expected: String, isNumber: Bool) -> String? {
        guard case .scalar(let text, let isPlain) = node.content else {
            wrongType(expected)
            return nil
        }
        if isPlain { return text }
        let isMeant =
            isNumber ? NumberText.isDecimalNumber(text) : text == "true" || text == "false"
        if isMeant {
            report(.quotedNumber(name, expected: expected, text: text))
        } else {
            wrongType(expected)
        }
        return nil
    }

    private static func describe(_ range: ClosedRange<Int64>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "a number of at most 64 bits"
        case (let low, .max): "at least \(low)"
        case (let low, let high): "from \(low) to \(high)"
        }
    }

    /// `1` rather than `1.0`.
    private static func short(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}
