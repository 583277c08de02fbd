"""Figures only: no name of a unit or a person stands on this page."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jarfalla import clock
from jarfalla.forms import PlaceFilter
from jarfalla.views.figures import Figures
from units import permissions
from units.models import Kind, Programme, Unit
from units.permissions import PortalRequest
from units.queries import NOT_TAKING_PART, ProgressStatus, count_progress, places, swedish_key, units_with_progress


@require_safe
def statistics(request: PortalRequest) -> HttpResponse:
    """How far the units have come, by verksamhetstyp; filtered by place."""
    permissions.require_figures(request.user)
    programme = Programme.current()
    filters = PlaceFilter.from_query(request.GET, places=places())
    units = units_with_progress(filters.on_units(Unit.objects.all()), programme, clock.today())
    figures = Figures(count_progress(units))
    context = {
        "programme": programme,
        "filters": filters,
        "figures": figures,
        "kinds": kind_rows(figures),
        "not_taking_part": figures.statuses(*NOT_TAKING_PART),
        "follow_ups": follow_ups(figures),
    }
    return render(request, "jarfalla/statistics.html", context)


def follow_ups(figures: Figures) -> list[tuple[str, int]]:
    """How many follow-ups are done, to be done, late and yet to come."""
    counts = {figure.status: figure.count for figure in figures.statuses(*ProgressStatus)}
    return [
        (_("Gjorda"), counts[ProgressStatus.DONE]),
        (_("Att göra nu"), counts[ProgressStatus.FOLLOW_UP_DUE]),
        (_("Försenade"), counts[ProgressStatus.FOLLOW_UP_OVERDUE]),
        (_("Senare"), counts[ProgressStatus.WAITING_FOR_FOLLOW_UP]),
    ]


@dataclass(frozen=True)
class KindRow:
    """One verksamhetstyp and its figures."""

    label: str
    figures: Figures


def kind_rows(figures: Figures) -> list[KindRow]:
    """One row for each verksamhetstyp that has a unit, by its name."""
    rows = [KindRow(str(Kind(kind).label), counted) for kind, counted in figures.by_kind().items()]
    return sorted(rows, key=lambda row: swedish_key(row.label))
