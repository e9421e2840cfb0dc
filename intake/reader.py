"""A CSV file as a stream of rows. Reads with bounded memory whatever the file holds: a line of 100 MB, a quotation
mark that never closes and bytes of another encoding each become a named problem, and the row after it is read."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

from intake.errors import FileProblem

MAX_LINE = 1_000_000  # characters in one record
MAX_RECORD_LINES = 1000
SAMPLE_BYTES = 256 * 1024
DELIMITERS = ",;\t|"
LONE = re.compile("[\udc80-\udcff]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
BOMS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]
# how files begin that people take for a table by mistake
OTHERS = [
    (b"PK\x03\x04", "an Excel workbook or a ZIP file. Save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file. Save the sheet as CSV"),
    (b"%PDF", "a PDF. Export the table as CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a compressed file. Unpack it first"),
]
csv.field_size_limit(MAX_LINE + 1)


@dataclass
class Row:
    """One record. ``problem`` names what is wrong with it; its cells may then be incomplete."""

    line: int
    cells: list[str]
    problem: str = ""


@dataclass
class Shape:
    """What a file looks like, found by reading its beginning."""

    encoding: str
    delimiter: str
    header: list[str]
    sample: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def encoding_guess(head: bytes, *, whole: bool) -> tuple[str, str]:
    """(encoding, note to the person) for the beginning of a file; ``whole`` when it is all of it."""
    for bom, name in BOMS:
        if head.startswith(bom):
            return name, ""
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le", "The file looks like UTF-16 without a byte order mark."
    if head[0::2].count(0) > len(head) // 4:
        return "utf-16-be", "The file looks like UTF-16 without a byte order mark."
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, whole)
        return "utf-8", ""
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        at = f"byte {error.start:,} is {head[error.start]:#04x}, on line {line:,}"
    piece = head[: 64 * 1024]
    best = from_bytes(piece).best()
    name = best.encoding if best else "cp1252"
    if name.startswith("cp125") and piece.decode(name, "replace") == piece.decode("cp1252", "replace"):
        name = "cp1252"  # reads the same, and is the far more common one
    if name in ("ascii", "utf_8"):  # a stray byte in a file that is UTF-8 otherwise
        return "utf-8", f"The file is not all UTF-8: {at}. Rows with such bytes are rejected; or name its encoding."
    return name, f"The file is not UTF-8 ({at}). It reads well as {name}; check the sample below."


def encoding_check(name: str) -> str:
    """The name as Python knows it. Raises FileProblem for an unknown one."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise FileProblem(f"There is no encoding called {name[:40]!r}.") from None
    if not found._is_text_encoding:
        raise FileProblem(f"{name[:40]!r} is no text encoding.")
    return found.name


def delimiter_guess(lines: list[str]) -> str:
    """The separator that splits the header, and the lines after it alike."""
    head = re.sub(r'"[^"]*"', "", lines[0])
    counts = {mark: head.count(mark) for mark in DELIMITERS}

    def weight(mark: str) -> tuple[int, int]:
        alike = sum(re.sub(r'"[^"]*"', "", line).count(mark) == counts[mark] for line in lines[1:30])
        return (alike if counts[mark] else -1, counts[mark])

    best = max(DELIMITERS, key=weight)
    return best if counts[best] else ","


def header_clean(cells: list[str]) -> list[str]:
    """Column names that are there and differ: an empty one is named by its place, a repeated one numbered."""
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").split())[:120] or f"column {place}"
        known, number = name, 2
        while name in names:
            name, number = f"{known} ({number})", number + 1
        names.append(name)
    return names


