"""How a unit's coverage has developed, month by month."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses import queries
from courses.queries import Coverage
from jarfalla.charts import line_chart
from units.models import Programme
from units.permissions import PortalRequest, get_visible_unit


@require_safe
def coverage_trend(request: PortalRequest, slug: str) -> HttpResponse:
    """Coverage at the end of each month, reckoned from the rows anew: a drawing and its table. Figures, no names."""
    unit = get_visible_unit(request.user, slug)
    threshold = Programme.current().coverage_threshold_percent
    trend = queries.coverage_trend(unit, queries.trend_days(unit))
    chart = line_chart([(day.on, day.percent if day.size else None) for day in trend], threshold=threshold)
    context = {
        "unit": unit,
        "chart": chart if chart.points else None,
        "description": in_words(trend, threshold),
        "limit": _("Gränsen: %(threshold)s %%") % {"threshold": threshold},
        "rows": [(day, day.meets(threshold)) for day in reversed(trend)],
        "threshold": threshold,
    }
    return render(request, "courses/coverage_trend.html", context)


def in_words(trend: list[Coverage], threshold: int) -> str:
    """What the drawing shows, in two sentences; nothing when there is nothing to draw."""
    known = [day for day in trend if day.size]
    if not known:
        return ""
    first, last = known[0], known[-1]
    best = max(known, key=lambda day: day.percent)
    return _(
        "Täckningen var %(from)s procent den %(first)s och är %(to)s procent den %(last)s. Som högst har den varit "
        "%(best)s procent. Gränsen för steg 1 är %(threshold)s procent."
    ) % {
        "from": first.percent,
        "first": formats.date_format(first.on, "j F Y"),
        "to": last.percent,
        "last": formats.date_format(last.on, "j F Y"),
        "best": best.percent,
        "threshold": threshold,
    }
