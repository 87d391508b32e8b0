import ResourceAPI

/// A profile as one HTML page that needs nothing else: no scripts, no other files.
struct ProfilePage {
    private let view: ProfileView
    private static let barWidth = 14
    private static let height = 120

    init(_ view: ProfileView) { self.view = view }

    var text: String {
        let title = "\(view.dataset) at \(view.commit.prefix(7))"
        let profile = view.profile
        let failed = profile.expectations.filter { !$0.passed }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(Self.escape(title))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>\(Self.escape(view.dataset.description))</h1>
            <p>commit \(Self.escape(view.commit)) · \(ValueText.grouped(profile.rows)) rows · \(Plural.count(profile.columns.count, "column"))</p>
            \(failed.map(warning).joined())
            \(profile.columns.map(section).joined())
            </body>
            </html>

            """
    }

    private func warning(_ expectation: DatasetProfile.Expectation) -> String {
        let text = expectation.message ?? expectation.check
        return "<p class=\"warning\">\(Self.escape(expectation.severity ?? "error")): "
            + "\(Self.escape(text))</p>\n"
    }

    private func section(_ column: DatasetProfile.Column) -> String {
        """
        <section>
        <h2>\(Self.escape(column.name)) <small>\(Self.escape(column.type))</small></h2>
        \(chart(column))
        <dl>\(facts(column).map { "<dt>\($0)</dt><dd>\(Self.escape($1))</dd>" }.joined())</dl>
        </section>

        """
    }

    private func facts(_ column: DatasetProfile.Column) -> [(String, String)] {
        let nulls = ValueText.share(column.nulls, of: view.profile.rows)
        var facts = [
            ("values", ValueText.grouped(column.count)),
            ("nulls", "\(ValueText.grouped(column.nulls)) (\(nulls))"),
            ("distinct", (column.exact ? "" : "about ") + ValueText.grouped(column.distinct)),
            ("min", ValueText.of(column.min)), ("max", ValueText.of(column.max)),
        ]
        if let notFinite = column.notFinite {
            facts.append(("NaN and infinite", ValueText.grouped(notFinite)))
        }
        if let mean = column.mean { facts.append(("mean", ValueText.of(mean))) }
        if let deviation = column.stddev { facts.append(("std. dev.", ValueText.of(deviation))) }
        for (name, key) in [("5 %", "0.05"), ("median", "0.5"), ("95 %", "0.95")] {
            if let value = column.quantiles?[key] { facts.append((name, ValueText.of(value))) }
        }
        return facts
    }

    private func chart(_ column: DatasetProfile.Column) -> String {
        let bars = column.bars
        guard let most = bars.map(\.count).max(), most > 0 else { return "" }
        let width = bars.count * Self.barWidth
        let shapes = bars.enumerated().map { index, bar in
            let size = Int((Double(bar.count) / Double(most) * Double(Self.height)).rounded(.up))
            let label = "\(bar.label): \(ValueText.grouped(bar.count))"
            return "<rect x=\"\(index * Self.barWidth)\" y=\"\(Self.height - size)\" "
                + "width=\"\(Self.barWidth - 2)\" height=\"\(size)\">"
                + "<title>\(Self.escape(label))</title></rect>"
        }
        return "<svg role=\"img\" viewBox=\"0 0 \(width) \(Self.height)\" width=\"\(width)\" "
            + "height=\"\(Self.height)\"><title>distribution of \(Self.escape(column.name))</title>"
            + shapes.joined() + "</svg>"
    }

    /// Data are text, whatever they look like.
    static func escape(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where character.value < 32 || (127...159).contains(character.value):
                result += " "
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static let style = """
        :root { color-scheme: light dark; }
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
        h1 { margin-bottom: 0; }
        h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
        small { font-weight: normal; opacity: .7; }
        section { border-top: 1px solid #8886; padding: 1rem 0; overflow-x: auto; }
        svg { display: block; max-width: 100%; }
        rect { fill: #3b7dd8; }
        rect:hover { fill: #e08a1e; }
        dl { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; margin: .6rem 0 0; }
        dt { opacity: .7; }
        dd { margin: 0 0 0 -1.1rem; font-variant-numeric: tabular-nums; }
        .warning { background: #e08a1e33; padding: .4rem .8rem; }
        """
}
