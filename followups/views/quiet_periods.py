"""Days of each year on which the portal reminds nobody."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from followups import queries
from followups.forms import QuietPeriodForm
from jarfalla import clock
from units.actions import add_quiet_period, remove_quiet_period
from units.models import QuietPeriod, Refused
from units.permissions import PortalRequest, require_coordinator


@require_http_methods(["GET", "HEAD", "POST"])
def quiet_periods(request: PortalRequest) -> HttpResponse:
    """The quiet periods, and the form that adds one."""
    require_coordinator(request.user)
    form = QuietPeriodForm(request.POST or None)
    if form.is_valid():
        try:
            period = add_quiet_period(by=request.user, **form.period())
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("%(name)s är nu en lugn period.") % {"name": period.name})
            return redirect("quiet_periods")
    periods = list(QuietPeriod.objects.all())
    next_day = queries.next_working_day(clock.today(), periods)
    return render(request, "followups/quiet_periods.html", {"form": form, "periods": periods, "next_day": next_day})


@require_POST
def quiet_period_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Remind on those days again."""
    require_coordinator(request.user)
    if name := remove_quiet_period(pk, by=request.user):
        messages.success(request, _("%(name)s är inte längre en lugn period.") % {"name": name})
    else:
        messages.info(request, _("Den lugna perioden var redan borttagen."))
    return redirect("quiet_periods")
