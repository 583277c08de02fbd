"""Reading a list that somebody uploads."""

import datetime as dt
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from jarfalla.tables import MAX_ROWS, Row, Table, UnreadableFile, open_table, read_table
from tests.jarfalla import lists
from tests.timing import processor_seconds

REAL_LIST = Path("static/exempel/enheter-jarfalla.csv").read_bytes()
LIST = "namn;verksamhetstyp\nÄngens förskola;Förskola\nÅsskolan;Grundskola\n"
READ = Table(
    header=["namn", "verksamhetstyp"],
    rows=[Row(2, ["Ängens förskola", "Förskola"]), Row(3, ["Åsskolan", "Grundskola"])],
)
NO_LIST = "Det här är inte en lista som portalen kan läsa. Spara den som CSV (UTF-8) eller Excel (.xlsx)."
BROKEN_SHEET = "Filen går inte att öppna som kalkylblad. Spara den på nytt som Excel (.xlsx) eller CSV."
LONG_ROW = "Rad 2 går inte att läsa. Se efter om det finns ett citattecken för mycket."
OTHER_ENDING = "Portalen läser CSV och Excel (.xlsx). Spara listan så och välj filen igen."
DAMAGED = "Bokstäverna å, ä och ö är skadade i filen. Spara om listan som CSV (UTF-8) eller Excel (.xlsx)."


