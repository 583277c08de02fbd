"""Pausing one's reminders: signed in, or with the address in a digest. What has been said lately."""

from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from followups import actions, permissions, queries
from followups.forms import PauseForm
from followups.mail.wording import HEADINGS, wording
from followups.models import Reminder, RuleKind
from jarfalla import clock
from units.models import Unit, User
from units.permissions import PortalRequest

# Own reminders on one page.
REMINDERS = 30


@require_http_methods(["GET", "HEAD", "POST"])
def own_reminders(request: PortalRequest) -> HttpResponse:
    """What the reader has been reminded of lately; pause, and begin again."""
    form = PauseForm(request.POST or None)
    if _act(request, request.user, form):
        return redirect("own_reminders")
    today = clock.today()
    page = Paginator(queries.reminded_lately(request.user, today), REMINDERS).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "pause": queries.pause_of(request.user, today),
        "page_obj": page,
        "rows": _said(list(page), request.user),
        "days": queries.LATELY.days,
    }
    return render(request, "followups/own_reminders.html", context)


@csrf_exempt  # mail programs send it without a session; the signed address is the proof (RFC 8058)
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def digest_pause(request: HttpRequest, token: str) -> HttpResponse:
    """Pause with the address in a digest. To open it changes nothing: programs that look at mails open every link."""
    reader = permissions.get_digest_reader(token, clock.today())
    translation.activate(reader.language)  # of whom it is, not of who looks; the request's end takes it back
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    form = PauseForm(None if one_click else request.POST or None)
    if request.method == "POST" and not ratelimit.consume(request, action="digest_pause"):
        return _page(request, reader, form, refusal=_("Det har kommit många klick på kort tid. Vänta en stund."))
    if one_click:  # it is answered here and now: a mail program follows no redirect
        actions.pause_digests(reader, ends_on=None)
    elif _act(request, reader, form):
        return redirect("digest_pause", token=token)
    return _page(request, reader, form)


def _act(request: HttpRequest, user: User, form: PauseForm) -> bool:
    """Pause as the form says, or begin again; whether something was done."""
    if "resume" in request.POST:
        actions.resume_digests(user)
        messages.success(request, _("Du får påminnelser igen."))
        return True
    if form.is_valid():
        actions.pause_digests(user, ends_on=form.ends_on(clock.today()))
        messages.success(request, _("Dina påminnelser är pausade."))
        return True
    return False


def _page(request: HttpRequest, reader: User, form: PauseForm, *, refusal: str = "") -> HttpResponse:
    """The page behind a digest's address. It does not say whose it is: a mail may have been passed on."""
    context = {"form": form, "pause": queries.pause_of(reader, clock.today()), "refusal": refusal}
    response = render(request, "followups/digest_pause.html", context, status=429 if refusal else 200)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _said(rows: list[Reminder], user: User) -> list[dict[str, Any]]:
    """Each reminder with its words and the page to open; of a unit that is no longer the reader's only what sort of
    reminder it was."""
    units = Unit.objects.visible_to(user).filter(pk__in=[row.unit_id for row in rows]).values_list("pk", flat=True)
    visible = set(units)
    said: list[dict[str, Any]] = []
    for row in queries.named(rows):
        # Whoever stands above the manager sees no page of the unit, and is told what the letter said all the same.
        is_above = row.kind == RuleKind.ESCALATED and row.unit.superior_id == user.pk
        if row.unit_id in visible or is_above:
            words = wording(row, user)
            path = words.path if row.unit_id in visible else ""
            said.append({"row": row, "title": words.title, "lead": words.lead, "path": path})
        else:
            said.append({"row": row, "title": HEADINGS[RuleKind(row.kind)]})
    return said
