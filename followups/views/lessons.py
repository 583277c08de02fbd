"""Lessons: the page that every unit reads, and what the coordinator and the unit decide about one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from followups import actions, permissions, queries
from followups.forms import LessonForm, WithdrawLessonForm
from followups.models import FollowUp
from units.models import Refused
from units.permissions import PortalRequest

PER_PAGE = 25


@require_safe
def lessons(request: PortalRequest) -> HttpResponse:
    """What units have learned, for everybody; for the coordinator also what waits, and where each comes from."""
    page = Paginator(queries.public_lessons(), PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, object] = {
        "page_obj": page,
        "rows": [(lesson, queries.kind_of(lesson)) for lesson in page],
    }
    if request.user.is_coordinator:
        context["waiting"] = Paginator(queries.waiting_lessons(), PER_PAGE).get_page(1)
        context["withdrawn"] = Paginator(queries.withdrawn_lessons(), PER_PAGE).get_page(1)
    return render(request, "followups/lessons.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def lesson_publish(request: PortalRequest, pk: int) -> HttpResponse:
    """The coordinator writes the lesson so that nobody sees whose it is, and lets the others read it."""
    follow_up = permissions.get_coordinated_follow_up(request.user, pk)
    form = LessonForm(request.POST if request.method == "POST" else None, follow_up=follow_up)
    if request.method == "POST" and form.is_valid():
        words = {name: form.cleaned_data[name] for name in ("title", "text")}
        try:
            actions.publish_lesson(follow_up, **words, by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Lärdomen är publicerad. Nu kan alla läsa den."))
            return redirect("lessons")
    return _page(request, follow_up, form, WithdrawLessonForm())


@require_POST
def lesson_withdraw(request: PortalRequest, pk: int) -> HttpResponse:
    """The coordinator takes the lesson away, or decides that it never comes to the page."""
    follow_up = permissions.get_coordinated_follow_up(request.user, pk)
    form = WithdrawLessonForm(request.POST)
    if form.is_valid():
        try:
            actions.withdraw_lesson(follow_up, reason=form.cleaned_data["reason"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Ingen annan läser lärdomen nu. Skälet står hos dig och hos enhetens chef."))
            return redirect("lessons")
    return _page(request, follow_up, LessonForm(follow_up=follow_up), form)


def _page(request: PortalRequest, follow_up: FollowUp, write: LessonForm, withdraw: WithdrawLessonForm) -> HttpResponse:
    """What the unit wrote, beside what the others are to read; `form` is the one that was sent."""
    context = {
        "follow_up": follow_up,
        "unit": follow_up.round.unit,
        "lesson": getattr(follow_up, "shared_lesson", None),
        "form": withdraw if withdraw.is_bound else write,
        "write_form": write,
        "withdraw_form": withdraw,
    }
    return render(request, "followups/lesson.html", context)


@require_POST
def lesson_refuse(request: PortalRequest, pk: int) -> HttpResponse:
    """The unit takes its yes back."""
    follow_up = permissions.get_taught_follow_up(request.user, pk)
    actions.refuse_sharing(follow_up, by=request.user)
    messages.success(request, _("Lärdomen delas inte. Ingen annan kan läsa den."))
    return redirect("step_4", slug=follow_up.round.unit.slug)


@require_POST
def lesson_share(request: PortalRequest, pk: int) -> HttpResponse:
    """The unit says yes again."""
    follow_up = permissions.get_taught_follow_up(request.user, pk)
    try:
        actions.share_again(follow_up, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Tack! Samordnaren tar bort det som visar vilka ni är innan andra läser den."))
    return redirect("step_4", slug=follow_up.round.unit.slug)
