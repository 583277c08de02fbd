"""Rows that an earlier version wrote are carried over to where the present one keeps them."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

# The whole database goes back and forth twice, with every trigger.
pytestmark = pytest.mark.timeout(900)

STEPS_1_AND_2 = [("units", "0002_steps_1_and_2"), ("courses", "0003_steps_1_and_2")]
STEP_4 = [("units", "0005_outbox"), ("followups", "0005_one_engine")]
STEP_3 = [("units", "0003_step_3_in_full"), ("routines", "0003_step_3_in_full")]


@contextmanager
def database_at(*targets: tuple[str, str]) -> Iterator[Any]:
    """The models as they were, in a database of that time; brought up to date again at the end."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    try:
        yield executor.loader.project_state(list(targets)).apps
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture
def before_steps_1_and_2(transactional_db: None) -> Iterator[Any]:
    """Before headcounts were rows and a training was for many units."""
    with database_at(("units", "0001_initial"), ("courses", "0002_initial")) as apps:
        yield apps


@pytest.fixture
def before_step_3(transactional_db: None) -> Iterator[Any]:
    """Before a version had metadata and its texts were HTML."""
    with database_at(("units", "0002_steps_1_and_2"), ("routines", "0002_initial")) as apps:
        yield apps


@pytest.fixture
def before_step_4(transactional_db: None) -> Iterator[Any]:
    """Before step 4 was several contacts."""
    with database_at(*STEP_3, ("followups", "0002_initial")) as apps:
        yield apps


