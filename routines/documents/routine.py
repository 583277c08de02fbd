"""The PDF of a version, and where it is kept."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.safestring import SafeString

from jarfalla import pdf, rich_text
from jarfalla.qr import QrCode, qr_code
from routines import queries
from routines.models import Contact, LegalReference, RoutineSection, RoutineVersion
from units.models import Programme

TEMPLATE = "pdf/routine.html"
# PostgreSQL indexes a megabyte of words and positions at most: no text that people write comes near it.
_MOST_WORDS = 300_000
# The column of the file's name holds 100 characters; the hash must not be what is cut off.
_LONGEST_SLUG = 60


@dataclass(frozen=True)
class PrintedSection:
    """A section as it stands on paper; which fields speak depends on its kind."""

    kind: str
    heading: str
    is_acute: bool
    html: SafeString
    points: list[str]
    # A decision table's two rows, for those under 18 and for adults, of two cells each: exposed to crime, and at risk.
    decisions: list[list[list[str]]]
    contacts: list[Contact]
    references: list[LegalReference]

    @property
    def says_something(self) -> bool:
        """Whether there is anything below the heading."""
        steps = any(cell for row in self.decisions for cell in row)
        return bool(self.html or self.points or steps or self.contacts or self.references)


@dataclass(frozen=True)
class PrintedVersion:
    """A version as it stands on paper; templates/pdf/_routine.html shows it."""

    version: RoutineVersion
    approved_by: str
    url: str
    check_url: str
    qr: QrCode
    sections: list[PrintedSection]

    @property
    def check_address(self) -> str:
        """The short link as somebody types it."""
        return self.check_url.partition("://")[2]


def routine_pdf(version: RoutineVersion) -> bytes:
    """The PDF of an approved version. Raises jarfalla.pdf.PdfProblem when it can't be made right."""
    return pdf.render(TEMPLATE, context(version))


def context(version: RoutineVersion) -> dict[str, Any]:
    """What templates/pdf/routine.html is given; the words are explained there."""
    return {
        "programme": Programme.current(),
        "printed": printed(version),
        "document_date": version.approved_at,
    }


@translation.override(settings.LANGUAGE_CODE)
def printed(version: RoutineVersion) -> PrintedVersion:
    """The version as it stands on paper, with the registries as they are now.

    The placed rows and their entries are read once and stay on `version` (queries.load_entries): what is noted as
    printed is what stands on the paper, whatever is changed in the registries meanwhile.
    """
    queries.load_entries(version)
    sections = [_section(row) for row in version.sections.all()]
    check_url = settings.BASE_URL + version.check_path
    return PrintedVersion(
        version=version,
        approved_by=queries.approver(version),
        url=settings.BASE_URL + version.routine.get_absolute_url(),
        check_url=check_url,
        qr=qr_code(check_url),
        sections=sorted((row for row in sections if row.says_something), key=lambda row: not row.is_acute),
    )


def _section(row: RoutineSection) -> PrintedSection:
    cells = [steps for _situation, steps in row.decisions]  # in the order of Situation
    return PrintedSection(
        kind=row.kind,
        heading=row.heading,
        is_acute=row.is_acute,
        html=row.html,
        points=row.points,
        decisions=[cells[:2], cells[2:]] if cells else [],
        contacts=row.contacts,
        references=row.references,
    )


def words(version: RoutineVersion) -> str:
    """Everything that a search finds the version by: its title, the plain words of its sections, and the names of what
    is placed in them."""
    parts = [version.routine.title]
    for section in version.sections.all():
        parts += [section.heading, rich_text.to_plain(section.html), *section.points]
        parts += [step for _situation, steps in section.decisions for step in steps]
        parts += [str(entry) for entry in (*section.contacts, *section.references)]
    return "\n".join(part for part in parts if part)[:_MOST_WORDS]


def store_pdf(version: RoutineVersion, content: bytes) -> tuple[str, str]:
    """Keep `content` under a name made of what it is; return the name and the SHA-256 (jarfalla.pdf.keep)."""
    stem = f"routines/{version.routine.slug[:_LONGEST_SLUG]}-v{version.number}"
    return pdf.keep(version.pdf.storage, stem, content)
