"""Files that hold many routines: everything in force as a ZIP, and the archive package.

The archive package is a BagIt bag (RFC 8493) in a ZIP: the stored PDFs, beside each its metadata as XML (Dublin Core
terms), and all metadata as one CSV. It is for somebody in twenty years who has no portal. The same versions packed for
the same day give the same bytes: nothing is compressed, and no clock is asked.
"""

import csv
import datetime as dt
import hashlib
import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO
from xml.etree import ElementTree

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from routines import queries
from routines.models import RoutineVersion
from units.models import Programme

# Told how many of how many documents are done; what it raises ends the work.
OnStep = Callable[[int, int], None]

DCTERMS = "http://purl.org/dc/terms/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
# What Dublin Core has no words for. The name is an address of nothing; it only has to stay the same.
OWN = "tag:jarfallamodellen,2026:rutin"
# ZIP's first day: an entry's own date would say when it was packed, and the metadata has the dates that matter.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_HASHES = ("sha256", "sha512")
# Spreadsheets run what begins so.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

README = """ARKIVPAKET

Här ligger alla versioner av rutiner som har gällt i portalen för {programme}, {municipality}.
Paketet följer BagIt 1.0 (RFC 8493): manifest-sha256.txt och manifest-sha512.txt har kontrollsummor för varje fil.

metadata.csv         alla versioner, en rad var (UTF-8, kommatecken emellan; ett ' står först i en cell som ett
                     kalkylblad annars hade räknat ut)
rutiner/*/v*.pdf     versionen som den fastställdes, PDF/A-2a och PDF/UA-1
rutiner/*/v*.xml     samma versions metadata (Dublin Core, http://purl.org/dc/terms/)
"""


class BrokenFile(Exception):  # noqa: N818  it names what happened, as Refused does
    """A stored PDF is gone or is not what was stored; the sentence says which."""


def input_sha256(versions: Iterable[RoutineVersion], *, day: str = "") -> str:
    """What a file of these versions would be made of, as a hash; `day` is the day of the archive package."""
    programme = Programme.current()
    rows = [facts(version) for version in versions]
    content = [programme.name, programme.municipality, day, rows]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def facts(version: RoutineVersion) -> dict[str, str]:
    """What is known about a version, as it stands in the CSV: in Swedish, whoever asks, for the names are for ever."""
    with translation.override(settings.LANGUAGE_CODE):
        return {
            "fil": f"rutiner/{version.routine.slug}/v{version.number}.pdf",
            "enhet": version.routine.unit.name,
            "verksamhetstyp": version.routine.unit.get_kind_display(),
            "titel": version.routine.title,
            "version": version.number,
            "dokumenttyp": version.get_document_type_display(),
            "dokumentagare": version.owner_title,
            "galler_for": version.applies_to,
            "diarienummer": version.diary_number,
            "faststalld": _moment(version.approved_at),
            "faststalld_av": queries.approver(version),
            "galler_fran": _moment(version.in_force_at),
            "galler_till": _moment(version.ended_at),
            "lage": str(version.state.label),
            "skal_till_upphavande": version.withdrawal_reason,
            "ses_over_senast": str(version.review_on or ""),
            "vad_ar_nytt": version.change_note,
            "kontrolladress": settings.BASE_URL + version.check_path,
            "sha256": version.pdf_sha256,
        }


def write_all(out: IO[bytes], versions: Sequence[RoutineVersion], *, on_step: OnStep) -> None:
    """A ZIP of the versions' PDFs, a folder for each unit, and a list of them. Raises BrokenFile."""
    with zipfile.ZipFile(out, "w") as archive:
        rows = []
        for number, version in enumerate(versions, start=1):
            unit, name = version.routine.unit.slug[:60], f"{version.routine.slug}-v{version.number}.pdf"
            _put(archive, f"{unit}/{name}", stored_pdf(version))
            rows.append(facts(version) | {"fil": f"{unit}/{name}"})
            on_step(number, len(versions))
        # For people, who open it in Excel: it takes UTF-8 for something else unless it begins like this.
        _put(archive, "innehall.csv", "\ufeff".encode() + _csv(rows, delimiter=";"))


def write_archive(out: IO[bytes], versions: Sequence[RoutineVersion], *, name: str, day: str, on_step: OnStep) -> None:
    """The archive package of these versions, in a folder called `name`, packed on `day` (ISO). Raises BrokenFile."""
    programme = Programme.current()
    with zipfile.ZipFile(out, "w") as archive:
        bag, rows = Bag(archive, name), []
        for number, version in enumerate(versions, start=1):
            row = facts(version)
            rows.append(row)
            bag.put(f"data/{row['fil']}", stored_pdf(version))
            bag.put(f"data/{row['fil'].removesuffix('.pdf')}.xml", metadata_xml(version, row, programme))
            on_step(number, len(versions))
        bag.put("data/metadata.csv", _csv(rows))
        words = {"programme": programme.name, "municipality": programme.municipality}
        bag.put("data/las-mig.txt", README.format_map(words).encode())
        bag.close(
            {
                "Source-Organization": programme.municipality,
                "External-Identifier": name,
                "External-Description": f"Alla versioner av rutiner som har gällt i portalen för {programme.name}",
                "Bagging-Date": day,
            }
        )


