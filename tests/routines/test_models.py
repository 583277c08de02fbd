"""What the database itself refuses, and what rows say about themselves."""

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from jarfalla import clock
from routines import actions
from routines.models import (
    Approval,
    Contact,
    Markup,
    Routine,
    RoutineSection,
    RoutineVersion,
    SectionKind,
    Template,
    VersionState,
)
from tests.routines import stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(template: Template, unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    return stages.walked(unit, VersionState.APPROVED, template=template, by=coordinator, manager=manager)


def test_approved_text_is_frozen_also_to_bulk_update(approved: RoutineVersion) -> None:
    before = list(approved.sections.values_list("body", flat=True))
    with pytest.raises(IntegrityError, match="an approved version is not edited"), transaction.atomic():
        approved.sections.update(body="Något annat")
    assert list(approved.sections.values_list("body", flat=True)) == before


def test_approved_text_takes_no_new_section(approved: RoutineVersion) -> None:
    with pytest.raises(IntegrityError, match="an approved version is not edited"), transaction.atomic():
        approved.sections.create(position=99, heading="Ny")


def test_approved_text_loses_no_section(approved: RoutineVersion) -> None:
    with pytest.raises(IntegrityError, match="an approved version is not edited"), transaction.atomic():
        approved.sections.filter(position=1).delete()


def test_section_is_not_moved_into_an_approved_version(
    approved: RoutineVersion, template: Template, unit: Unit, coordinator: User
) -> None:
    other = stages.newest(stages.routine(unit, title="En annan", template=template, by=coordinator))
    with pytest.raises(IntegrityError, match="an approved version is not edited"), transaction.atomic():
        other.sections.filter(position=1).update(version=approved, position=99)


def test_approval_of_a_version_is_not_taken_back(approved: RoutineVersion) -> None:
    with pytest.raises(IntegrityError, match="an approved version is not changed"), transaction.atomic():
        RoutineVersion.objects.filter(pk=approved.pk).update(approved_at=None, approved_by=None)


def test_approval_row_is_never_changed_or_deleted(approved: RoutineVersion) -> None:
    for change in (lambda: approved.approvals.update(comment="x"), lambda: approved.approvals.all().delete()):
        with pytest.raises(ProgrammingError, match="Cannot update or delete rows"), transaction.atomic():
            change()
    assert [row.verdict for row in approved.approvals.order_by("pk")] == ["submitted", "endorsed", "approved"]


def test_document_in_force_keeps_its_file(unit: Unit, coordinator: User) -> None:
    version = stages.newest(stages.in_force_without_pdf(unit, title="Gäller", by=coordinator))
    with pytest.raises(IntegrityError, match="is kept"), transaction.atomic():
        RoutineVersion.objects.filter(pk=version.pk).update(pdf="routines/annan.pdf")


def test_two_versions_are_never_in_force_at_once(unit: Unit, coordinator: User) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    first = stages.newest(routine)
    with pytest.raises(IntegrityError, match="routine_one_version_in_force"), transaction.atomic():
        RoutineVersion.objects.create(
            routine=routine,
            major=2,
            created_by=coordinator,
            approved_at=first.approved_at,
            approved_by=coordinator,
            in_force_at=first.in_force_at,
            pdf="routines/x.pdf",
            pdf_sha256="1" * 64,
        )


def test_version_in_force_has_its_pdf(unit: Unit, coordinator: User) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    routine.versions.update(ended_at=clock.now())
    with (
        pytest.raises(IntegrityError, match="version_in_force_is_approved_and_has_its_pdf"),
        transaction.atomic(),
    ):
        routine.versions.create(major=2, created_by=coordinator, in_force_at=clock.now())


def test_one_version_is_written_at_a_time(template: Template, unit: Unit, coordinator: User) -> None:
    routine = stages.routine(unit, title="Utkast", template=template, by=coordinator)
    with pytest.raises(IntegrityError, match="routine_one_version_being_written"), transaction.atomic():
        routine.versions.create(major=2, created_by=coordinator)


def test_return_without_a_comment_is_refused(template: Template, unit: Unit, coordinator: User) -> None:
    version = stages.newest(stages.routine(unit, title="Utkast", template=template, by=coordinator))
    with pytest.raises(IntegrityError, match="approval_return_has_a_comment"), transaction.atomic():
        Approval.objects.create(version=version, verdict="returned", by=coordinator, content_sha256="0" * 64)


@pytest.mark.parametrize("state", [state for state in VersionState if state != VersionState.SUPERSEDED])
def test_state_is_the_same_for_a_row_and_for_the_database(
    state: VersionState, template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    version = stages.walked(unit, state, template=template, by=coordinator, manager=manager)
    assert version.state == state
    assert [one for one in VersionState if RoutineVersion.objects.in_state(one).exists()] == [state]
    assert [one for one in VersionState if Routine.objects.in_state(one).exists()] == [state]


def test_superseded_version_is_in_that_state_alone(
    template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    first = stages.walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    second = actions.start_version(first.routine, by=manager)
    stages.walk_on(second, VersionState.IN_FORCE, by=coordinator, manager=manager)
    first.refresh_from_db()
    assert first.state == VersionState.SUPERSEDED
    assert list(RoutineVersion.objects.in_state(VersionState.SUPERSEDED)) == [first]
    assert list(RoutineVersion.objects.in_state(VersionState.IN_FORCE)) == [second]


def test_content_hash_changes_with_title_heading_and_order(template: Template, unit: Unit, coordinator: User) -> None:
    version = stages.newest(stages.routine(unit, title="Utkast", template=template, by=coordinator))
    seen = {version.content_sha256()}
    version.sections.filter(position=1).update(body="Annat")
    seen.add(version.content_sha256())
    version.sections.filter(position=1).update(heading="Annan rubrik")
    seen.add(version.content_sha256())
    version.sections.filter(position=1).update(position=50)
    seen.add(version.content_sha256())
    version.routine.title = "Annan titel"
    seen.add(version.content_sha256())
    assert len(seen) == 5


def test_section_is_read_by_its_kind() -> None:
    body = "Ring 112\n\n  Stanna \n"
    points = RoutineSection(kind=SectionKind.CHECKLIST, body=body)
    assert (points.points, points.html, points.decisions) == (["Ring 112", "Stanna"], "", [])
    text = RoutineSection(kind=SectionKind.TEXT, body="<p>Ring <script>x</script>112</p>")
    assert (text.points, text.html, text.decisions) == ([], "<p>Ring 112</p>", [])
    table = RoutineSection(kind=SectionKind.DECISIONS, cells={"adult_risk": "Lyssna\n\nErbjud stöd"})
    assert [steps for _situation, steps in table.decisions] == [[], [], [], ["Lyssna", "Erbjud stöd"]]


def test_text_of_the_first_portal_is_read_as_it_was_written() -> None:
    old = RoutineSection(kind=SectionKind.TEXT, markup=Markup.PLAIN, body="Första <raden>\nsamma stycke\n\nAndra")
    assert old.html == "<p>Första &lt;raden&gt;<br>samma stycke</p><p>Andra</p>"


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("112", "112"),
        ("114 14", "11414"),
        ("116 111", "116111"),
        ("08-580 285 00 (tonval 2)", "+46858028500"),
        ("020-50 50 50", "+4620505050"),
        ("+46 8 580 285 00", "+46858028500"),
        ("", ""),
    ],
)
def test_telephone_link_is_what_a_telephone_dials(written: str, dialled: str) -> None:
    assert Contact(phone=written).tel == dialled
