"""Knowledge pulses of a unit and the evaluation of a training: opening, closing, the way in, and what came out."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import actions, permissions, queries
from courses.forms import PulseForm
from courses.models import Survey, Training
from courses.queries import Comparison, PulseRound
from jarfalla.charts import BarChart, bar_chart
from jarfalla.qr import qr_code
from units.forms import PortalForm
from units.models import Refused, Unit
from units.permissions import PortalRequest, get_managed_round, get_visible_unit


@require_safe
def pulses(request: PortalRequest, slug: str) -> HttpResponse:
    """The unit's pulses, for everybody in it; opening and closing for those who log its steps."""
    return _show_pulses(request, get_visible_unit(request.user, slug))


@require_POST
def pulse_open(request: PortalRequest, slug: str) -> HttpResponse:
    """Ask the unit at one of the three moments."""
    round_ = get_managed_round(request.user, slug)
    form = PulseForm(request.POST)
    if form.is_valid():
        try:
            actions.open_pulse(round_, purpose=form.cleaned_data["purpose"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Kunskapspulsen är öppen. Dela länken eller QR-koden."))
            return redirect("pulses", slug=slug)
    return _show_pulses(request, round_.unit, form)


@require_POST
def survey_show(request: PortalRequest, pk: int) -> HttpResponse:
    """Let the figures of an open survey show as they are now."""
    survey = permissions.get_managed_survey(request.user, pk)
    form = PortalForm(request.POST)
    try:
        actions.show_survey(survey)
    except Refused as refused:
        form.add_error(None, str(refused))
        if survey.round:
            return _show_pulses(request, survey.round.unit, form)
        assert survey.training
        return _show_evaluation(request, survey.training, form)
    messages.success(request, _("Nu visas resultatet hittills."))
    return _page_of(survey)


@require_POST
def survey_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Take no more answers."""
    survey = permissions.get_managed_survey(request.user, pk)
    actions.close_survey(survey)
    messages.success(request, _("Utvärderingen är stängd.") if survey.training else _("Kunskapspulsen är stängd."))
    return _page_of(survey)


@require_safe
def survey_poster(request: PortalRequest, pk: int) -> HttpResponse:
    """The QR code, to print and put on a wall or to show on a screen."""
    return render(request, "courses/survey_poster.html", _way_in(permissions.get_managed_survey(request.user, pk)))


@require_safe
def evaluation(request: PortalRequest, pk: int) -> HttpResponse:
    """What those who came thought of a training, for the coordinator and the managers of its units."""
    return _show_evaluation(request, permissions.get_evaluated_training(request.user, pk))


@require_POST
def evaluation_open(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask those who came to a training."""
    training = permissions.get_coordinated_training(request.user, pk)
    form = PortalForm(request.POST)
    try:
        actions.open_evaluation(training, by=request.user)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _show_evaluation(request, training, form)
    messages.success(request, _("Utvärderingen är öppen. Dela länken eller QR-koden."))
    return redirect("evaluation", pk=pk)


def _page_of(survey: Survey) -> HttpResponse:
    """The way to the page where the survey and its figures are."""
    if survey.round:
        return redirect("pulses", slug=survey.round.unit.slug)
    assert survey.training
    return redirect("evaluation", pk=survey.training.pk)


def _show_pulses(request: PortalRequest, unit: Unit, form: PortalForm | None = None) -> HttpResponse:
    """The page, with the form that was not accepted, if there is one."""
    managed = Unit.objects.managed_by(request.user).filter(pk=unit.pk).exists()
    context = {
        "unit": unit,
        "rounds": [_round_on_page(row, managed=managed) for row in queries.pulse_rounds(unit)],
        "managed": managed,
        "fewest": queries.FEWEST_ANSWERS,
        "form": form,
    }
    return render(request, "courses/pulses.html", context)


def _round_on_page(row: PulseRound, *, managed: bool) -> dict[str, Any]:
    """A round with its picture; the way in to what is open, for those who may share it."""
    moments = [
        {"moment": moment, "result": moment.open, **(_way_in(moment.open.survey) if moment.open and managed else {})}
        for moment in row.moments
    ]
    closed = [result for result in row.results if result.survey.closed_on]
    return {"round": row.round, "moments": moments, "closed": closed, **_picture(row.comparison)}


def _show_evaluation(request: PortalRequest, training: Training, form: PortalForm | None = None) -> HttpResponse:
    """The page, with the refusal, if there is one."""
    result = next(iter(queries.survey_results(training.surveys.all())), None)
    context: dict[str, Any] = {
        "training": training,
        "result": result,
        "comments": queries.comments_of(result) if result else [],
        "fewest": queries.FEWEST_ANSWERS,
        "form": form,
    }
    if result:
        context |= _picture(queries.compare([result]))
        if request.user.is_coordinator and result.survey.closed_on is None:
            context |= _way_in(result.survey)
    return render(request, "courses/evaluation.html", context)


def _way_in(survey: Survey) -> dict[str, Any]:
    """The survey's link and its QR code."""
    address = queries.survey_address(survey)
    return {"survey": survey, "address": address, "qr": qr_code(address)}


def _picture(comparison: Comparison) -> dict[str, Any]:
    """The comparison, and its bars where there is something to draw."""
    return {"comparison": comparison, "chart": _bars(comparison) if comparison.compared else None}


def _bars(comparison: Comparison) -> BarChart:
    """The means as bars, one for each survey below the other."""
    rows = [(row.text, [result.mean if result else None for result in row.results]) for row in comparison.compared]
    names = [result.label for result in comparison.results]
    return bar_chart(rows, names=names, maximum=5, words=_mean_in_words)


def _mean_in_words(mean: float | None) -> str:
    """A mean as it is written out."""
    return _("%(mean)s av 5") % {"mean": formats.number_format(mean, 1)} if mean is not None else _("inga siffror")
