"""The unit: where it stands, what is next and who does it, and everything that has been recorded."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.queries import coverage, refill, refills_needed
from jarfalla import clock
from jarfalla.views.figures import pill
from jarfalla.views.next_step import Evidence, Reader, evidence, next_step
from units import permissions
from units.models import Outcome, Ownership, ParticipationState, Programme, Round, Step, StepCompletion, Unit, User
from units.permissions import PortalRequest
from units.queries import ProgressStatus, StepOnPage, UnitWithProgress, steps_of, swedish_order, units_with_progress

# So many names of those who lack the course stand on the unit's page; all of them stand on the page of step 1.
NAMES_SHOWN = 5


@require_safe
def unit(request: PortalRequest, slug: str) -> HttpResponse:
    """The unit's own page, for those who work there and the coordinator."""
    visible = permissions.get_visible_unit(request.user, slug)
    programme = Programme.current()
    row = units_with_progress(Unit.objects.filter(pk=visible.pk), programme, clock.today()).get()
    reader = reader_of(row, request.user)
    known, rounds = evidence([row])[row.pk], rounds_of(row)
    context = {
        "programme": programme,
        "unit": row,
        "reader": reader,
        "status": ProgressStatus(row.status),
        "pill": pill(ProgressStatus(row.status)),
        "ownership": Ownership(row.ownership).label,
        "participation_label": ParticipationState(row.participation).label,
        "managers": row.managers().filter(is_protected=False).order_by(swedish_order("name")),
        "steps": steps_of(row),
        "next": next_step(row, known, reader),
        "cards": step_cards(row, rounds, reader, request.user),
        "threshold": programme.coverage_threshold_percent,
        **step_facts(row, known),
        **refill_facts(row, reader),
        **history(row, rounds),
    }
    return render(request, "jarfalla/unit.html", context)


def reader_of(unit: Unit, user: User) -> Reader:
    """What `user` may do in the unit."""
    is_manager = unit.memberships.present().managers().filter(user=user).exists()
    return Reader(is_coordinator=user.is_coordinator, is_manager=is_manager)


def rounds_of(unit: Unit) -> list[Round]:
    """The unit's rounds, latest first, with all their completions, contacts and follow-ups."""
    rounds = unit.rounds.order_by("-number").select_related("closed_by")
    return list(
        rounds.prefetch_related("completions__recorded_by", "completions__withdrawn_by", "follow_ups", "contacts")
    )


@dataclass(frozen=True)
class StepCard:
    """One of the four steps of the current round, with what was recorded."""

    step: StepOnPage
    completion: StepCompletion | None
    recorded_by: str  # a name; empty when the step is open
    may_withdraw: bool


def step_cards(unit: UnitWithProgress, rounds: list[Round], reader: Reader, user: User) -> list[StepCard]:
    """The four steps of the current round; only the latest completed one of an open round can be withdrawn."""
    current = next((round_ for round_ in rounds if round_.pk == unit.round_pk), None)
    standing = current.standing() if current else {}
    is_open = reader.manages and current is not None and current.closed_on is None
    cards = []
    for step in steps_of(unit):
        completion = standing.get(Step(step.number))
        name = completion.recorded_by.shown_name if completion else ""
        may = completion is not None and step.number == unit.steps_done and completion.may_be_withdrawn_by(user)
        cards.append(StepCard(step, completion, name, may_withdraw=is_open and may))
    return cards


def step_facts(unit: UnitWithProgress, known: Evidence) -> dict[str, Any]:
    """What the cards say about the evidence of each step."""
    return {
        "coverage": coverage(unit),
        "declared": unit.declared_headcount(),
        "trainings_held": [training for training in known.trainings if training.held_on],
        "trainings_booked": [training for training in known.trainings if not training.held_on],
        "in_force": known.in_force,
        "unfinished": known.unfinished,
        "booked_at": known.booked_at,
    }


def refill_facts(unit: UnitWithProgress, reader: Reader) -> dict[str, Any]:
    """Whether coverage has fallen below the threshold, and who lacks the course: for those who log the unit's steps."""
    need = refills_needed([unit]).get(unit.pk) if reader.manages else None
    return {"refill": need, "lacking": refill(unit)[:NAMES_SHOWN] if need else []}


def history(unit: UnitWithProgress, rounds: list[Round]) -> dict[str, Any]:
    """What was withdrawn, the earlier rounds, and how the current round's contacts went."""
    current = [round_ for round_ in rounds if round_.pk == unit.round_pk]
    follow_ups = [follow_up for round_ in current for follow_up in round_.follow_ups.all()]
    contacts = [contact for round_ in current for contact in round_.contacts.all() if not contact.withdrawn_at]
    withdrawn = [row for round_ in rounds for row in round_.completions.all() if row.withdrawn_at]
    withdrawn.sort(key=lambda row: row.withdrawn_at or row.recorded_at, reverse=True)
    earlier = [round_ for round_ in rounds if round_ not in current]
    return {
        "follow_up": max(follow_ups, key=lambda row: (row.held_on, row.pk), default=None),
        "not_held": [contact for contact in contacts if contact.outcome == Outcome.NOT_HELD],
        "withdrawn": [(row, row.withdrawn_by.shown_name if row.withdrawn_by else "") for row in withdrawn],
        "earlier_rounds": [
            (round_, [(row, row.recorded_by.shown_name) for row in round_.standing().values()]) for round_ in earlier
        ],
    }
