"""Pages of step 4."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from followups import actions, permissions, queries
from followups.forms import FollowUpForm
from followups.models import Decision
from jarfalla import clock
from units.models import Programme, Refused, Round, Step, StepBlocked
from units.permissions import PortalRequest
from units.queries import steps_on_page

# How many rows of each list one page shows.
ROWS = 50

# What the coordinator reads when a follow-up is saved.
_SAVED = {
    Decision.DONE: gettext_lazy("Uppföljningen är registrerad. Steg 4 är klart och omgången är avslutad."),
    Decision.MORE_SUPPORT: gettext_lazy(
        "Uppföljningen är registrerad. Omgången fortsätter med insatserna här nedanför."
    ),
    Decision.NEW_ROUND: gettext_lazy("Uppföljningen är registrerad. Omgången är avslutad och en ny har börjat."),
    Decision.BACK_TO_TRAINING: gettext_lazy("Uppföljningen är registrerad. Enheten är tillbaka på steg 2."),
    Decision.BACK_TO_ROUTINES: gettext_lazy("Uppföljningen är registrerad. Enheten är tillbaka på steg 3."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def step_4(request: PortalRequest, slug: str) -> HttpResponse:
    """The unit's follow-up: when it is, what was said before; the coordinator records it here."""
    if request.method == "POST":
        return _record(request, slug)
    round_ = permissions.get_visible_round(request.user, slug)
    window = queries.window_of(round_, Programme.current(), clock.today())
    form = None
    if window and request.user.is_coordinator and not _why_not(round_):
        form = FollowUpForm(window=window, initial={"round": round_.number, "held_on": clock.today()})
    return _page(request, round_, window, form)


def _record(request: PortalRequest, slug: str) -> HttpResponse:
    """Save what the coordinator has written, or show it again with what must be put right."""
    round_ = permissions.get_coordinated_round(request.user, slug, request.POST.get("round", ""))
    window = queries.window_of(round_, Programme.current(), clock.today())
    if window is None:  # step 3 was taken back while the form was open, or never stood
        messages.error(request, _why_not(round_))
        return redirect("step_4", slug=slug)
    form = FollowUpForm(request.POST, window=window)
    if not form.is_valid():
        return _page(request, round_, window, form)
    try:
        follow_up = actions.record_follow_up(round_, by=request.user, **form.recorded())
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, round_, window, form)
    messages.success(request, _SAVED[Decision(follow_up.decision)])
    return redirect("step_4", slug=slug)


def _why_not(round_: Round) -> str:
    """Why no follow-up can be recorded in this round; empty when one can."""
    try:
        round_.require_next(Step.FOLLOW_UP)
    except StepBlocked as blocked:
        return str(blocked)
    return ""


def _page(
    request: PortalRequest, round_: Round, window: queries.Window | None, form: FollowUpForm | None
) -> HttpResponse:
    context = {
        "unit": round_.unit,
        "steps": steps_on_page(round_.unit),
        "round": round_,
        "window": window,
        "completion": round_.standing().get(Step.FOLLOW_UP),
        "why_not": _why_not(round_),
        "form": form,
        "reads_notes": permissions.reads_notes(request.user, round_.unit),
        "follow_ups": queries.said_before(round_.unit),
    }
    return render(request, "followups/step_4.html", context)


@require_safe
def follow_ups(request: PortalRequest) -> HttpResponse:
    """Follow-ups that are late, open or coming, and what was promised, for the coordinator and for managers."""
    units = permissions.get_followed_units(request.user)
    programme, today = Programme.current(), clock.today()
    page = Paginator(queries.follow_up_list(units, programme, today), ROWS).get_page(request.GET.get("page"))
    promises = Paginator(queries.open_support_actions(units, today), ROWS).get_page(1)
    context = {
        "page_obj": page,
        "windows": queries.windows(list(page), programme, today),
        "support_actions": promises,
        "upcoming_months": queries.UPCOMING_MONTHS,
    }
    return render(request, "followups/follow_ups.html", context)


@require_POST
def support_action_done(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that what was promised has been done."""
    support_action = permissions.get_managed_support_action(request.user, pk)
    support_action = actions.complete_support_action(support_action, by=request.user)
    messages.success(request, _("Klart: %(what)s") % {"what": support_action.what})
    if request.POST.get("from") == "list":
        return redirect("follow_ups")
    return redirect("step_4", slug=support_action.follow_up.round.unit.slug)
