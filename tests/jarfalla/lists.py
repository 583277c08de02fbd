"""Lists as HR systems, learning portals and people save them: made up, and the same each time (SEED)."""

import base64
import csv
import io
import itertools
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from unicodedata import normalize
from xml.sax.saxutils import escape

import openpyxl  # type: ignore[import-untyped]  # its stubs are a package of their own

SEED = 2026
ODS = "application/vnd.oasis.opendocument.spreadsheet"
Cells = list[list[str]]

FIRST = ["Anna", "Åsa", "Örjan", "Björn", "Märta", "Lars", "Zoé", "Håkan", "Fatima", "Per", "Désirée", "Ali"]
LAST = ["Andersson", "Öberg", "Åström", "Berg", "Nyström", "Ek", "Jönsson", "Hägg", "Ahmadi", "Müller", "Nuñez"]
UNITS = [
    "Ängens förskola",
    "Åsskolan",
    "Viksjöskolan",
    "Barkarby förskola",
    "Socialkontoret, barn och unga",
    "Björkebyskolan",
    "Fritidsgården Källtorp",
    'Hemtjänst "Norr"',
    "Jakobsbergs bibliotek",
    "Kvarnskolan; F–6",
]
TITLES = ["Förskollärare", "Barnskötare", "Lärare, grundskola", "Rektor", "Socialsekreterare", "Undersköterska"]
DATES = ["2026-03-01", "2026-03-01 14:05", "1/3/2026 12:00", "1 mars 2026", "20260301"]


def person(chance: random.Random, number: int) -> tuple[str, str, str]:
    """First name, last name, and an e-mail that nobody else in the list has."""
    first, last = chance.choice(FIRST), chance.choice(LAST)
    plain = normalize("NFD", f"{first}.{last}{number}").encode("ascii", "ignore").decode().lower()
    return first, last, f"{plain}@jarfalla.se"


def staff(chance: random.Random, size: int) -> Cells:
    """An HR list with decimal commas, and quotation marks and delimiters inside cells."""
    rows = [["Namn", "E-post", "Enhet", "Befattning", "Anställd fr.o.m.", "Sysselsättningsgrad"]]
    for number in range(size):
        first, last, email = person(chance, number)
        unit, title, on = chance.choice(UNITS), chance.choice(TITLES), chance.choice(DATES)
        rows.append([f"{first} {last}", email, unit, title, on, chance.choice(["100", "75,5", "80,00", "50"])])
    return rows


def staff_by_last_name(chance: random.Random, size: int) -> Cells:
    """An HR list where each name, and its heading, holds a comma."""
    people = [person(chance, number) for number in range(size)]
    rows = [[f"{last}, {first}", email, chance.choice(UNITS)] for first, last, email in people]
    return [["Efternamn, förnamn", "E-post", "Arbetsplats"], *rows]


def staff_with_remarks(chance: random.Random, size: int) -> Cells:
    """An HR list with line breaks inside cells."""
    remarks = ["", "\nTjänstledig, t.o.m. juni", "\nVikarie; 50 %", "\nSe bilaga"]
    header, *rows = staff(chance, size)
    return [header, *([*row[:3], row[3] + chance.choice(remarks), *row[4:]] for row in rows)]


def staff_with_title(chance: random.Random, size: int) -> Cells:
    """An HR list with a title and an empty line above, and a sum below."""
    rows = staff(chance, size)
    return [["Personallista Järfälla kommun, uttag 2026-03-01"], [], *rows, ["Summa", "", "", "", "", str(size)]]


def completions(chance: random.Random, size: int) -> Cells:
    """A report from the learning portal."""
    states = ["Slutförd", "Slutförd", "Genomförd", "Ej påbörjad"]
    rows = [
        [person(chance, number)[2], "Webbkurs Heder – grund", chance.choice(states), chance.choice(DATES)]
        for number in range(size)
    ]
    return [["E-postadress", "Kurs", "Status", "Slutförd"], *rows]


def one_letter(chance: random.Random, size: int) -> Cells:
    """A list with a single letter beyond a to z, in its last line."""
    rows = [[f"person{number}@jarfalla.se", chance.choice(DATES)] for number in range(size)]
    return [["epost", "datum"], *rows, ["asa@jarfalla.se", "Åsa"]]


def units(chance: random.Random, size: int) -> Cells:
    """A short list with few columns."""
    rows = [[chance.choice(UNITS), "Förskola", str(chance.randint(3, 80))] for _number in range(size)]
    return [["namn", "verksamhetstyp", "antal"], *rows]


