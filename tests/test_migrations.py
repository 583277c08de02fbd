"""Rows that an earlier version wrote are carried over to where the present one keeps them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE = [("units", "0001_initial"), ("courses", "0002_initial")]
AFTER = [("units", "0002_steps_1_and_2"), ("courses", "0003_steps_1_and_2")]


@pytest.fixture
def old_apps(transactional_db: None) -> Iterator[Any]:
    """The models as issue 2 had them, in a database of that time; brought up to date again at the end."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_headcounts_and_trainings_are_carried_over(old_apps: Any) -> None:
    day = dt.date(2026, 3, 1)
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

    executor = MigrationExecutor(connection)
    executor.migrate(AFTER)
    apps = executor.loader.project_state(AFTER).apps

    headcounts = apps.get_model("units", "DeclaredHeadcount").objects.values_list("unit", "headcount", "declared_on")
    assert list(headcounts) == [(declared.pk, 12, day)]
    rounds = apps.get_model("courses", "TrainingRound").objects.values_list("training", "round", "headcount")
    assert list(rounds) == [(training.pk, round_.pk, 7)]
    # Nobody is written to again about what was booked before.
    carried = apps.get_model("courses", "Training").objects.get()
    assert (carried.title, carried.sequence, carried.told_sequence) == ("Tidiga tecken", 0, 0)
    invitations = apps.get_model("courses", "Invitation").objects.values_list("training", "user", "sequence")
    assert list(invitations) == [(training.pk, user.pk, 0)]
