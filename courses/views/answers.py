"""The public pages of a survey: the questions and the thanks. Nobody signs in here, and nobody is known.

Why it is done like this: docs/decisions/0015-anonymous-answers.md.
"""

import uuid
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courses import actions
from courses.forms import AnswerForm
from courses.models import Survey
from jarfalla import clock
from units.models import Refused

ANSWERED_COOKIE = "besvarad"
# Longer than any survey is open.
ANSWERED_SECONDS = 365 * 24 * 3600
NOT_FOUND, GONE = 404, 410

SurveyView = Callable[[HttpRequest, Survey], HttpResponse]


def _of_survey(view: SurveyView) -> Callable[[HttpRequest, str], HttpResponse]:
    """Get the view its survey by the code in the address; keep what it answers out of search engines and logs."""

    def with_survey(request: HttpRequest, code: str) -> HttpResponse:
        # What is written tells PostgreSQL who is signed in, for the history of other tables: not here.
        pghistory.context(user=None, url=None)
        surveys = Survey.objects.select_related("round__unit", "training").prefetch_related("statements")
        survey = surveys.filter(code=code.lower()).first() if code.isprintable() else None
        if survey is None:
            response = _show(request, "courses/survey_closed.html", {"survey": None}, status=NOT_FOUND)
        else:
            response = view(request, survey)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # What the page fetches (its styles) would name it beside an address and a time, in the log of every server.
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return with_survey


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def survey(request: HttpRequest, code: str) -> HttpResponse:
    """Ask, and count what is answered; a device that has answered is thanked and not asked again."""
    return _of_survey(_ask)(request, code)


@login_not_required
@require_safe
@never_cache
def survey_thanks(request: HttpRequest, code: str) -> HttpResponse:
    """Thank whoever has answered."""
    return _of_survey(_thank)(request, code)


def _ask(request: HttpRequest, row: Survey) -> HttpResponse:
    """The questions, or what was wrong with the answers."""
    if _has_answered(request, row):
        return redirect("survey_thanks", code=row.code)
    if not row.is_open(clock.today()):
        return _show(request, "courses/survey_closed.html", {"survey": row}, status=GONE)
    form = AnswerForm(request.POST if request.method == "POST" else None, survey=row)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            actions.answer_survey(row, token=data["token"], ratings=form.ratings(), comment=data.get("comment", ""))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _remember(redirect("survey_thanks", code=row.code), row)
    return _show(request, "courses/survey.html", {"survey": row, "form": form, "token": uuid.uuid4()})


def _thank(request: HttpRequest, row: Survey) -> HttpResponse:
    """The thanks, for a device that has answered; the questions for one that has not."""
    if not _has_answered(request, row):
        return redirect("survey", code=row.code)
    return _show(request, "courses/survey_thanks.html", {"survey": row})


def _show(request: HttpRequest, template: str, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    """The page as a stranger sees it, whoever is signed in."""
    return render(request, template, context | {"user": AnonymousUser()}, status=status)


def _has_answered(request: HttpRequest, row: Survey) -> bool:
    """Whether this device carries the mark of having answered."""
    return request.COOKIES.get(ANSWERED_COOKIE) == _mark(row)


def _remember(response: HttpResponse, row: Survey) -> HttpResponse:
    """Mark the device. The mark goes nowhere but to this survey's pages."""
    response.set_cookie(
        ANSWERED_COOKIE,
        _mark(row),
        max_age=ANSWERED_SECONDS,
        path=reverse("survey", args=[row.code]),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _mark(row: Survey) -> str:
    """The word "answered", signed for this survey: the same on every device, and without a time."""
    return signing.Signer(salt=f"survey:{row.code}").sign("ja")
