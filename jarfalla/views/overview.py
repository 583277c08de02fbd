"""The coordinator's dashboard: what to do this week, and every unit × four steps."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Case, F, QuerySet, When
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from courses.queries import RefillNeed, refills_needed
from jarfalla import clock
from jarfalla.forms import OverviewFilter
from jarfalla.views.figures import Figures, offer_choices, pill, step_tiles
from jarfalla.views.this_week import week_context
from units import permissions
from units.models import Kind, Programme, Step, Unit
from units.permissions import PortalRequest
from units.queries import (
    ProgressStatus,
    StepOnPage,
    UnitWithProgress,
    by_label,
    count_progress,
    nulls_last,
    places,
    steps_of,
    swedish_order,
    units_with_progress,
)

UNITS_PER_PAGE = 25


@require_safe
def overview(request: PortalRequest) -> HttpResponse:
    """What to do this week; how many units have come how far; the units, filtered, sorted and paged."""
    permissions.require_coordinator(request.user)
    programme, today = Programme.current(), clock.today()
    filters = OverviewFilter.from_query(request.GET, places=places())
    units = units_with_progress(filters.on_units(Unit.objects.all()), programme, today)
    figures = Figures(count_progress(units))
    sort = Sort.from_query(request.GET.get("sort", ""))
    refills = refills_needed(Unit.objects.all(), today, programme=programme)
    page = listed(units, filters, figures, sort).get_page(request.GET.get("page"))
    context = {
        "programme": programme,
        "filters": filters,
        "figures": figures,
        "tiles": step_tiles(figures, filters),
        "offers": offer_choices(figures, filters),
        "page_obj": page,
        "rows": [Row(unit, steps_of(unit), refills.get(unit.pk)) for unit in page],
        "columns": columns(filters, sort),
        "sort": sort,
        "query": f"?{filters.query(sort=sort.in_address)}&".replace("?&", "?"),
        **week_context(programme, today, refills.values(), show_all="visa" in request.GET),
    }
    address = filters.query(sort=sort.in_address, page=str(page.number) if page.number > 1 else "")
    return push_url(render(request, "jarfalla/overview.html", context), f"{request.path}?{address}".rstrip("?"))


# What the list can be sorted by, by the name in the address; and what the column is called.
_SORTS = {
    "name": gettext_lazy("Enhet"),
    "kind": gettext_lazy("Verksamhetstyp"),
    "step_1": gettext_lazy("Steg 1"),
    "step_2": gettext_lazy("Steg 2"),
    "step_3": gettext_lazy("Steg 3"),
    "step_4": gettext_lazy("Steg 4"),
    "deadline": gettext_lazy("Läge och nästa datum"),
}


@dataclass(frozen=True)
class Sort:
    """The order that an address asks for: by name when it asks for nothing that is known."""

    by: str = "name"
    descending: bool = False

    @classmethod
    def from_query(cls, asked: str) -> "Sort":
        """Read `name` or `-name`."""
        by = asked.removeprefix("-")
        return cls(by, asked.startswith("-")) if by in _SORTS else cls()

    @property
    def in_address(self) -> str:
        """How the address says it; empty for the usual order."""
        return "" if self == Sort() else f"{'-' if self.descending else ''}{self.by}"

    def ordering(self) -> list[Any]:
        """The same for the database; units alike come by name."""
        expression: Any = {
            "name": swedish_order("name"),
            "kind": by_label("kind", Kind.choices),
            # All windows are equally long, so the order of their last days is also that of their first.
            "deadline": Case(When(steps_done=Step.ROUTINES, then=F("window_closes_on"))),
        }.get(self.by, f"{self.by}_on")
        return [nulls_last(expression, descending=self.descending), swedish_order("name"), "pk"]


@dataclass(frozen=True)
class Column:
    """A heading of the table; following its link sorts by it, and once more turns the order round."""

    key: str
    label: str
    query: str
    direction: str  # "ascending", "descending" or "" for aria-sort


def columns(filters: OverviewFilter, sort: Sort) -> list[Column]:
    """The headings of the table."""
    found = []
    for key, label in _SORTS.items():
        current = key == sort.by
        after = Sort(key, descending=current and not sort.descending)
        direction = ("descending" if sort.descending else "ascending") if current else ""
        found.append(Column(key, str(label), filters.query(sort=after.in_address), direction))
    return found


@dataclass(frozen=True)
class Row:
    """One unit in the table."""

    unit: UnitWithProgress
    steps: list[StepOnPage]
    refill: RefillNeed | None  # while coverage has fallen below the threshold

    @property
    def status(self) -> ProgressStatus:
        """Where the unit stands."""
        return ProgressStatus(self.unit.status)

    @property
    def pill(self) -> str:
        """The word in templates/_status.html for the status."""
        return pill(self.status)

    @property
    def deadline(self) -> str:
        """The next date of the unit, in words; empty when none is waiting."""
        opens, closes = self.unit.window_opens_on, self.unit.window_closes_on
        if self.status == ProgressStatus.WAITING_FOR_FOLLOW_UP and opens:
            return _("öppnar %(day)s") % {"day": date_format(opens, "j b Y")}
        if self.status == ProgressStatus.FOLLOW_UP_DUE and closes:
            return _("senast %(day)s") % {"day": date_format(closes, "j b Y")}
        if self.status == ProgressStatus.FOLLOW_UP_OVERDUE and closes:
            return _("skulle gjorts %(day)s") % {"day": date_format(closes, "j b Y")}
        return ""


def listed(
    units: "QuerySet[UnitWithProgress, UnitWithProgress]", filters: OverviewFilter, figures: Figures, sort: Sort
) -> "Paginator[UnitWithProgress]":
    """The units that the filter lets through, in order, in pages."""
    rows = filters.on_progress(units).order_by(*sort.ordering())
    paginator = Paginator(rows, UNITS_PER_PAGE)
    paginator.count = figures.count(filters.matches)  # the figures know it, so the database is not asked again
    return paginator
