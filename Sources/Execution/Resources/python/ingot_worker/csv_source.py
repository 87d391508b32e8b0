"""CSV files: their header, how DuckDB is to read them, and where in them a row is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingot_worker import packed as packing
from ingot_worker.errors import StepError, data_error
from ingot_worker.sql import count, literal

DELIMITERS = ",;\t|"
LINE_BYTES_MAX = 16 << 20


@dataclass
class CSVFile:
    """A CSV file whose first line has been looked at."""

    path: str
    name: str
    # How it is packed, in DuckDB's words.
    packed: str
    delimiter: str
    header: list[str]

    @property
    def missing_hint(self) -> str | None:
        """A hint if the first line looks like data."""
        if all(re.fullmatch(r"[-+0-9.:TZ ]*|NA", name) for name in self.header):
            return "the first line must be a header that names the columns"
        return None

    def relation(self, nulls: list[str], infer: bool) -> str:
        """The SQL that reads the file: as text, or with its types found in all its rows."""
        options = [
            literal(self.path),
            "header=true",
            f"delim={literal(self.delimiter)}",
            "quote='\"'",
            "escape='\"'",
            f"nullstr=[{', '.join(literal(n) for n in dict.fromkeys(['', *nulls]))}]",
            "allow_quoted_nulls=true",
            f"compression={literal(self.packed)}",
            f"max_line_size={LINE_BYTES_MAX}",
        ]
        if infer:
            names = ", ".join(literal(name) for name in self.header)
            options += ["sample_size=-1", f"names=[{names}]"]
        else:
            types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.header)
            options += ["auto_detect=false", f"columns={{{types}}}"]
        return f"read_csv({', '.join(options)})"

    def place(self, row: int) -> str:
        """The line of the row at a position (from 0); values may hold line breaks."""
        with _text(self.path, self.packed) as text:
            number = -2  # the header is not a row
            before = 0
            reader = csv.reader(text, delimiter=self.delimiter)
            for record in reader:
                # DuckDB passes over empty lines, but if there is one column, they are its nulls.
                if record or (len(self.header) == 1 and number >= -1):
                    number += 1
                if number == row:
                    return f"line {count(before + 1)}"
                before = reader.line_num
        return f"row {count(row + 1)}"


def _text(path: str, packed: str) -> io.TextIOWrapper:
    # The caller closes the text, and the file with it.
    raw = packing.open_bytes(path, packed)
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


def inspect(path: str, name: str) -> CSVFile:
    """Look at the first line of a file that is not empty; raises a data error if it is not CSV."""
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic.startswith(b"PK\x03\x04"):
        raise data_error("NotCSV", f"{name} is a zip archive, not CSV", "unpack it first")
    if magic == b"PAR1":
        raise data_error(
            "NotCSV", f"{name} is a Parquet file, not CSV", "set its format to parquet"
        )
    packed = packing.check(path, name)
    try:
        with _text(path, packed) as text:
            first = next(_lines(text), None)
        if first is None:
            raise data_error("FileEmpty", f"{name} is empty", "copy the file again")
        if "\0" in first:
            raise data_error("NotCSV", f"{name} is not a text file")
        delimiter = max(DELIMITERS, key=lambda d: (first.count(d), d == ","))
        with _text(path, packed) as text:
            header = next(row for row in csv.reader(text, delimiter=delimiter) if row)
    except csv.Error as error:
        raise data_error("BadHeader", f"{name}, line 1: {error}") from None
    return CSVFile(path, name, packed, delimiter, _checked(header, name))


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines that are not empty; none longer than the limit is read whole."""
    while line := text.readline(LINE_BYTES_MAX):
        if line.strip():
            yield line


def _checked(header: list[str], name: str) -> list[str]:
    header = [column.strip() for column in header]
    seen: set[str] = set()
    for position, column in enumerate(header, 1):
        if not column:
            raise data_error(
                "BadHeader",
                f"{name} has no name for its column {position}",
                "the first line must name every column",
            )
        if column.lower() in seen:
            raise data_error(
                "BadHeader",
                f"{name} has two columns named '{column}'",
                "rename one of them; case does not count",
            )
        seen.add(column.lower())
    return header


def unreadable(name: str, error: Exception) -> StepError | None:
    """What DuckDB says about a bad line, in one sentence."""
    text = str(error)
    if "reached an invalid state" in text:
        return data_error(
            "BadLine",
            f"{name} mixes line ends, or has a quote inside an unquoted value",
            "end all lines alike, and quote values that contain quotes",
        )
    if "utf-8" in text.lower() or "unicode" in text.lower():
        line = re.search(r"Line: (\d+)", text)
        where = f"{name}, line {count(int(line.group(1)))}" if line else name
        return data_error("NotUTF8", f"{where}: the text is not UTF-8", "save it as UTF-8")
    line = re.search(r"CSV Error on Line: (\d+)", text)
    if not line:
        return None
    where = f"{name}, line {count(int(line.group(1)))}"
    width = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if width:
        found, wanted = int(width.group(2)), width.group(1)
        what = f"the line has {found} {'value' if found == 1 else 'values'} instead of {wanted}"
        return data_error("BadLine", f"{where}: {what}", "quote values that contain delimiters")
    if "unterminated quote" in text.lower():
        return data_error("BadLine", f"{where}: a quoted value does not end", "close the quote")
    detail = text.split("\n")[1] if "\n" in text else text
    return data_error("BadLine", f"{where}: {detail}", "correct the line")