def workbook(rows: Sequence[Sequence[object]], *, row: int = 1, hidden_first: bool = False) -> bytes:
    """An .xlsx file whose visible sheet begins at `row`."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if hidden_first:
        sheet.append(["hemlig"])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("Enheter")
    for number, cells in enumerate(rows, start=row):
        for column, cell in enumerate(cells, start=1):
            sheet.cell(number, column, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def refusal(file_name: str, data: bytes) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read_table(file_name, data)
    return str(refused.value)


# --- CSV -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "mac_roman", "cp850"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_read_table_as_any_program_saves_it(encoding: str, delimiter: str, line_end: str) -> None:
    text = LIST.replace(";", delimiter).replace("\n", line_end)
    assert read_table("lista.csv", text.encode(encoding)) == READ


def test_read_table_with_accents_of_their_own_composes_them() -> None:
    assert read_table("lista.csv", "namn\nA\u030asskolan\n".encode()).rows == [Row(2, ["Åsskolan"])]


def test_read_table_leaves_out_empty_rows_and_ends_but_keeps_line_numbers() -> None:
    data = 'namn;typ;;\n\n;;;\n"En\nenhet";Förskola;;\n  ;  \nTvå;Skola;;;;\nTre\n'.encode()
    assert read_table("lista.csv", data) == Table(
        header=["namn", "typ"],
        rows=[Row(4, ["En\nenhet", "Förskola"]), Row(7, ["Två", "Skola"]), Row(8, ["Tre", ""])],
    )


@pytest.mark.parametrize("encoding", lists.ENCODINGS)
@pytest.mark.parametrize("size", [1, 10, 100])
def test_open_table_of_every_kind_of_list(encoding: str, size: int) -> None:
    """Docs/decisions/0014 has the measured table (python -m tests.benchmarks.bench_reading)."""
    for sample in lists.samples([size]):
        text = lists.fits(sample.text, encoding)
        reader = open_table("lista.csv", lists.encode(text, encoding))
        wanted = [[lists.fits(cell, encoding) for cell in row] for row in sample.rows]
        place = next(place for place, row in enumerate(wanted) if len(row) > 1)
        assert reader.header == wanted[place], sample
        assert [row.cells for row in reader] == wanted[place + 1 :], sample


def test_read_table_with_excels_own_marker_and_quoted_delimiters() -> None:
    data = b'sep=,\nnamn,"verksamhet; typ"\n"Ett, tv\xc3\xa5",Skola\n'
    assert read_table("LISTA.CSV", data) == Table(["namn", "verksamhet; typ"], [Row(3, ["Ett, två", "Skola"])])


def test_read_table_removes_what_cant_be_seen() -> None:
    assert read_table("lista.csv", "namn\n\u200bÅs\u00adskolan\u202e\n".encode()).rows == [Row(2, ["Åsskolan"])]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Filen är tom."),
        (b"\xef\xbb\xbf\n;;;\n\n", "Filen är tom."),
        (b"namn;typ\nA;B\x00\n", NO_LIST),
        (LIST.encode("utf-32"), NO_LIST),
        (LIST.encode("utf-8").decode("cp1252").encode("utf-8"), DAMAGED),
        (LIST.encode("utf-8").decode("latin-1").encode("utf-8"), DAMAGED),
        (LIST.encode("cp1252").decode("utf-8", "replace").encode("utf-8"), DAMAGED),
        (b'namn;typ\nA;B\nC;"D\nE;F\n', "Rad 3 går inte att läsa. Se efter om det finns ett citattecken för mycket."),
        (b'namn;typ\n"A"x"";B\n', "Rad 2 går inte att läsa. Se efter om det finns ett citattecken för mycket."),
        (b"n" * 200_000, "Rad 1 går inte att läsa. Se efter om det finns ett citattecken för mycket."),
        (b"namn" + b";x" * 100, "Listan har fler än 100 kolumner."),
        (b"namn\n" + b"A\n" * (MAX_ROWS + 1), "Listan har fler än 20000 rader. Dela upp den."),
        (b"namn\n" + b"\n" * (MAX_ROWS * 10), "Listan har fler än 20000 rader. Dela upp den."),
        (b'namn\n"' + b"n\n" * 65_000 + b'";"' + b"n\n" * 185_000, LONG_ROW),
        (b"n" * (20 * 1024 * 1024 + 1), "Filen är för stor. Den får vara högst 20 MB."),
    ],
    ids=range(15),
)
def test_read_table_refuses_in_a_sentence(data: bytes, sentence: str) -> None:
    assert refusal("lista.csv", data) == sentence


def test_read_table_with_the_most_rows_is_read() -> None:
    assert len(read_table("lista.csv", b"namn\n" + b"A\n" * MAX_ROWS).rows) == MAX_ROWS


@pytest.mark.parametrize("name", ["bild.png", "lista.pdf", "program.exe", "lista", "lista.csv.zip", ""])
def test_read_table_with_another_ending_says_which_it_reads(name: str) -> None:
    assert refusal(name, LIST.encode()) == OTHER_ENDING


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Length 9>>stream\n\x00\x01\x02\xff\nendstream"
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(500)


@pytest.mark.parametrize("content", [PNG, PDF, EXE], ids=["png", "pdf", "exe"])
def test_read_table_with_another_content_says_what_to_do(content: bytes) -> None:
    assert refusal("lista.csv", content) == NO_LIST
    assert refusal("lista.xlsx", content) == BROKEN_SHEET


# --- Spreadsheets ----------------------------------------------------------------------------------------


def test_read_table_xlsx_writes_cells_as_one_types_them() -> None:
    data = workbook([["namn", "antal", None], [None], [" Åsskolan ", 24.0, None], ["B", 1.5], [198507099805, True]])
    assert read_table("lista.xlsx", data) == Table(
        ["namn", "antal"], [Row(3, ["Åsskolan", "24"]), Row(4, ["B", "1.5"]), Row(5, ["198507099805", "True"])]
    )


def test_read_table_xlsx_that_begins_further_down_keeps_its_row_numbers() -> None:
    data = workbook([["namn"], ["Åsskolan"]], row=5, hidden_first=True)
    assert read_table("lista.xlsx", data) == Table(["namn"], [Row(6, ["Åsskolan"])])


def test_read_table_xlsx_that_begins_further_right_leaves_out_the_empty_columns() -> None:
    data = workbook([[None, None, "namn"], [None, None, "Åsskolan"]])
    assert read_table("lista.xlsx", data) == Table(["namn"], [Row(2, ["Åsskolan"])])


def test_read_table_xlsx_named_csv_is_read() -> None:
    assert read_table("lista.csv", workbook([["namn"], ["Åsskolan"]])).rows == [Row(2, ["Åsskolan"])]


def test_read_table_xlsx_with_too_many_rows_is_refused() -> None:
    data = workbook([["namn"]] + [["A"] for _ in range(MAX_ROWS + 1)])
    assert refusal("lista.xlsx", data) == "Listan har fler än 20000 rader. Dela upp den."


def test_read_table_xlsx_that_is_empty_is_refused() -> None:
    assert refusal("lista.xlsx", workbook([])) == "Filen är tom."


def test_read_table_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(201 * 1024 * 1024))
    assert len(file.getvalue()) < 400_000

    def refused() -> None:
        sentence = "Kalkylbladet är för stort. Spara det som CSV, eller dela upp det."
        assert refusal("lista.xlsx", file.getvalue()) == sentence

    assert processor_seconds(refused) < 1


def test_read_table_zip_bomb_that_lies_about_its_size_is_refused() -> None:
    file = io.BytesIO(workbook([["namn"], ["A"]]))
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/sharedStrings.xml", "w") as part,
    ):
        for _ in range(1000):
            part.write(bytes(1024**2))
    data = file.getvalue().replace(struct.pack("<I", 1000 * 1024**2), struct.pack("<I", 5))
    assert refusal("lista.xlsx", data) == BROKEN_SHEET


def test_read_table_xlsx_with_a_cell_in_the_last_corner_is_refused() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = "namn", "x"
    file = io.BytesIO()
    book.save(file)
    assert refusal("lista.xlsx", file.getvalue()) == BROKEN_SHEET


def test_read_table_with_password_says_so() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(100)
    sentence = "Filen är låst med ett lösenord. Spara den utan lösenord och välj den igen."
    assert refusal("lista.xlsx", data) == sentence


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\xd0\xcf\x11\xe0", LIST.encode()])
def test_read_table_broken_sheet_is_refused(data: bytes) -> None:
    assert refusal("lista.xlsx", data) == BROKEN_SHEET


def test_read_table_of_older_excel_and_of_libreoffice() -> None:
    assert read_table("lista.xls", lists.XLS) == Table(
        lists.XLS_ROWS[0], [Row(2, lists.XLS_ROWS[1]), Row(3, lists.XLS_ROWS[2])]
    )
    rows = [["namn", "typ"], ["Åsskolan", "F–6 & <7>"]]
    assert read_table("lista.ods", lists.as_ods(rows)) == Table(rows[0], [Row(2, rows[1])])


def test_read_table_xlsx_with_dates_leaves_out_midnight() -> None:
    midnight = dt.datetime(2026, 3, 1)  # noqa: DTZ001  a workbook knows no time zones
    data = workbook([["dag"], [midnight.date()], [midnight], [midnight.replace(hour=14, minute=5)]])
    assert [row.cells for row in read_table("lista.xlsx", data).rows] == [
        ["2026-03-01"],
        ["2026-03-01"],
        ["2026-03-01 14:05:00"],
    ]


# --- Row by row ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_name", ["lista.csv", "lista.xlsx"])
def test_open_table_can_be_read_again_and_again(file_name: str) -> None:
    rows = [["Namn", "E-post"], *([f"Åsa {number}", f"asa{number}@jarfalla.se"] for number in range(8))]
    data = workbook(rows) if file_name.endswith("xlsx") else lists.as_csv(rows).encode("cp1252")
    reader = open_table(file_name, data)
    whole = [Row(line, cells) for line, cells in enumerate(rows[1:], start=2)]
    assert reader.sample == whole[:5]
    assert next(iter(reader)) == whole[0]
    assert list(reader) == list(reader) == whole
    assert reader.last_line in (9, 10)


@pytest.mark.parametrize(
    "title",
    [
        "Personallista",
        "Personallista;;2026-03-01",
        "Personallista\n\nUttag 2026-03-01",
        "Personallista\nJärfälla kommun;Utbildning",
        "sep=;\nPersonallista",
    ],
)
def test_open_table_passes_over_titles_above_the_headings(title: str) -> None:
    text = f"{title}\n\nNamn;E-post;Enhet;Från\nÅsa;asa@jarfalla.se;Åsskolan;1/3/2026\n\nTotalt;1\n"
    reader = open_table("lista.csv", text.encode())
    line = text.splitlines().index("Namn;E-post;Enhet;Från") + 1
    assert (reader.header, reader.header_line) == (["Namn", "E-post", "Enhet", "Från"], line)
    assert list(reader) == [
        Row(line + 1, ["Åsa", "asa@jarfalla.se", "Åsskolan", "1/3/2026"]),
        Row(line + 3, ["Totalt", "1", "", ""]),
    ]


def test_open_table_with_broken_and_overflowing_rows_keeps_the_first_row_as_headings() -> None:
    text = "Namn;E-post\nÅsa;asa@jarfalla.se;fel;fler fel;ännu fler\nBo\nCajsa;c@jarfalla.se;x\n"
    reader = open_table("lista.csv", text.encode())
    assert (reader.header, reader.header_line) == (["Namn", "E-post"], 1)
    assert [len(row.cells) for row in reader] == [5, 2, 3]


def test_open_table_tells_empty_and_doubled_headings_apart() -> None:
    reader = open_table("lista.csv", b"Namn;;Datum;Namn\nA;B;C;D\n")
    assert reader.header == ["Namn", "", "Datum", "Namn"]
    assert reader.labels == ["Namn (kolumn 1)", "Kolumn 2", "Datum", "Namn (kolumn 4)"]


@pytest.mark.parametrize(
    ("cells", "is_total"),
    [
        (["Summa", "", "45"], True),
        (["", "Totalt:", "45", "12,5 %"], True),
        (["Antal: 45"], True),
        (["Antal anställda", "45"], True),
        (["SUMMA 1\u00a0045"], True),
        (["Total"], True),
        (["Summa Summarum AB", "45"], False),
        (["Totalförsvarets skola", "45"], False),
        (["Åsa Öberg", "summa@jarfalla.se"], False),
        (["Summa", "summa@jarfalla.se"], False),
        (["45", "12"], False),
        (["", ""], False),
    ],
)
def test_row_is_total_when_it_is_the_sum_under_a_list(cells: list[str], is_total: bool) -> None:
    assert Row(9, cells).is_total == is_total


def test_open_table_reads_a_hundred_thousand_rows_in_bounded_memory() -> None:
    data = b"namn;epost;datum\n" + b"".join(b"Namn %d;n%d@jarfalla.se;2026-03-01\n" % (n, n) for n in range(100_000))
    tracemalloc.start()
    count = sum(1 for _row in open_table("lista.csv", data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 8 * 1024 * 1024


def test_open_table_with_too_many_rows_says_so_when_it_gets_there() -> None:
    reader = open_table("lista.csv", b"namn\n" + b"A\n" * 31, max_rows=30)
    rows = iter(reader)
    assert [next(rows).line for _row in range(30)] == list(range(2, 32))
    with pytest.raises(UnreadableFile, match="Listan har fler än 30 rader"):
        next(rows)