class Lines:
    """Physical lines with their numbers; lines given back are read again. A line over the limit comes cut, and
    the rest of it is passed over without being kept."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.back, self.number = text, deque[str](), 0
        self.taken: list[str] = []
        self.chars = 0
        self.too_long = False

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self.chars > MAX_LINE or len(self.taken) >= MAX_RECORD_LINES:
            raise csv.Error("unclosed")
        line = self.back.popleft() if self.back else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self.chars += len(line)
        return line

    def _read(self) -> str:
        line = self.text.readline(MAX_LINE)
        if len(line) < MAX_LINE or line.endswith(("\n", "\r")):
            return line
        self.too_long = True
        while True:
            rest = self.text.readline(MAX_LINE)
            if not rest or rest.endswith(("\n", "\r")):
                return line[:200] + "\n"

    def begin(self) -> None:
        self.taken, self.chars, self.too_long = [], 0, False

    def give_back(self) -> None:
        """All but the first line of this record are read again."""
        self.back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1


class Reader:
    """Iterate over the records after the header. ``position`` is how many bytes were read from the file."""

    def __init__(self, file: BinaryIO, encoding: str, delimiter: str) -> None:
        self.file = file
        file.seek(0)
        errors = "surrogateescape" if not encoding.startswith("utf-16") else "replace"
        self.replaced = "\ufffd" if errors == "replace" else ""
        text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
        self.lines = Lines(text)
        self.delimiter = delimiter
        self.header = header_clean(self._first())

    def close(self) -> None:
        self.lines.text.close()

    @property
    def position(self) -> int:
        return self.file.tell()

    def _first(self) -> list[str]:
        for row in self._records():
            if row.problem:
                raise FileProblem(f"The header (line {row.line}) cannot be read: {row.problem}")
            if any(cell.strip() for cell in row.cells):
                if LONE.search("".join(row.cells)):
                    raise FileProblem("The header has bytes of another encoding. Name the file's encoding.")
                if CONTROL.search("".join(row.cells)):
                    raise FileProblem("This is no text file: its first line has control characters.")
                return row.cells
        raise FileProblem("The file is empty.")

    def _parser(self) -> Iterator[list[str]]:
        return csv.reader(self.lines, delimiter=self.delimiter, strict=True)

    def _records(self) -> Iterator[Row]:
        lines = self.lines
        parser = self._parser()
        while True:
            lines.begin()
            before = lines.number
            try:
                cells = next(parser)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._broken(before + 1, str(error))
                parser = self._parser()
                continue
            if lines.too_long:
                yield Row(before + 1, [lines.taken[0][:200]], f"The line is longer than {MAX_LINE:,} characters.")
            elif cells:
                yield Row(before + 1, cells)

    def _broken(self, line: int, error: str) -> Row:
        lines = self.lines
        first = lines.taken[0][:300].rstrip("\r\n") if lines.taken else ""
        if lines.too_long:
            reason = f"The line is longer than {MAX_LINE:,} characters."
        elif error == "unclosed" or "unexpected end" in error or "field limit" in error:
            reason = "A quotation mark is opened here and never closed."
        elif "expected after" in error:
            reason = "Text follows a closing quotation mark; quotes inside a quoted cell are doubled."
        else:
            reason = f"The row cannot be read as CSV: {error}."
        if len(lines.taken) > 1:
            lines.give_back()
        return Row(line, [first], reason)

    def __iter__(self) -> Iterator[Row]:
        width = len(self.header)
        for row in self._records():
            if not row.problem:
                if len(row.cells) != width:
                    self._ragged(row, width)
                joined = "".join(row.cells)
                if not joined.isprintable():
                    row.problem = row.problem or self._unprintable(joined)
                elif self.replaced and self.replaced in joined:
                    row.problem = "The row has bytes that its encoding does not know."
            yield row

    def _ragged(self, row: Row, width: int) -> None:
        if len(row.cells) > width and not any(cell.strip() for cell in row.cells[width:]):
            del row.cells[width:]
        else:
            row.problem = f"The row has {len(row.cells)} cells; the header has {width}."

    @staticmethod
    def _unprintable(text: str) -> str:
        if "\x00" in text:
            return "The row has a NUL byte."
        if found := LONE.search(text):
            return f"The row has a byte (0x{ord(found[0]) - 0xDC00:02x}) that its encoding does not know."
        return ""


def _text_check(head: bytes) -> None:
    """Raises FileProblem when the beginning of a file says that it cannot be a table."""
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\r\n\t \x00"):
        raise FileProblem("The file is empty.")
    for mark, said in OTHERS:
        if head.startswith(mark):
            raise FileProblem(f"This is no CSV file but {said}.")


def shape_read(path: Path, *, encoding: str = "", delimiter: str = "", sample: int = 20_000) -> Shape:
    """Look at a file. Raises FileProblem when it is empty or no table at all."""
    notes: list[str] = []
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
        _text_check(head)
        if encoding:
            encoding = encoding_check(encoding)
        else:
            encoding, note = encoding_guess(head, whole=len(head) < SAMPLE_BYTES)
            notes += [note] if note else []
    if not delimiter:
        lines = [line for line in head.decode(encoding, "replace").splitlines() if line.strip()]
        delimiter = delimiter_guess([line[:20_000] for line in lines[:31]] or [","])
    with path.open("rb") as file:
        reader = Reader(file, encoding, delimiter)
        shape = Shape(encoding, delimiter, reader.header, notes=notes)
        budget, rows = 20 * SAMPLE_BYTES, 0
        for row in reader:
            rows += 1
            if not row.problem:
                shape.sample.append(row.cells)
                budget -= sum(map(len, row.cells))
            if len(shape.sample) >= sample or budget < 0 or rows > 4 * sample:
                break
        if not rows:
            raise FileProblem("The file has a header but no rows.")
    return shape
