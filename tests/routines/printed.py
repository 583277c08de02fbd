"""Small routines with contacts and laws in them, published for real: a PDF that shows what the registries said."""

from collections.abc import Sequence
from io import BytesIO

from django.utils.text import slugify
from pypdf import PdfReader

from jarfalla import clock
from routines import actions
from routines.models import (
    Contact,
    LegalReference,
    PlacedContact,
    PlacedReference,
    RoutineVersion,
    SectionKind,
    Verdict,
)
from units.models import Unit, User


def contact(name: str = "Socialjouren", **fields: object) -> Contact:
    """A contact that somebody has checked."""
    by = User.objects.filter(role="coordinator").first()
    values: dict[str, object] = {"phone": "08-111 11 11", "checked_on": clock.today(), "checked_by": by, **fields}
    return Contact.objects.create(name=name, **values)


def law(label: str = "Anmälan", **fields: object) -> LegalReference:
    """A law that somebody has checked."""
    by = User.objects.filter(role="coordinator").first()
    values: dict[str, object] = {"law": f"Lag om {label}", "place": "1 §", "about": "oro", "checked_on": clock.today()}
    return LegalReference.objects.create(label=label, **{**values, "checked_by": by, **fields})


def approved(
    unit: Unit,
    *,
    by: User,
    contacts: Sequence[Contact] = (),
    laws: Sequence[LegalReference] = (),
    title: str = "Vår rutin",
    markup: str = "html",
) -> RoutineVersion:
    """The first version of a new routine, approved by `by`; the worker has not made its PDF."""
    routine = unit.routines.create(title=title, slug=slugify(f"{title} {unit.slug}"), created_by=by)
    version: RoutineVersion = routine.versions.create(major=1, created_by=by, applies_to="Alla", review_months=18)
    version.sections.create(key="syfte", position=1, heading="Syfte", body="<p>Alla vet.</p>", markup=markup)
    calls = version.sections.create(key="kontakter", position=2, kind=SectionKind.CONTACTS, heading="Kontakter")
    PlacedContact.objects.bulk_create(PlacedContact(section=calls, contact=row) for row in contacts)
    says = version.sections.create(key="lagrum", position=3, kind=SectionKind.LEGAL, heading="Lagar")
    PlacedReference.objects.bulk_create(PlacedReference(section=says, reference=row) for row in laws)
    version.approvals.create(verdict=Verdict.APPROVED, by=by, content_sha256=version.content_sha256())
    version.approved_at, version.approved_by = clock.now(), by
    version.save()
    return version


def in_force(
    unit: Unit,
    *,
    by: User,
    contacts: Sequence[Contact] = (),
    laws: Sequence[LegalReference] = (),
    title: str = "Vår rutin",
    markup: str = "html",
) -> RoutineVersion:
    """The same, published."""
    version = approved(unit, by=by, contacts=contacts, laws=laws, title=title, markup=markup)
    return publish(version)


def publish(version: RoutineVersion) -> RoutineVersion:
    """What the worker does; the version must come into force."""
    published = actions.publish(version)
    assert published.in_force_at, published.publish_error
    return RoutineVersion.objects.get(pk=published.pk)


def pdf_text(version: RoutineVersion) -> str:
    """The words of the stored PDF, on one line."""
    with version.pdf.open("rb") as file:
        return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(file.read())).pages).split())


def now(version: RoutineVersion) -> RoutineVersion:
    """The version as the database has it."""
    return RoutineVersion.objects.get(pk=version.pk)
