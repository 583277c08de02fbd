"""Finding routines: what applies to oneself first, and a search in all that one may read."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from routines import permissions, queries
from routines.forms import RoutineFilter, SearchForm
from routines.models import RoutineQuerySet, VersionState
from units.permissions import PortalRequest

ROUTINES_PER_PAGE = 25


@require_safe
def routines(request: PortalRequest) -> HttpResponse:
    """The routines that apply to the user; all of them, with filters, for the coordinator."""
    readable = permissions.readable_routines(request.user)
    if request.user.is_coordinator:
        return _all_routines(request, readable)
    asked = SearchForm(request.GET)
    chosen = asked.chosen
    own = queries.in_order(queries.listed(queries.own(readable, request.user)))
    context = {
        "filter": SearchForm(initial=chosen),
        "refused": asked.refused,
        "chosen": chosen,
        "found": queries.search(request.user, chosen["q"]) if chosen else None,
        "rows": [] if chosen else queries.on_page(own, request.user),
        "shared": 0 if chosen else queries.shared_by_others(request.user).count(),
    }
    return render(request, "routines/routines.html", context)


def _all_routines(request: PortalRequest, readable: RoutineQuerySet) -> HttpResponse:
    """Every unit's routines: those whose title or unit is called so, and those whose text says so."""
    asked = RoutineFilter(request.GET)
    chosen = asked.chosen
    text, kind, state = (chosen.get(name, "") for name in ("q", "kind", "state"))
    rows = queries.listed(queries.found(readable, text=text, kind=kind, state=state))
    page = Paginator(queries.waiting_first(rows), ROUTINES_PER_PAGE).get_page(request.GET.get("page"))
    in_texts = text and state in ("", VersionState.IN_FORCE) and page.number == 1
    context = {
        "page_obj": page,
        "rows": queries.on_page(page, request.user),
        "found": queries.search(request.user, text, kind=kind) if in_texts else None,
        "filter": RoutineFilter(initial=chosen),
        "refused": asked.refused,
        "chosen": chosen,
        "query": f"?{urlencode(chosen)}&" if chosen else "",
    }
    return render(request, "routines/all_routines.html", context)