KINDS: list[Callable[[random.Random, int], Cells]] = [
    staff,
    staff_by_last_name,
    staff_with_remarks,
    staff_with_title,
    completions,
    one_letter,
    units,
]
SIZES = [1, 3, 10, 100, 2000]
DELIMITERS = [";", ",", "\t", "|"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-le+bom", "utf-16-be+bom", "cp1252", "mac_roman", "cp850"]


class Sample(NamedTuple):
    """A list as text, and how it was written."""

    kind: str
    size: int
    delimiter: str
    quoting: int
    rows: Cells
    text: str


def samples(sizes: Sequence[int] = SIZES) -> Iterator[Sample]:
    """Every kind of list in every size, with every delimiter, with and without quotation marks everywhere."""
    chance = random.Random(SEED)
    for kind, size, delimiter, quoting in itertools.product(
        KINDS, sizes, DELIMITERS, (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    ):
        rows = kind(chance, size)
        text = as_csv(rows, delimiter, quoting=quoting, line_end=chance.choice(["\r\n", "\n"]))
        yield Sample(kind.__name__, size, delimiter, quoting, rows, text)


def as_csv(rows: Cells, delimiter: str = ";", *, quoting: int = csv.QUOTE_MINIMAL, line_end: str = "\r\n") -> str:
    """The rows as text."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(rows)  # type: ignore[arg-type]  # an int
    return file.getvalue()


def encode(text: str, encoding: str) -> bytes:
    """The bytes of one of ENCODINGS."""
    name, _, mark = encoding.partition("+")
    return ("\ufeff" + text if mark else text).encode(name)


def fits(text: str, encoding: str) -> str:
    """The text without what this encoding has no sign for: MS-DOS has no long dash."""
    return text.replace("–", "-") if encoding == "cp850" else text


def as_xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    """The rows as an Excel file."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Personal")
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_ods(rows: Cells) -> bytes:
    """The rows as a file of LibreOffice: no more of the format than a reader needs."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Personal">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS}"/></manifest:manifest>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", ODS, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return file.getvalue()


# Saved once with xlwt as Excel 97–2003 saves it. In the last column a date, and the same day as a number.
XLS = zlib.decompress(
    base64.b85decode(
        "c-rk)Pe>GD6#sp*yY8;2yV@FPAd8TdsSsVd=$dJs6stpj2x>M*%iU&VW;@uSEb~|dor*4k9lBUu`a>NG3OWQzK|&C?b@UXJbWo@F"
        "y_vPu3|vUTnBVZddGCGSd-G=AeDC{arY6g0#vWB?u>vjdVbKnwC{HJ-g>ym_)Nk98&7DKkY!90X;SeRVD1hgs?}9RiGT&J!c<6sc"
        "6!=2zBnHuK=vsUO(Z(^TLdMWcRNyXY%235oRWLonbPLl5Jn{w8R@Pi++Dv0-#0g9$y6gA3Z}Bmumix*e{XSuvPpsL4O1zbC@#UMs"
        "85_WU^PHOAWF0mB5{!cq+NtT9Ddh<6p%^$$Xzc20Y;T`IjFLT$A9fu0o}1M#<DPzF^#Y{-xm+Loi#|k2T&cgM_<>>Ar+Jc$Qe7VM"
        "JH@z1Gc7|`)AP6?Q_qdMy4CYK&GL@MLBq-fh|$k#87kdJ(ibv)b7n79_&1gs|CrRw{z^c#)Fwmntplprr>4_tlchy~*LuIETXC|m"
        "Qbt-O2W<m$rXKG|#en31Vd_m<D&Hm~{qk5{M&cBn=(567$`i7LXfGnnm-DoY(%sD8|MtEs*^@ZMnqgjSoF!?yd;+j>MOu(?8Ta^@"
        "%AR_**v<4Rd)>x-HPaZ)89LYXRJzQ;5gv1md+X>rdl?@RJM#FQ#E;G%dRjC3HL;8MiO%fB*u->V47IdG_L99kM$jM{#GTs`&l0(_"
        "aLd<crd5BGvXByWW4GOPH-ZJu9_V>UIFfuiVo6fmXXQvfl6<Z&v5GIjzWnZZ!M*}ZlJq6>aY>PqkK!$!QrMTWiZ6wI1zl?=YoR4c"
        "`U<<g6pm~5K$U1wD)3kuQnCJxVtDZ2!Gi}69z1whX9(UpI@@Kr9Spcz@u2%(XMx(H_nYLu#bFq9Way)^13H~e3>EbLY(+rie2F#M"
        "<o*{*9Hpz9NFm8_qzZn2=~GJN-_M#2qyKIS6?*-}LgHNK>;D2o3;^T"
    )
)
XLS_ROWS = [
    ["Namn", "E-post", "Enhet", "Slutförd"],
    ["Åsa Öberg", "asa.oberg@jarfalla.se", "Ängens förskola", "2026-03-01"],
    ["Björn Ek", "bjorn.ek@jarfalla.se", "Åsskolan", "46082.5"],
]