def migrated(targets: list[tuple[str, str]]) -> Any:
    """Brings the database on; returns its models."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


def test_headcounts_and_trainings_are_carried_over(before_steps_1_and_2: Any) -> None:
    old_apps, day = before_steps_1_and_2, dt.date(2026, 3, 1)
    user = old_apps.get_model("units", "User").objects.create(email="a@example.org", name="A", password="!")
    units = old_apps.get_model("units", "Unit").objects
    declared = units.create(
        name="Föreningen", slug="foreningen", kind="association", declared_headcount=12, declared_on=day
    )
    listed = units.create(name="Skolan", slug="skolan", kind="compulsory_school")
    round_ = old_apps.get_model("units", "Round").objects.create(unit_id=listed.pk, number=1, started_on=day)
    training = old_apps.get_model("courses", "Training").objects.create(
        round_id=round_.pk, title="Tidiga tecken", starts_at=timezone.now(), attended=7, booked_by_id=user.pk
    )
    old_apps.get_model("units", "Message").objects.create(
        key=f"training_booked:{training.pk}:{user.pk}", recipient_id=user.pk, subject="s", text="t", html="h"
    )

    apps = migrated(STEPS_1_AND_2)

    headcounts = apps.get_model("units", "DeclaredHeadcount").objects.values_list("unit", "headcount", "declared_on")
    assert list(headcounts) == [(declared.pk, 12, day)]
    rounds = apps.get_model("courses", "TrainingRound").objects.values_list("training", "round", "headcount")
    assert list(rounds) == [(training.pk, round_.pk, 7)]
    # Nobody is written to again about what was booked before.
    carried = apps.get_model("courses", "Training").objects.get()
    assert (carried.title, carried.sequence, carried.told_sequence) == ("Tidiga tecken", 0, 0)
    invitations = apps.get_model("courses", "Invitation").objects.values_list("training", "user", "sequence")
    assert list(invitations) == [(training.pk, user.pk, 0)]


def test_routines_are_carried_over(before_step_3: Any) -> None:
    old, now = before_step_3, timezone.now()
    user = old.get_model("units", "User").objects.create(email="a@example.org", name="A", password="!")
    unit = old.get_model("units", "Unit").objects.create(name="Skolan", slug="skolan", kind="compulsory_school")
    contact = old.get_model("routines", "Contact").objects.create(name="BRIS", phone="116 111")
    template = old.get_model("routines", "Template").objects.create(name="Skola", kinds=["compulsory_school"])
    routine = old.get_model("routines", "Routine").objects.create(
        unit_id=unit.pk, template_id=template.pk, title="Vår rutin", slug="var-rutin", created_by_id=user.pk
    )
    first = routine.versions.create(number=1, created_by_id=user.pk)
    for owner in (template, first):
        owner.sections.create(position=1, kind="checklist", heading="Vad du gör akut", body="Ring 112\nStanna <kvar>")
        owner.sections.create(position=2, kind="text", heading="Syfte", body="Ett & två.\nSamma stycke.\n\nNytt.")
        owner.sections.create(position=3, kind="contacts", heading="Kontakter", body="")
    approved = {"approved_at": now, "approved_by_id": user.pk, "in_force_at": now}
    type(first).objects.filter(pk=first.pk).update(pdf="routines/x.pdf", pdf_sha256="0" * 64, **approved)
    second = routine.versions.create(number=2, created_by_id=user.pk)
    second.sections.create(position=1, kind="text", heading="Syfte", body="Ett & två.")

    apps = migrated(STEP_3)

    in_force, draft = versions = apps.get_model("routines", "RoutineVersion").objects.order_by("major")
    assert [(row.major, row.minor, row.review_months) for row in versions] == [(1, 0, 12), (2, 0, 12)]
    assert in_force.check_code != draft.check_code
    assert "Stanna <kvar>" in in_force.words
    # What was approved stays letter by letter; what is being written is HTML from now on.
    kept = list(in_force.sections.order_by("position").values_list("key", "markup", "body", "is_acute"))
    assert kept[:2] == [
        ("vad-du-gor-akut", "plain", "Ring 112\nStanna <kvar>", True),
        ("syfte", "plain", "Ett & två.\nSamma stycke.\n\nNytt.", False),
    ]
    assert draft.sections.values_list("key", "markup", "body").get() == ("syfte", "html", "<p>Ett &amp; två.</p>")
    placed = apps.get_model("routines", "PlacedContact").objects.values_list("section__version", "contact")
    assert list(placed) == [(in_force.pk, contact.pk)]
    sections = apps.get_model("routines", "TemplateSection").objects.order_by("position")
    # The last one is what every template must say.
    assert [row.key for row in sections] == ["vad-du-gor-akut", "syfte", "kontakter", "vardnadshavare"]
    assert (sections[3].is_mandatory, sections[3].is_locked) == (True, True)
    assert sections[1].body == "<p>Ett &amp; två.<br>Samma stycke.</p><p>Nytt.</p>"
    assert [row.name for row in sections[2].contacts.all()] == ["BRIS"]


def test_section_about_guardians_is_locked_and_only_what_differs_from_its_template_is_offered(
    before_step_3: Any,
) -> None:
    old = before_step_3
    user = old.get_model("units", "User").objects.create(email="a@example.org", name="A", password="!")
    unit = old.get_model("units", "Unit").objects.create(name="Skolan", slug="skolan", kind="compulsory_school")
    template = old.get_model("routines", "Template").objects.create(name="Skola", kinds=["compulsory_school"])
    heading = "Vårdnadshavare: kontakta dem inte på egen hand"
    template.sections.create(position=1, kind="text", heading="Syfte", body="Mallens syfte")
    template.sections.create(position=2, kind="text", heading=heading, body="Tala först med socialtjänsten.")
    for number, words in enumerate(["Tala först med socialtjänsten.", "Ring hem."]):
        routine = old.get_model("routines", "Routine").objects.create(
            unit_id=unit.pk, template_id=template.pk, title=str(number), slug=str(number), created_by_id=user.pk
        )
        version = routine.versions.create(number=1, created_by_id=user.pk)
        version.sections.create(position=1, kind="text", heading="Syfte", body="Vårt syfte")
        version.sections.create(position=2, kind="text", heading=heading, body=words)

    apps = migrated(STEP_3)

    rows = apps.get_model("routines", "RoutineSection").objects.order_by("version", "position")
    assert [(row.key, row.is_locked, bool(row.template_sha256)) for row in rows] == [
        ("syfte", False, True),
        ("vardnadshavare", True, True),
        ("syfte", False, True),
        ("vardnadshavare", True, False),
    ]


def test_follow_ups_and_their_window_are_carried_over(before_step_4: Any) -> None:
    old, day, now = before_step_4, dt.date(2026, 3, 1), timezone.now()
    old.get_model("units", "Programme").objects.update_or_create(
        pk=1, defaults={"follow_up_opens_months": 5, "follow_up_closes_months": 11}
    )
    user = old.get_model("units", "User").objects.create(email="a@example.org", name="A", password="!")
    by = {"recorded_by_id": user.pk}
    unit = old.get_model("units", "Unit").objects.create(name="Skolan", slug="skolan", kind="compulsory_school")
    round_ = old.get_model("units", "Round").objects.create(unit_id=unit.pk, number=1, started_on=day)

    def said(held_on: dt.date, decision: str, hours_ago: int) -> None:
        at = now - dt.timedelta(hours=hours_ago)
        old.get_model("followups", "FollowUp").objects.create(
            round_id=round_.pk, held_on=held_on, routines_used="Ja", decision=decision, recorded_at=at, **by
        )

    # Said before step 3 was done anew: the contacts begin again after it.
    said(dt.date(2026, 5, 1), "back_to_routines", hours_ago=5)
    for step in (1, 2, 3):
        round_.completions.create(
            step=step, completed_on=day, recorded_at=now - dt.timedelta(hours=4), recorded_by_id=user.pk
        )
    said(dt.date(2026, 9, 1), "more_support", hours_ago=3)
    said(dt.date(2026, 10, 1), "more_support", hours_ago=2)

    apps = migrated(STEP_4)

    assert apps.get_model("units", "Programme").objects.get(pk=1).follow_up_months == [5, 11]
    follow_ups = apps.get_model("followups", "FollowUp").objects.order_by("held_on")
    assert set(follow_ups.values_list("routines_used", "routines_note")) == {("", "Ja")}
    contacts = follow_ups.values_list("contact__number", "contact__settled_on", "contact__outcome")
    assert list(contacts) == [
        (None, None, None),
        (1, dt.date(2026, 9, 1), "held"),
        (2, dt.date(2026, 10, 1), "held"),
    ]


def test_reminders_of_the_apps_that_wait_are_called_off(before_step_4: Any) -> None:
    """The engine says anew what still holds."""
    old = before_step_4
    user = old.get_model("units", "User").objects.create(email="a@example.org", name="A", password="!")
    for key in ("follow_up_opens:1:2026-08-01:1", "refill:1:1", "routine_review:1:2026-12-01:0:1", "export:1"):
        old.get_model("units", "Message").objects.create(key=key, subject="s", text="t", html="h", recipient_id=user.pk)
    apps = migrated(STEP_4)
    waiting = apps.get_model("units", "Message").objects.filter(cancelled_at=None)
    assert list(waiting.values_list("key", flat=True)) == ["export:1"]