def stored_pdf(version: RoutineVersion) -> bytes:
    """The version's PDF as it was stored. Raises BrokenFile when it is gone or is another one."""
    try:
        with version.pdf.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != version.pdf_sha256:
        which = {"routine": version.routine.title, "number": version.number, "unit": version.routine.unit.name}
        raise BrokenFile(_("PDF:en till %(routine)s, version %(number)s (%(unit)s), saknas eller är skadad.") % which)
    return content


def metadata_xml(version: RoutineVersion, row: dict[str, str], programme: Programme) -> bytes:
    """The version in Dublin Core terms, and in words of our own what they lack. What is empty is left out."""
    ElementTree.register_namespace("dcterms", DCTERMS)
    ElementTree.register_namespace("xsi", XSI)
    ElementTree.register_namespace("rutin", OWN)
    root = ElementTree.Element("metadata")
    period = f"start={row['galler_fran']}; end={row['galler_till']}; scheme=W3C-DTF;"
    terms = [
        ("title", row["titel"], ""),
        ("creator", row["enhet"], ""),
        ("publisher", programme.municipality, ""),
        ("contributor", row["faststalld_av"], ""),
        ("audience", row["galler_for"], ""),
        ("type", row["dokumenttyp"], ""),
        ("description", row["vad_ar_nytt"], ""),
        ("identifier", row["kontrolladress"], "dcterms:URI"),
        ("isVersionOf", settings.BASE_URL + version.routine.get_absolute_url(), "dcterms:URI"),
        ("dateAccepted", row["faststalld"], "dcterms:W3CDTF"),
        ("issued", row["galler_fran"], "dcterms:W3CDTF"),
        ("valid", period, "dcterms:Period"),
        ("language", settings.LANGUAGE_CODE, "dcterms:RFC5646"),
        ("format", "application/pdf", "dcterms:IMT"),
        ("conformsTo", "PDF/A-2a (ISO 19005-2)", ""),
        ("conformsTo", "PDF/UA-1 (ISO 14289-1)", ""),
    ]
    for term, text, kind in terms:
        _add(root, f"{{{DCTERMS}}}{term}", text, kind)
    for key in ("version", "lage", "dokumentagare", "diarienummer", "ses_over_senast", "skal_till_upphavande"):
        _add(root, f"{{{OWN}}}{key}", row[key])
    _add(root, f"{{{OWN}}}verksamhetstyp", row["verksamhetstyp"])
    _add(root, f"{{{OWN}}}sha256", row["sha256"])
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


class Bag:
    """A BagIt 1.0 bag, written file by file into a ZIP."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name
        self._sums: dict[str, list[tuple[str, str]]] = {kind: [] for kind in _HASHES}
        self._bytes = self._count = 0

    def put(self, path: str, content: bytes) -> None:
        """A file of the payload; its path begins with data/."""
        _put(self._archive, f"{self._name}/{path}", content)
        for kind in _HASHES:
            self._sums[kind].append((path, hashlib.new(kind, content).hexdigest()))
        self._bytes, self._count = self._bytes + len(content), self._count + 1

    def close(self, info: dict[str, str]) -> None:
        """What makes the folder a bag: its declaration, what it is, and the sums of all the rest."""
        oxum = {"Payload-Oxum": f"{self._bytes}.{self._count}"}
        tags = {
            "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": "".join(f"{key}: {' '.join(text.split())}\n" for key, text in (info | oxum).items()),
        }
        tags |= {
            f"manifest-{kind}.txt": "".join(f"{digest}  {path}\n" for path, digest in sorted(sums))
            for kind, sums in self._sums.items()
        }
        for kind in _HASHES:
            sums = [(hashlib.new(kind, text.encode()).hexdigest(), path) for path, text in tags.items()]
            lines = "".join(f"{digest}  {path}\n" for digest, path in sums)
            _put(self._archive, f"{self._name}/tagmanifest-{kind}.txt", lines.encode())
        for path, text in tags.items():
            _put(self._archive, f"{self._name}/{path}", text.encode())


def _put(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    """A file of a ZIP, as it is: PDFs are compressed already, and compressed bytes differ between machines."""
    entry = zipfile.ZipInfo(path, _NO_DATE)
    entry.external_attr = 0o100644 << 16
    entry.create_system = 3  # Unix, also when this is Windows
    archive.writestr(entry, content)


def _csv(rows: Sequence[dict[str, str]], *, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    for cells in [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue().encode()


def _moment(moment: dt.datetime | None) -> str:
    """A moment as it was in Sweden, with its time zone: 2026-03-02T10:30:00+01:00."""
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment else ""


def _add(root: ElementTree.Element, tag: str, text: str, kind: str = "") -> None:
    if text:
        element = ElementTree.SubElement(root, tag, {f"{{{XSI}}}type": kind} if kind else {})
        element.text = "".join(c for c in text if unicodedata.category(c) != "Cc" or c in "\t\n")
