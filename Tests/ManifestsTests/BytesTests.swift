import Testing

@Suite("Bytes that are refused before YAML is read")
struct BytesTests {
    @Test("A tab in indentation is refused")
    func aTabInIndentationIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                \tsource: {}
                """)
        let expected = """
            m.yaml:5:1: error: a tab is not allowed in indentation
                \tsource: {}
                ^
            hint: indent with spaces
            """
        #expect(messages == expected)
    }

    @Test("A byte order mark is refused")
    func aByteOrderMarkIsRefused() {
        let messages = messages(
            of: """
                \u{FEFF}apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                """)
        let expected = """
            m.yaml:1:1: error: a byte order mark (U+FEFF) is not allowed
                �apiVersion: ingot/v1
                ^
            hint: save the file as UTF-8 without a byte order mark
            """
        #expect(messages == expected)
    }

    @Test("A NUL byte is refused")
    func aNULByteIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: a\0b}}
                """)
        let expected = """
            m.yaml:5:26: error: a NUL byte is not allowed
                  source: {file: {path: a�b}}
                                         ^
            hint: remove it
            """
        #expect(messages == expected)
    }

    @Test("UTF-16 is refused")
    func utf16IsRefused() {
        let text = validDataset.utf16
        let bytes: [UInt8] = [0xFF, 0xFE] + text.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let messages = messages(of: bytes)
        let expected = """
            m.yaml:1:1: error: the file is not UTF-8 but UTF-16 (or UTF-32)
                ��a�p�i�V�e�r�s�i�o�n�:� �i�n�g�o�t�/�v�1�
                ^
            hint: save the file as UTF-8
            """
        #expect(messages == expected)
    }

    @Test("UTF-16 without a byte order mark is refused")
    func utf16WithoutAByteOrderMarkIs() {
        let bytes = validDataset.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let messages = messages(of: bytes)
        let expected = """
            m.yaml:1:1: error: the file is not UTF-8 but UTF-16 (or UTF-32)
                a�p�i�V�e�r�s�i�o�n�:� �i�n�g�o�t�/�v�1�
                ^
            hint: save the file as UTF-8
            """
        #expect(messages == expected)
    }

    @Test("Invalid UTF-8 is refused at its column, counted in characters")
    func invalidUTF8IsRefusedAtItsColumn() {
        let bytes = Array((validDataset + "# é ").utf8) + [0xE9, 0x74, 0xE9, 0x0A]
        let messages = messages(of: bytes)
        let expected = """
            m.yaml:6:5: error: the byte 0xe9 is not part of valid UTF-8
                # é �t�
                    ^
            hint: save the file as UTF-8
            """
        #expect(messages == expected)
    }

    @Test("A control character is refused and not printed")
    func aControlCharacterIsRefusedAndNot() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: \u{1B}[31m
                """)
        let expected = """
            m.yaml:5:11: error: the control character U+001B is not allowed
                  source: �[31m
                          ^
            hint: remove it
            """
        #expect(messages == expected)
    }

    @Test("A character that changes the direction of text is refused and not printed")
    func aCharacterThatChangesTheDirectionOf() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: "\u{202E}a"
                """)
        let expected = """
            m.yaml:5:12: error: the invisible character U+202E, which changes the direction of text, is not allowed
                  source: "�a"
                           ^
            hint: remove it; it can make a manifest look different from what it says
            """
        #expect(messages == expected)
    }

    @Test("A line separator is refused")
    func aLineSeparatorIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: "\u{2028}a"
                """)
        let expected = """
            m.yaml:5:12: error: the line break U+2028 is not allowed
                  source: "�a"
                           ^
            hint: end lines with a line feed
            """
        #expect(messages == expected)
    }

    @Test("A next-line character is refused")
    func aNextlineCharacterIsRefused() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: "\u{85}a"
                """)
        let expected = """
            m.yaml:5:12: error: the line break U+0085 is not allowed
                  source: "�a"
                           ^
            hint: end lines with a line feed
            """
        #expect(messages == expected)
    }

    @Test("A carriage return without a line feed is refused")
    func aCarriageReturnWithoutALineFeed() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1\rkind: Dataset\rmetadata: {name: weather}\rspec:\r  source: {file: {path: data/weather.csv}}\r
                """)
        let expected = """
            m.yaml:1:21: error: a carriage return without a line feed is not allowed
                apiVersion: ingot/v1�kind: Dataset�metadata: {name: weather}�spec:�  source: {file: {path: data/weather.csv}}
                                    ^
            hint: end lines with a line feed
            """
        #expect(messages == expected)
    }
}
