"""From approved to in force: the real PDF, and what happens when it can't be made or stored."""

import hashlib
import os
import resource
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from pypdf import PdfReader

from routines import actions, documents, tasks
from routines.models import Contact, PlacedContact, RoutineVersion, SectionKind, Template, VersionState
from tests.routines import stages
from units.models import Message, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(template: Template, unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    """The second version, approved, while the first is in force."""
    actions.seed_contacts()
    first = stages.walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    second = actions.start_version(first.routine, by=manager)
    actions.write_sections(second, {"akut": "Ring 112\nSamlas i matsalen"}, by=manager)
    section = second.sections.filter(kind=SectionKind.CONTACTS).earliest("position")
    section.placed_contacts.bulk_create([PlacedContact(section=section, contact=row) for row in Contact.objects.all()])
    return stages.walk_on(second, VersionState.APPROVED, by=coordinator, manager=manager)


def states(version: RoutineVersion) -> dict[int, VersionState]:
    """The state of each version of the routine, by number."""
    return {row.major: row.state for row in RoutineVersion.objects.filter(routine=version.routine)}


def files(media: Path) -> list[str]:
    """What is stored for second versions."""
    return sorted(path.name for path in media.rglob("*-v2.0-*"))


def stored(media: Path, version: RoutineVersion) -> Path:
    """Where the version's PDF lies."""
    assert version.pdf.name
    return media / version.pdf.name


def text_of(version: RoutineVersion) -> str:
    with version.pdf.open("rb") as file:
        return " ".join("\n".join(page.extract_text() for page in PdfReader(BytesIO(file.read())).pages).split())


def test_publish_version_puts_it_in_force_and_ends_the_old_one(approved: RoutineVersion, media: Path) -> None:
    tasks.publish_version(approved.pk)
    assert states(approved) == {1: VersionState.SUPERSEDED, 2: VersionState.IN_FORCE}
    version = RoutineVersion.objects.get(pk=approved.pk)
    old = version.routine.versions.get(major=1)
    content = stored(media, version).read_bytes()
    assert content.startswith(b"%PDF-")
    assert version.pdf_sha256 == hashlib.sha256(content).hexdigest()
    assert version.pdf.name == f"routines/{version.routine.slug}-v2.0-{version.pdf_sha256[:12]}.pdf"
    assert old.ended_at == version.in_force_at
    assert stored(media, old).exists()


def test_pdf_says_what_the_version_says(approved: RoutineVersion, unit: Unit, manager: User) -> None:
    tasks.publish_version(approved.pk)
    version = RoutineVersion.objects.get(pk=approved.pk)
    text = text_of(version)
    for section in version.sections.all():
        assert section.heading in text
    assert "Samlas i matsalen" in text
    assert stages.WORDS not in text
    assert "Chefen, eller den som vikarierar." in text
    assert unit.name in text
    assert manager.name in text
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/" in text.replace(" ", "")
    placed = Contact.objects.filter(placed__section__version=version)
    assert placed.count() > 3
    for contact in placed:
        assert " ".join(contact.phone.split()) in text
    assert "Skriv hellre roller än namn" not in text, "guidance is for the writer"


def test_pdf_names_no_protected_person(approved: RoutineVersion, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    tasks.publish_version(approved.pk)
    text = text_of(RoutineVersion.objects.get(pk=approved.pk))
    assert manager.name not in text
    assert "enhetens chef" in text


def test_publish_version_twice_does_no_harm(approved: RoutineVersion, media: Path) -> None:
    tasks.publish_version(approved.pk)
    before = RoutineVersion.objects.filter(pk=approved.pk).values().get()
    mails = Message.objects.count()
    tasks.publish_version(approved.pk)
    tasks.publish_approved_versions()
    assert RoutineVersion.objects.filter(pk=approved.pk).values().get() == before
    assert (Message.objects.count(), len(files(media))) == (mails, 1)


@pytest.mark.parametrize("state", [VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.ENDORSED])
def test_publish_version_that_nobody_approved_does_nothing(
    state: VersionState, template: Template, unit: Unit, coordinator: User, manager: User, media: Path
) -> None:
    version = stages.walked(unit, state, template=template, by=coordinator, manager=manager)
    tasks.publish_version(version.pk)
    tasks.publish_approved_versions()
    assert states(version) == {1: state}
    assert not list(media.rglob("*.pdf"))


def test_publish_version_that_is_gone_does_nothing() -> None:
    tasks.publish_version(987654)


def test_publish_approved_versions_finds_what_the_broker_lost(
    approved: RoutineVersion, template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    other = stages.walked(
        unit, VersionState.APPROVED, template=template, by=coordinator, manager=manager, title="En annan"
    )
    tasks.publish_approved_versions()
    assert states(approved) == {1: VersionState.SUPERSEDED, 2: VersionState.IN_FORCE}
    assert states(other) == {1: VersionState.IN_FORCE}


@pytest.fixture
def nowhere_to_store(approved: RoutineVersion, media: Path) -> Iterator[None]:
    """The folder for PDFs can't be written in, also for root: a file stands in its place."""
    folder, away = media / "routines", media / "away"
    folder.rename(away)
    folder.write_text("")
    yield
    if folder.is_file():
        folder.unlink()
        away.rename(folder)


@pytest.mark.usefixtures("nowhere_to_store")
def test_storage_that_fails_keeps_the_old_version_in_force(approved: RoutineVersion) -> None:
    mails = Message.objects.count()
    tasks.publish_version(approved.pk)
    version = RoutineVersion.objects.get(pk=approved.pk)
    assert states(version) == {1: VersionState.IN_FORCE, 2: VersionState.FAILED}
    assert version.publish_error.startswith(("NotADirectoryError", "FileExistsError"))
    assert (version.pdf.name, version.pdf_sha256, version.in_force_at) == ("", "", None)
    assert Message.objects.count() == mails, "nobody is told that it is in force"


def test_failed_version_waits_for_a_person_and_then_succeeds(
    approved: RoutineVersion, nowhere_to_store: Iterator[None], media: Path, manager: User
) -> None:
    tasks.publish_version(approved.pk)
    (media / "routines").unlink()
    (media / "away").rename(media / "routines")
    tasks.publish_version(approved.pk)
    tasks.publish_approved_versions()
    assert states(approved)[2] == VersionState.FAILED
    actions.publish_again(approved, by=manager)
    assert states(approved)[2] == VersionState.APPROVED
    tasks.publish_version(approved.pk)
    assert states(approved) == {1: VersionState.SUPERSEDED, 2: VersionState.IN_FORCE}
    assert RoutineVersion.objects.get(pk=approved.pk).publish_error == ""


def test_publish_again_of_a_version_in_force_changes_nothing(approved: RoutineVersion, manager: User) -> None:
    tasks.publish_version(approved.pk)
    before = RoutineVersion.objects.filter(pk=approved.pk).values().get()
    actions.publish_again(approved, by=manager)
    actions.note_publish_failure(approved, error="för sent")
    assert RoutineVersion.objects.filter(pk=approved.pk).values().get() == before


def test_full_disk_leaves_no_half_file_and_the_old_version_in_force(approved: RoutineVersion, media: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # bytes: a file may not grow beyond this
    try:
        tasks.publish_version(approved.pk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    version = RoutineVersion.objects.get(pk=approved.pk)
    assert states(version) == {1: VersionState.IN_FORCE, 2: VersionState.FAILED}
    assert os.strerror(27) in version.publish_error  # EFBIG: file too large
    assert files(media) == []


def test_half_a_file_of_that_name_is_replaced(approved: RoutineVersion, media: Path) -> None:
    tasks.publish_version(approved.pk)
    version = RoutineVersion.objects.get(pk=approved.pk)
    content = stored(media, version).read_bytes()
    stored(media, version).write_bytes(content[:100])
    name, digest = documents.store_pdf(version, content)
    assert (name, digest) == (version.pdf.name, version.pdf_sha256)
    assert (media / name).read_bytes() == content
    assert files(media) == [Path(name).name]


def test_text_that_no_font_has_fails_with_a_sentence(
    template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    version = stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))
    actions.write_sections(version, {"beslut": "Tecken 🙂"}, by=manager)  # the form refuses it; an import would not
    stages.walk_on(version, VersionState.APPROVED, by=coordinator, manager=manager)
    tasks.publish_version(version.pk)
    failed = RoutineVersion.objects.get(pk=version.pk)
    assert failed.state == VersionState.FAILED
    assert failed.publish_error.startswith("PDF:en kan inte visa de här tecknen: 🙂.")
