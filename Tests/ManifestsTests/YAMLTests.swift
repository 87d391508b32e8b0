import Testing

@Suite("YAML that is refused")
struct YAMLTests {
    @Test("A duplicate key is refused with both places")
    func aDuplicateKeyIsRefusedWithBoth() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  timestamp: a
                  timestamp: b
                """)
        let expected = """
            m.yaml:7:3: error: the key 'timestamp' is given twice
                  timestamp: b
                  ^
            note: it is first given here (m.yaml:6:3)
            hint: remove one of them
            """
        #expect(messages == expected)
    }

    @Test("An anchor is refused")
    func anAnchorIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: &here {file: {path: data/weather.csv}}
                """)
        let expected = """
            m.yaml:5:11: error: anchors are not allowed: '&here'
                  source: &here {file: {path: data/weather.csv}}
                          ^
            hint: write the value out in every place
            """
        #expect(messages == expected)
    }

    @Test("An alias is refused")
    func anAliasIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  timestamp: *here
                """)
        let expected = """
            m.yaml:6:14: error: aliases are not allowed: '*here'
                  timestamp: *here
                             ^
            hint: write the value out in every place
            """
        #expect(messages == expected)
    }

    @Test("A tag is refused")
    func aTagIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  timestamp: !!python/object/apply:os.system x
                """)
        let expected = """
            m.yaml:6:14: error: tags are not allowed: 'tag:yaml.org,2002:python/object/apply:os.system'
                  timestamp: !!python/object/apply:os.system x
                             ^
            hint: remove the tag; the type of a value follows from its field
            """
        #expect(messages == expected)
    }

    @Test("A merge key is refused")
    func aMergeKeyIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  <<: {timestamp: a}
                """)
        let expected = """
            m.yaml:6:3: error: merge keys are not allowed: '<<'
                  <<: {timestamp: a}
                  ^
            hint: write the value out in every place
            """
        #expect(messages == expected)
    }

    @Test("A directive is refused")
    func aDirectiveIsRefused() {
        let messages = messages(
            of: """
                %YAML 1.1
                ---
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                """)
        let expected = """
            m.yaml:1:1: error: YAML directives are not allowed
                %YAML 1.1
                ^
            hint: remove the lines that start with '%'
            """
        #expect(messages == expected)
    }

    @Test("A key that is a list is refused")
    func aKeyThatIsAListIs() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  ? [a, b]
                  : c
                """)
        let expected = """
            m.yaml:6:5: error: a key must be text, not a list or a mapping
                  ? [a, b]
                    ^
            hint: write 'key: value'
            """
        #expect(messages == expected)
    }

    @Test("A hidden character written as an escape is refused")
    func aHiddenCharacterWrittenAsAnEscape() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  timestamp: "a\\u202Eb"
                """)
        let expected = """
            m.yaml:6:14: error: the invisible character U+202E, which changes the direction of text, is not allowed
                  timestamp: "a\\u202Eb"
                             ^
            hint: remove the escape
            """
        #expect(messages == expected)
    }

    @Test("Nesting beyond the limit is refused")
    func nestingBeyondTheLimitIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
                """)
        let expected = """
            m.yaml:5:41: error: mappings and lists are nested more than 32 deep
                  source: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
                                                        ^
            hint: no field of a manifest is nested that deep
            """
        #expect(messages == expected)
    }

    @Test("An unclosed quote is told in the words of libyaml")
    func anUnclosedQuoteIsToldInThe() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  timestamp: "time_hour
                """)
        let expected = """
            m.yaml:6:14: error: this is not YAML: while scanning a quoted scalar, found unexpected end of stream
                  timestamp: "time_hour
                             ^
            note: the file ends here (m.yaml:6:24)
            hint: close the quote
            """
        #expect(messages == expected)
    }

    @Test("A mapping that is not one is told in the words of libyaml")
    func aMappingThatIsNotOneIs() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  timestamp time_hour
                  x: y
                """)
        let expected = """
            m.yaml:7:3: error: this is not YAML: while scanning a simple key, could not find expected ':'
                  x: y
                  ^
            note: what was being read starts here (m.yaml:6:3)
            hint: write 'key: value'
            """
        #expect(messages == expected)
    }

    @Test("A document that is a list is refused")
    func aDocumentThatIsAListIs() {
        let messages = messages(
            of: """
                - a
                - b
                """)
        let expected = """
            m.yaml:1:1: error: a manifest must be a mapping, but this document is a list
                - a
                ^
            hint: start with 'apiVersion: ingot/v1'
            """
        #expect(messages == expected)
    }

    @Test("A document that is text is refused")
    func aDocumentThatIsTextIsRefused() {
        let messages = messages(
            of: """
                hello
                """)
        let expected = """
            m.yaml:1:1: error: a manifest must be a mapping, but this document is the text 'hello'
                hello
                ^
            hint: start with 'apiVersion: ingot/v1'
            """
        #expect(messages == expected)
    }
}
