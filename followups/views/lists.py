"""Everything that is to be followed up."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from followups import permissions, queries
from jarfalla import clock
from units.models import Programme
from units.permissions import PortalRequest

# How many rows of each list one page shows.
ROWS = 50


@require_safe
def follow_ups(request: PortalRequest) -> HttpResponse:
    """Contacts that are late, open or coming, and what was promised, for the coordinator and for managers."""
    units = permissions.get_followed_units(request.user)
    programme, today = Programme.current(), clock.today()
    page = Paginator(queries.follow_up_list(units, programme, today), ROWS).get_page(request.GET.get("page"))
    booked = queries.bookings_of(page)
    windows = queries.windows(list(page), programme, today)
    promises = Paginator(queries.open_support_actions(units, today), ROWS).get_page(1)
    context = {
        "page_obj": page,
        "rows": [(window, booked.get((window.round.pk, window.number))) for window in windows],
        "support_actions": promises,
        "upcoming_months": queries.UPCOMING_MONTHS,
        "now": clock.now(),
    }
    return render(request, "followups/follow_ups.html", context)
