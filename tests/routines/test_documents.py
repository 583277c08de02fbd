"""What stands on paper: the version as it was approved, the registries as they were read, the unit's binder."""

import hashlib
from io import BytesIO

import pytest
from pypdf import PdfReader

from jarfalla import clock, rich_text
from routines import actions, documents
from routines.models import (
    Contact,
    LegalReference,
    PlacedContact,
    PlacedReference,
    RoutineVersion,
    SectionKind,
    Template,
    VersionState,
)
from tests.jarfalla.pdfs import text_of
from tests.routines import shelves, stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(template: Template, unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    """An approved version with a contact and a law, which waits for its PDF."""
    actions.seed_contacts()
    actions.seed_legal_references()
    draft = stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))
    contacts = draft.sections.filter(kind=SectionKind.CONTACTS).earliest("position")
    PlacedContact.objects.get_or_create(section=contacts, contact=Contact.objects.get(name="BRIS"))
    laws = draft.sections.filter(kind=SectionKind.LEGAL).earliest("position")
    law = LegalReference.objects.get(label="SoL anmälan")
    PlacedReference.objects.get_or_create(section=laws, reference=law)
    return stages.walk_on(draft, VersionState.APPROVED, by=coordinator, manager=manager)


def test_registries_are_read_once_for_the_paper_and_the_note(version: RoutineVersion, coordinator: User) -> None:
    """Somebody changes a number between the moment that the PDF is made and the moment that the version is in force:
    the note says what the paper shows."""
    version = RoutineVersion.objects.get(pk=version.pk)
    paper = text_of(documents.routine_pdf(version))
    Contact.objects.filter(name="BRIS").update(phone="08-000 00 00", revision=7)

    actions.registry.note_printed(version)

    placed = PlacedContact.objects.get(contact__name="BRIS", section__version=version)
    assert placed.printed_revision == 1
    assert "116 111" in paper
    assert "08-000 00 00" not in paper


def test_what_is_unchecked_says_so_on_paper(version: RoutineVersion, coordinator: User) -> None:
    Contact.objects.filter(name="BRIS").update(checked_on=clock.today(), checked_by=coordinator)
    rows = documents.context(RoutineVersion.objects.get(pk=version.pk))["printed"].sections
    unchecked = sum(row.checked_on is None for section in rows for row in [*section.contacts, *section.references])

    text = text_of(documents.routine_pdf(RoutineVersion.objects.get(pk=version.pk)))

    assert text.count("inte kontrollerad") == unchecked > 0
    assert "19 kap. 1 §" in text


def test_a_version_makes_the_same_bytes_again(version: RoutineVersion) -> None:
    once, again = (documents.routine_pdf(RoutineVersion.objects.get(pk=version.pk)) for _time in range(2))

    actions.publish(version)

    published = RoutineVersion.objects.get(pk=version.pk)
    assert once == again
    assert published.pdf_sha256 == hashlib.sha256(once).hexdigest()
    with published.pdf.open() as stored:
        assert stored.read() == once


def test_binder_has_what_is_in_force_and_nothing_else(
    version: RoutineVersion, template: Template, unit: Unit, coordinator: User
) -> None:
    actions.publish(version)
    stages.routine(unit, title="Hemligt utkast", template=template, by=coordinator)
    stages.in_force_without_pdf(unit, title="Ökända resor", by=coordinator)
    told: list[tuple[int, int]] = []

    binder = documents.binder_pdf(unit, lambda done, total: told.append((done, total)))

    pages = [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(binder)).pages]
    assert "2 rutiner som gäller." in pages[0]
    assert pages[0].index("Vår rutin") < pages[0].index("Ökända resor")
    assert "Hemligt utkast" not in " ".join(pages)
    assert "116 111" in pages[1]
    assert told[0][0] == 0
    assert told[-1] == (2, 2)
    assert sorted(told) == told


def test_binder_is_the_same_until_something_in_it_changes(
    version: RoutineVersion, unit: Unit, coordinator: User
) -> None:
    actions.publish(version)
    once, digest = documents.binder_pdf(unit), documents.binder_input_sha256(unit)

    assert (documents.binder_pdf(unit), documents.binder_input_sha256(unit)) == (once, digest)

    Contact.objects.filter(name="BRIS").update(phone="08-000 00 00", revision=2)
    assert documents.binder_input_sha256(unit) != digest
    assert "08-000 00 00" in text_of(documents.binder_pdf(unit))


@pytest.mark.parametrize("text", ['href="static:nosuch.css"', '<img src="media:../../etc/passwd">'])
def test_what_people_write_is_no_file_of_the_binder(unit: Unit, coordinator: User, text: str) -> None:
    body = rich_text.from_plain(text)
    assert "&lt;img" in body or '="static' in body  # as it was typed
    shelves.in_force(unit, "Ordagrant", by=coordinator, text=body)

    assert documents.binder_input_sha256(unit)


def test_binder_ends_when_nobody_waits_for_it(version: RoutineVersion, unit: Unit) -> None:
    def cancel(_done: int, _total: int) -> None:
        raise KeyError("nobody waits")

    actions.publish(version)

    with pytest.raises(KeyError, match="nobody waits"):
        documents.binder_pdf(unit, cancel)


def test_binder_of_a_unit_without_routines_says_so(unit: Unit) -> None:
    text = text_of(documents.binder_pdf(unit))

    assert "0 rutiner som gäller" not in text
    assert "Ingen rutin gäller här än." in text
