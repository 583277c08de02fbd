"""What the completed steps rest on: trainings; and messages in every state."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from courses.models import Invitation, Material, Theme, Training, TrainingSeries
from jarfalla import clock
from jarfalla.demo.scenarios import Scenario
from units.models import Kind, Message, Round, Unit, User

EXAMPLE = "Det här är ett exempel på ett meddelande i utkorgen."
PAUSE = dt.timedelta(days=14)  # between the two lectures of a series
TRAINING_TITLE = "Att upptäcka tidigt: tecken, samtal och nästa steg"


def write_trainings(round_: Round, scenario: Scenario, by: User) -> None:
    """The training that the scenario speaks of: planned, past without an answer, held or cancelled.

    Preschools get two lectures, a series; of the others, two with something planned go to the same occasion.
    """
    if not scenario.training:
        return
    now = clock.now()
    days = scenario.steps[1] if len(scenario.steps) > 1 else {"planned": -4, "unanswered": 3}.get(scenario.training, 12)
    starts_at = (now - dt.timedelta(days=days)).replace(hour=13, minute=0, second=0, microsecond=0)
    if scenario.training == "planned" and _joins_another(round_):
        return
    if round_.unit.kind != Kind.PRESCHOOL:
        _write_training(round_, starts_at, scenario.training, by=by)
        return
    series = TrainingSeries.objects.create(title=TRAINING_TITLE, created_by=by)
    first_is = scenario.training if scenario.training == "cancelled" else "held"
    _write_training(round_, starts_at - PAUSE, first_is, by=by, series=series, part=1)
    _write_training(round_, starts_at, scenario.training, by=by, series=series, part=2)


def _joins_another(round_: Round) -> bool:
    """Whether there is an occasion ahead, of one unit and not a series, that this unit could and does come to."""
    ahead = Training.objects.filter(starts_at__gt=clock.now(), cancelled_at=None, series=None, takes_sign_ups=False)
    alone = ahead.annotate(units=Count("rounds")).filter(units=1).first()
    if round_.unit.kind == Kind.PRESCHOOL or alone is None:
        return False
    alone.training_rounds.create(round=round_)
    _invite(alone, round_.unit)
    return True


def _write_training(
    round_: Round,
    starts_at: dt.datetime,
    state: str,
    *,
    by: User,
    series: TrainingSeries | None = None,
    part: int | None = None,
) -> None:
    """One occasion in one state."""
    now = clock.now()
    training = Training(
        series=series,
        part=part,
        title=TRAINING_TITLE,
        themes=[Theme.EARLY_SIGNS, Theme.TALKING_TO_CHILDREN, Theme.REPORTING],
        need="Personalen vill känna sig säkrare på vad de ska göra när något inte känns rätt.",
        aim="Alla vet vilka tecken de ska se efter, hur de frågar och vem de vänder sig till.",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2),
        place="Personalrummet",
        leader="Programmets samordnare",
        booked_by=by,
        booked_at=min(now, starts_at) - dt.timedelta(days=15),
    )
    if state == "held":
        training.held_on = timezone.localdate(starts_at)
        training.held_by, training.held_recorded_at = by, now
    if state == "cancelled":
        training.cancelled_at, training.cancelled_by = now, by
        training.cancelled_reason = "Föreläsaren blev sjuk. Vi planerar en ny tid."
    training.told_sequence = training.sequence  # nobody is written to about what the demonstration invents
    training.save()
    training.materials.set(Material.objects.all()[:2])
    training.training_rounds.create(round=round_, headcount=7 if state == "held" else None)
    _invite(training, round_.unit)


def _invite(training: Training, unit: Unit) -> None:
    """The unit's managers have heard of the training."""
    if training.starts_at > clock.now() and not training.cancelled_at:
        managers = unit.managers().filter(is_protected=False)
        training.invitations.bulk_create(Invitation(training=training, user=manager) for manager in managers)


@contextmanager
def days_ago(days: int) -> Iterator[None]:
    """Let the demonstration clock run `days` behind; outside demo mode the clock can't be moved and isn't."""
    if not settings.DEMO:
        yield
        return
    before = clock.days_ahead()
    clock.move(before - days)
    try:
        yield
    finally:
        clock.move(before)


def write_messages(to: User) -> None:
    """One message in each state, so that the outbox shows what they look like."""
    now = clock.now()
    states: dict[str, dict[str, Any]] = {
        "planned": {"not_before": now + dt.timedelta(days=2)},
        "sent": {"sent_at": now - dt.timedelta(days=1), "attempts": 1},
        "failed": {"failed_at": now, "attempts": 1, "last_error": "550 5.1.1 Adressen finns inte"},
        "cancelled": {"cancelled_at": now, "cancelled_reason": "Uppföljningen är redan gjord."},
    }
    for state, dates in states.items():
        Message.objects.get_or_create(
            key=f"demo:{state}",
            defaults={
                "recipient": to,
                "subject": "Dags att följa upp en enhet",
                "text": EXAMPLE + "\n",
                "html": f"<p>{EXAMPLE}</p>",
                **dates,
            },
        )
