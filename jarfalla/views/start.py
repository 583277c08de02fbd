"""The start page: what each role came for, first."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.queries import Coverage, RefillNeed, coverages, refills_needed
from jarfalla import clock
from jarfalla.forms import OverviewFilter
from jarfalla.views.alerts import coordinators_alerts, readers_alerts, staffs_alerts
from jarfalla.views.figures import Figures, offer_choices, pill, step_tiles
from jarfalla.views.next_step import Evidence, NextStep, Reader, evidence, next_step
from jarfalla.views.this_week import week_context
from jarfalla.views.todos import TodoKind
from jarfalla.views.waiting import WaitingRoutine, changed_templates, unfinished
from units.models import Programme, Unit, User
from units.permissions import PortalRequest
from units.queries import (
    ProgressStatus,
    StepOnPage,
    UnitWithProgress,
    count_progress,
    steps_of,
    swedish_order,
    units_with_progress,
)


@require_safe
def start(request: PortalRequest) -> HttpResponse:
    """What to do this week, the own units, or the figures: by role."""
    programme, today = Programme.current(), clock.today()
    if request.user.is_coordinator or request.user.is_reader:
        figures = Figures(count_progress(units_with_progress(Unit.objects.all(), programme, today)))
        context: dict[str, Any] = {"figures": figures, "programme": programme}
        if request.user.is_reader:
            return render(request, "jarfalla/start_reader.html", context | {"alerts": readers_alerts()})
        filters = OverviewFilter.from_query({}, places=[])
        context |= {"tiles": step_tiles(figures, filters), "offers": offer_choices(figures, filters)}
        refills = refills_needed(Unit.objects.all(), today, programme=programme)
        told = [TodoKind.MAIL_FAILED]  # an alert says it
        context |= week_context(programme, today, refills.values(), show_all="visa" in request.GET, told=told)
        context["alerts"] = coordinators_alerts(programme, today)
        return render(request, "jarfalla/start_coordinator.html", context)
    cards = own_units(request.user, programme)
    alerts = staffs_alerts(request.user, manages=any(card.manages for card in cards))
    return render(request, "jarfalla/start_staff.html", {"cards": cards, "programme": programme, "alerts": alerts})


@dataclass(frozen=True)
class UnitCard:
    """One of the user's own units, as the start page shows it."""

    unit: UnitWithProgress
    manages: bool
    steps: list[StepOnPage]
    next: NextStep
    known: Evidence
    coverage: Coverage
    refill: RefillNeed | None  # while coverage has fallen below the threshold; for those who manage
    waiting: list[WaitingRoutine]  # what else than the next step waits for those who manage

    @property
    def status(self) -> ProgressStatus:
        """Where the unit stands."""
        return ProgressStatus(self.unit.status)

    @property
    def pill(self) -> str:
        """The word in templates/_status.html for the status."""
        return pill(self.status)

    @property
    def is_quick(self) -> bool:
        """Whether the next step is a form that two minutes are enough for."""
        return self.status == ProgressStatus.STEP_1

    @property
    def without_course(self) -> int:
        """How many of the staff have not taken the web course."""
        return self.coverage.lacking


def own_units(user: User, programme: Programme) -> list[UnitCard]:
    """The units where the user works, those that they manage first; as many queries for one unit as for many."""
    units = list(
        units_with_progress(Unit.objects.visible_to(user), programme, clock.today()).order_by(swedish_order("name"))
    )
    managed = set(Unit.objects.managed_by(user).values_list("pk", flat=True))
    known, coverage = evidence(units, user), coverages(units, programme=programme)
    refills = refills_needed([unit for unit in units if unit.pk in managed], programme=programme)
    offers, cards = changed_templates(managed), []
    for unit in units:
        manages, of_unit = unit.pk in managed, known[unit.pk]
        next_ = next_step(unit, of_unit, Reader(is_coordinator=False, is_manager=manages))
        waiting = [*unfinished(of_unit), *offers.get(unit.pk, [])] if manages else []
        cards.append(
            UnitCard(
                unit=unit,
                manages=manages,
                steps=steps_of(unit),
                next=next_,
                known=of_unit,
                coverage=coverage[unit.pk],
                refill=refills.get(unit.pk),
                waiting=[row for row in waiting if row.url != next_.url],
            )
        )
    return sorted(cards, key=lambda card: not card.manages)
