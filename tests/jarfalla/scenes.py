"""Units, routines and trainings in chosen states, for the pages that see every app."""

import datetime as dt
import html
import re
from typing import Any

from django.utils.text import slugify

from courses.models import Training
from jarfalla import clock
from routines.models import Approval, Routine, RoutineVersion, Verdict, VersionState
from tests import factories
from units import actions
from units.models import ParticipationState, Step, Unit, User

_VERDICTS = {
    VersionState.DRAFT: [],
    VersionState.IN_REVIEW: [Verdict.SUBMITTED],
    VersionState.RETURNED: [Verdict.SUBMITTED, Verdict.RETURNED],
    VersionState.ENDORSED: [Verdict.SUBMITTED, Verdict.ENDORSED],
}
_APPROVED = [Verdict.SUBMITTED, Verdict.ENDORSED, Verdict.APPROVED]


def standing_at(steps: int, *, by: User, days_ago: int = 10, unit: Unit | None = None, **fields: Any) -> Unit:
    """A unit that takes part and has done `steps` steps, all of them `days_ago`."""
    unit = unit or factories.taking_part(factories.unit(**fields))
    for step in list(Step)[:steps]:
        actions.complete_step(factories.open_round(unit), step, on=days_before(days_ago), by=by)
    return unit


def answered(state: ParticipationState, *, by: User, days_ago: int = 0, **fields: Any) -> Unit:
    """A unit with an answer to the offer that is not yes, given `days_ago`."""
    unit = factories.unit(**fields)
    actions.record_participation(unit, state=state, since=days_before(days_ago), by=by)
    return unit


def routine(unit: Unit, *, title: str, state: VersionState, by: User) -> Routine:
    """A routine of the unit whose only version is in `state`."""
    made = Routine.objects.create(unit=unit, title=title, slug=slugify(f"{unit.slug} {title}"), created_by=by)
    version = RoutineVersion.objects.create(routine=made, major=1, created_by=by)
    for verdict in _VERDICTS.get(state, _APPROVED):
        Approval.objects.create(
            version=version, verdict=verdict, by=by, comment="Skriv tydligare.", content_sha256=version.content_sha256()
        )
    if state not in _VERDICTS:
        version.approved_at, version.approved_by = clock.now(), by
    if state == VersionState.FAILED:
        version.publish_failed_at = clock.now()
    if state == VersionState.IN_FORCE:
        version.in_force_at, version.pdf.name, version.pdf_sha256 = clock.now(), "routines/x.pdf", "0" * 64
    version.save()
    return made


def training(unit: Unit, *, title: str, days: int, by: User, held: bool = False) -> Training:
    """A training that starts `days` from today (negative: it has passed)."""
    made = Training.objects.create(title=title, starts_at=clock.now() + dt.timedelta(days=days), booked_by=by)
    made.training_rounds.create(round=factories.open_round(unit))
    if held:
        made.held_on, made.held_by, made.held_recorded_at = days_before(-days), by, clock.now()
        made.save()
    return made


def days_before(days: int) -> dt.date:
    """The date `days` ago."""
    return clock.today() - dt.timedelta(days=days)


def words(page: bytes) -> str:
    """What a person reads in the main part of a page, with one space between words."""
    main = page.decode().split("<main", 1)[1].split("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main.split(">", 1)[1])).split())


def fragment(markup: str) -> str:
    """What a person reads in a part of a page."""
    return words(f"<main>{markup}</main>".encode())
