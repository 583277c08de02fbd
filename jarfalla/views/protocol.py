"""The protocol of a contact in step 4, beside what every app knows of the unit: made for a telephone call."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from courses.queries import Comparison, Coverage, coverage, pulse_rounds
from followups import actions, permissions, queries
from followups.forms import DraftForm, ProtocolForm
from followups.models import Decision, FollowUp, ProtocolDraft
from jarfalla import clock
from routines.models import RoutineVersion, VersionState
from routines.queries import read_counts
from units.models import Programme, Refused, Round, Step, Unit
from units.permissions import PortalRequest
from units.queries import blocked_because, swedish_order

# What the coordinator reads when a follow-up is saved.
_SAVED = {
    Decision.GO_ON: gettext_lazy("Uppföljningen är registrerad. Nästa samtal står här nedanför."),
    Decision.DONE: gettext_lazy("Uppföljningen är registrerad. Steg 4 är klart och omgången är avslutad."),
    Decision.MORE_SUPPORT: gettext_lazy(
        "Uppföljningen är registrerad. Omgången fortsätter med insatserna här nedanför."
    ),
    Decision.NEW_ROUND: gettext_lazy("Uppföljningen är registrerad. Omgången är avslutad och en ny har börjat."),
    Decision.BACK_TO_TRAINING: gettext_lazy("Uppföljningen är registrerad. Enheten är tillbaka på steg 2."),
    Decision.BACK_TO_ROUTINES: gettext_lazy("Uppföljningen är registrerad. Enheten är tillbaka på steg 3."),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def protocol(request: PortalRequest, slug: str) -> HttpResponse:
    """What is asked in a contact, and the answers; filled with what has been typed already. The browser keeps no copy:
    its Back would show a page that does not know the draft."""
    round_ = permissions.get_coordinated_round(request.user, slug, request.POST.get("round", ""))
    window = queries.window_of(round_, Programme.current(), clock.today())
    why_not = blocked_because(round_, Step.FOLLOW_UP)
    # A protocol that is sent once more goes on to the action, which knows whether it is the same.
    if window is None or (why_not and not request.POST):
        return _again(request, round_) or _blocked(request, slug, why_not)
    if "draft" in request.POST:
        return _keep(request, round_, window)
    draft = queries.draft_of(round_, window.number)
    initial = {**(draft.answers if draft else {}), "seen": queries.seen_of(draft)}
    form = ProtocolForm(request.POST or None, window=window, initial=initial)
    if form.is_valid() and (follow_up := _record(request, round_, form)):
        return _saved(request, follow_up)
    return _page(request, window, form)


def _saved(request: PortalRequest, follow_up: FollowUp) -> HttpResponse:
    messages.success(request, _SAVED[Decision(follow_up.decision)])
    return redirect("step_4", slug=follow_up.round.unit.slug)


def _blocked(request: PortalRequest, slug: str, why_not: str) -> HttpResponse:
    messages.error(request, why_not)
    return redirect("step_4", slug=slug)


def _again(request: PortalRequest, round_: Round) -> HttpResponse | None:
    """The answer to a protocol that took the round back to an earlier step, and now is sent once more."""
    last = round_.follow_ups.select_related("contact").order_by("pk").last()
    window = queries.window_held(last, Programme.current()) if last else None
    if window is None or not request.POST or "draft" in request.POST:
        return None
    form = ProtocolForm(request.POST, window=window)
    follow_up = _record(request, round_, form) if form.is_valid() else None
    return _saved(request, follow_up) if follow_up else None


@require_POST
def protocol_save(request: PortalRequest, slug: str) -> HttpResponse:
    """Keep what has been typed so far. 200 kept; 409 somebody has saved something else meanwhile; 422 not kept, why."""
    round_ = permissions.get_coordinated_round(request.user, slug, request.POST.get("round", ""))
    window = queries.window_of(round_, Programme.current(), clock.today())
    if window is None:
        return JsonResponse({"sentence": blocked_because(round_, Step.FOLLOW_UP)}, status=422)
    form = DraftForm(request.POST, window=window)
    if not form.is_valid():
        return JsonResponse({"sentence": _("Inte sparat. %(why)s") % {"why": form.sentence()}}, status=422)
    try:
        draft = _save(request, round_, form)
    except actions.DraftChanged as changed:
        return JsonResponse({"sentence": str(changed), "seen": queries.seen_of(changed.draft)}, status=409)
    except Refused as refused:
        return JsonResponse({"sentence": str(refused)}, status=422)
    time = date_format(timezone.localtime(clock.now()), "H.i")
    sentence = _("Utkastet sparat kl. %(time)s.") % {"time": time} if draft else ""
    return JsonResponse({"sentence": sentence, "seen": queries.seen_of(draft)})


def _save(request: PortalRequest, round_: Round, form: DraftForm) -> ProtocolDraft | None:
    """Save a valid draft, unless nothing is written."""
    number, seen = form.cleaned_data["number"], form.cleaned_data["seen"]
    return actions.save_draft(
        round_, number=number or form.window.number, answers=form.answers(), seen=seen, by=request.user
    )


def _keep(request: PortalRequest, round_: Round, window: queries.Window) -> HttpResponse:
    """Save the draft for somebody without JavaScript."""
    form = DraftForm(request.POST, window=window)
    if form.is_valid():
        try:
            draft = _save(request, round_, form)
        except Refused as refused:
            _refuse(form, refused)
        else:
            if draft:
                messages.success(request, _("Utkastet är sparat. Du kan fortsätta senare, också på en annan skärm."))
            else:
                messages.info(request, _("Inget är skrivet än, så det finns inget utkast att spara."))
            return redirect("protocol", slug=round_.unit.slug)
    return _page(request, window, form)


def _record(request: PortalRequest, round_: Round, form: ProtocolForm) -> FollowUp | None:
    """Record the follow-up; if the portal says no, the form says why."""
    recorded = form.recorded()
    said, number = actions.Said(**recorded.pop("said")), recorded["number"] or form.window.number
    try:
        actions.require_unchanged(queries.draft_of(round_, number), form.cleaned_data["seen"], by=request.user)
        return actions.record_follow_up(round_, by=request.user, said=said, **recorded)
    except Refused as refused:
        _refuse(form, refused)
        return None


def _refuse(form: ProtocolForm, refused: Refused) -> None:
    """Say why; what somebody else has saved may be written over by who has read that it is there."""
    form.add_error(None, str(refused))
    if isinstance(refused, actions.DraftChanged):
        form.add_error(None, _("Spara igen om det är din text som ska gälla."))
        form.show_seen(queries.seen_of(refused.draft))


# --- What stands beside the questions -----------------------------------------------------------------------------


def _page(request: PortalRequest, window: queries.Window, form: ProtocolForm) -> HttpResponse:
    unit = window.round.unit
    before = queries.said_before(unit)
    context = {
        "unit": unit,
        "window": window,
        "booking": queries.booking_of(window.round, window.number),
        "managers": [row.user for row in queries.present_managers().filter(unit=unit)],
        "form": form,
        "before": before.first(),
        "promises": queries.open_support_actions(Unit.objects.filter(pk=unit.pk), clock.today()),
        **_known(unit),
    }
    return render(request, "jarfalla/protocol.html", context)


def _known(unit: Unit) -> dict[str, Any]:
    """The coverage, the receipts and the pulse of the unit."""
    in_force = RoutineVersion.objects.in_state(VersionState.IN_FORCE).filter(routine__unit=unit)
    in_force = in_force.select_related("routine").order_by(swedish_order("routine__title")).defer("words", "search")
    covered: Coverage = coverage(unit)
    compared: list[Comparison] = [row.comparison for row in pulse_rounds(unit)[:1]]
    return {
        "coverage": covered,
        "readings": read_counts(unit, in_force),
        "pulse": compared[0] if compared and compared[0].results else None,
    }
