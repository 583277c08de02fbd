"""What was approved stays as it was: every column, every row, also to a bulk update and to SQL by hand."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from jarfalla import clock
from routines import actions
from routines.models import (
    Approval,
    Contact,
    LegalReference,
    PlacedContact,
    PlacedReference,
    RoutineSection,
    RoutineVersion,
    SectionKind,
    VersionState,
)
from tests.routines import stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db

# What the database may still write in a version: what the publication writes, and then only its end.
AFTER_APPROVAL = {
    "in_force_at",
    "ended_at",
    "pdf",
    "pdf_sha256",
    "publish_attempts",
    "publish_failed_at",
    "publish_error",
    "words",
    "search",
    "discarded_at",
    "discarded_by_id",
    "withdrawn_by_id",
    "withdrawal_reason",
}
AFTER_PUBLICATION = {"ended_at", "withdrawn_by_id", "withdrawal_reason", "search"}
REFUSED = "is not changed|is kept|is not edited|Cannot update or delete rows|Cannot delete rows|violates"


@pytest.fixture
def draft(unit: Unit, coordinator: User) -> RoutineVersion:
    """A version with a text, a contact and a legal reference in it."""
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    version = routine.versions.create(major=2, created_by=coordinator, based_on=routine.versions.get())
    section = version.sections.create(key="syfte", position=1, kind=SectionKind.TEXT, heading="Syfte", body="<p>x</p>")
    section.placed_contacts.create(contact=Contact.objects.create(name="BRIS"))
    law = LegalReference.objects.create(label="14 kap. 1 § SoL", law="SoL", place="14:1", about="Anmälan")
    section.placed_references.create(reference=law)
    version.approvals.create(verdict="submitted", by=coordinator, content_sha256="0" * 64)
    return version


@pytest.fixture
def approved(draft: RoutineVersion, coordinator: User) -> RoutineVersion:
    draft.approved_at, draft.approved_by = clock.now(), coordinator
    draft.save()
    return draft


@pytest.fixture
def in_force(approved: RoutineVersion) -> RoutineVersion:
    approved.routine.versions.in_force().update(ended_at=clock.now())
    approved.in_force_at, approved.pdf.name, approved.pdf_sha256 = clock.now(), "routines/borta.pdf", "0" * 64
    approved.save()
    return approved


def columns(model: type[models.Model]) -> list[str]:
    """Every column that a person could write."""
    return [
        field.column
        for field in model._meta.concrete_fields
        if not field.generated and not field.primary_key and field.column
    ]


def another(column: str, row: models.Model) -> str:
    """Another value for a column, as SQL."""
    field = next(field for field in row._meta.concrete_fields if field.column == column)
    if isinstance(field, models.ForeignKey):
        return f"(SELECT max(id) + 1 FROM {field.remote_field.model._meta.db_table})"
    if isinstance(field, models.DateTimeField):
        return "now() + interval '1 hour'"
    if isinstance(field, models.BooleanField):
        return f"NOT {column}"
    if isinstance(field, models.JSONField):
        return """'{"minor_risk": "x"}'::jsonb"""
    if isinstance(field, models.IntegerField):
        return f"coalesce({column}, 0) + 1"
    return "'annat'"


def changes_that_pass(row: models.Model, names: list[str]) -> set[str]:
    """Which columns of a row the database lets SQL by hand change."""
    passed = set()
    for name in names:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {row._meta.db_table} SET {name} = {another(name, row)} WHERE id = %s",
                    [row.pk],
                )
                passed.add(name)
                transaction.set_rollback(True)
        except DatabaseError:
            continue
    return passed


def test_no_column_of_an_approved_version_changes_but_what_publication_writes(approved: RoutineVersion) -> None:
    passed = changes_that_pass(approved, columns(RoutineVersion))
    assert passed <= AFTER_APPROVAL
    assert {"publish_attempts", "publish_error", "words"} <= passed, "else nothing could be published"


def test_no_column_of_a_version_in_force_changes_but_its_end(in_force: RoutineVersion) -> None:
    assert changes_that_pass(in_force, columns(RoutineVersion)) <= AFTER_PUBLICATION
    assert "ended_at" in changes_that_pass(in_force, ["ended_at"])


def test_nothing_of_a_version_that_has_ended_changes(in_force: RoutineVersion, coordinator: User) -> None:
    actions.withdraw_version(in_force, reason="Enheten läggs ner.", by=coordinator)
    assert changes_that_pass(in_force, columns(RoutineVersion)) == set()


def test_version_being_written_can_be_changed(draft: RoutineVersion) -> None:
    assert {"change_note", "minor", "review_months", "approved_at"} <= changes_that_pass(draft, columns(RoutineVersion))
    assert changes_that_pass(draft.sections.get(), ["body"]) == {"body"}


@pytest.mark.parametrize("state", ["approved", "in_force"])
def test_no_column_of_an_approved_versions_sections_changes(state: str, request: pytest.FixtureRequest) -> None:
    version: RoutineVersion = request.getfixturevalue(state)
    assert changes_that_pass(version.sections.get(), columns(RoutineSection)) == set()


@pytest.mark.parametrize("model", [PlacedContact, PlacedReference])
def test_placed_rows_note_only_what_the_publication_printed(
    model: type[models.Model], approved: RoutineVersion
) -> None:
    assert changes_that_pass(model._default_manager.get(), columns(model)) == {"printed_revision"}


@pytest.mark.parametrize("model", [PlacedContact, PlacedReference])
@pytest.mark.usefixtures("in_force")
def test_placed_rows_of_a_version_in_force_never_change(model: type[models.Model]) -> None:
    assert changes_that_pass(model._default_manager.get(), columns(model)) == set()


def test_no_column_of_a_decision_changes(draft: RoutineVersion) -> None:
    assert changes_that_pass(draft.approvals.get(), columns(Approval)) == set()


@pytest.mark.parametrize("model", [RoutineVersion, RoutineSection, PlacedContact, PlacedReference, Approval])
def test_nothing_of_an_approved_version_is_deleted(model: type[models.Model], approved: RoutineVersion) -> None:
    rows: Any = {
        RoutineVersion: RoutineVersion.objects.filter(pk=approved.pk),
        RoutineSection: approved.sections.all(),
        PlacedContact: PlacedContact.objects.filter(section__version=approved),
        PlacedReference: PlacedReference.objects.filter(section__version=approved),
        Approval: approved.approvals.all(),
    }[model]
    [pk] = rows.values_list("pk", flat=True)
    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM {model._meta.db_table} WHERE id = {pk}")
    assert rows.exists()


@pytest.mark.parametrize("state", ["approved", "in_force"])
def test_nothing_is_added_to_an_approved_version(state: str, request: pytest.FixtureRequest) -> None:
    version: RoutineVersion = request.getfixturevalue(state)
    section, contact = version.sections.get(), Contact.objects.create(name="Polisen")
    law = LegalReference.objects.create(label="x", law="x", place="x", about="x")
    additions: list[models.Model] = [
        RoutineSection(version=version, key="nytt", position=9, heading="Nytt"),
        PlacedContact(section=section, contact=contact),
        PlacedReference(section=section, reference=law),
    ]
    for row in additions:
        with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            row.save()


def test_bulk_update_changes_no_approved_text(approved: RoutineVersion) -> None:
    section = approved.sections.get()
    section.body = "<p>Något annat</p>"
    for change in (
        lambda: RoutineSection.objects.bulk_update([section], ["body"]),
        lambda: RoutineSection.objects.update(body="<p>Något annat</p>"),
        lambda: RoutineSection.objects.bulk_create(
            [section], update_conflicts=True, update_fields=["body"], unique_fields=["id"]
        ),
    ):
        with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            change()
    assert approved.sections.get().body == "<p>x</p>"


def test_version_that_was_discarded_cannot_come_back_changed(approved: RoutineVersion, coordinator: User) -> None:
    actions.note_publish_failure(approved, error="Disken är full.")
    thrown = actions.discard_version(approved, by=coordinator)
    assert thrown.state == VersionState.DISCARDED
    assert changes_that_pass(thrown.sections.get(), columns(RoutineSection)) == set()
