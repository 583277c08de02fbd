"""The geometry of charts: on the scale, in order, and written so that no locale can break it."""

import datetime as dt
from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from jarfalla.charts import BOTTOM, TOP, bar_chart, line_chart

JAN, FEB, MAR = dt.date(2026, 1, 31), dt.date(2026, 2, 28), dt.date(2026, 3, 31)
shares = st.one_of(st.none(), st.integers(0, 100))


def number(text: str) -> float:
    """A coordinate; fails where a decimal comma slipped in."""
    return float(text.removesuffix("%"))


def in_words(value: float | None) -> str:
    return "för få svar" if value is None else f"{value:.1f} av 5".replace(".", ",")


def test_line_goes_from_the_first_day_to_the_last_and_higher_values_stand_higher() -> None:
    chart = line_chart([(JAN, 0), (FEB, 50), (MAR, 100)])
    xs, ys = [number(point.x) for point in chart.points], [number(point.y) for point in chart.points]
    assert (xs[0], xs[-1]) == (1.5, 98.5)
    assert ys == [BOTTOM, (BOTTOM + TOP) / 2, TOP]
    assert xs == sorted(xs)
    # February is shorter than March: days are what is measured, not points.
    assert xs[1] < 50


def test_line_breaks_where_there_is_no_value() -> None:
    days = [JAN, FEB, MAR, dt.date(2026, 4, 30)]
    chart = line_chart(list(zip(days, [10, None, 30, 40], strict=True)))
    assert [point.on for point in chart.points] == [JAN, MAR, days[3]]
    assert [(piece.x1, piece.x2) for piece in chart.segments] == [(chart.points[1].x, chart.points[2].x)]


def test_threshold_stands_between_the_levels_and_takes_the_place_of_one_that_is_near() -> None:
    assert [level.value for level in line_chart([(JAN, 10)], threshold=80).levels] == [0, 50, 100]
    near = line_chart([(JAN, 10)], threshold=90)
    assert [level.value for level in near.levels] == [0, 50]
    assert near.threshold is not None
    assert number(near.threshold.y) == pytest.approx(BOTTOM - 0.9 * (BOTTOM - TOP))


def test_days_are_written_at_the_ends_and_from_five_on_in_the_middle() -> None:
    days = [dt.date(2026, month, 28) for month in range(1, 6)]
    assert [tick.on for tick in line_chart([(day, 1) for day in days[:4]]).ticks] == [days[0], days[3]]
    assert [tick.on for tick in line_chart([(day, 1) for day in days]).ticks] == [days[0], days[2], days[4]]
    only = line_chart([(JAN, 1)]).ticks
    assert [(tick.x, tick.anchor) for tick in only] == [("50%", "middle")]
    assert line_chart([]).ticks == ()
    assert line_chart([]).last is None


@given(st.lists(st.tuples(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), shares), max_size=40), shares)
def test_every_point_is_inside_the_drawing(values: list[tuple[dt.date, float | None]], threshold: int | None) -> None:
    values = sorted(dict(values).items())
    chart = line_chart(values, threshold=threshold)
    assert [point.value for point in chart.points] == [value for _, value in values if value is not None]
    assert all(0 <= number(point.x) <= 100 and TOP <= number(point.y) <= BOTTOM for point in chart.points)
    assert all(number(one.x) <= number(two.x) for one, two in pairwise(chart.points))
    assert len(chart.segments) <= max(0, len(chart.points) - 1)


def test_bars_before_and_after() -> None:
    chart = bar_chart([("Jag vet vem jag frågar.", [2.5, 4])], names=["Före", "Efter"], maximum=5, words=in_words)
    [row] = chart.rows
    assert [(bar.name, bar.width, bar.words, bar.style) for bar in row.bars] == [
        ("Före", "50%", "2,5 av 5", 0),
        ("Efter", "80%", "4,0 av 5", 1),
    ]
    assert number(row.bars[0].y) + row.bars[0].height < number(row.bars[1].words_y) - 12  # room for the words
    assert number(row.bars[1].y) + row.bars[1].height < row.height


def test_bars_need_one_value_for_each_name() -> None:
    with pytest.raises(ValueError, match="shorter"):
        bar_chart([("Ett", [1])], names=["Före", "Efter"], maximum=5, words=in_words)


def test_bars_are_drawn_with_a_table_and_without_a_bar_that_has_no_value() -> None:
    chart = bar_chart([("Jag <vet>.", [2.5, None])], names=["Före", "Efter"], maximum=5, words=in_words)
    with translation.override("sv"):
        html = render_to_string("_chart_bars.html", {"chart": chart, "name": "Puls", "row_heading": "Påstående"})
    drawn = " ".join(html.split())
    assert 'aria-label="Jag &lt;vet&gt;. Före: 2,5 av 5. Efter: för få svar. "' in drawn
    assert drawn.count("<rect") == 3  # two tracks, one bar
    assert 'width="50%"' in drawn
    assert '<th scope="row">Jag &lt;vet&gt;.</th><td>2,5 av 5</td><td>för få svar</td>' in drawn
    assert "style=" not in drawn


def test_line_is_drawn_with_points_in_swedish_as_in_english() -> None:
    """A coordinate with a decimal comma would be no coordinate."""
    chart = line_chart([(JAN, 33), (FEB, 66), (MAR, 78)], threshold=80)
    words = {"chart": chart, "name": "Täckning", "description": "Från 33 till 78 procent.", "limit": "Gräns 80 %"}
    drawn = {}
    for language in ("sv", "en"):
        with translation.override(language):
            drawn[language] = render_to_string("_chart_lines.html", {**words, "key": "trend"})
    html = drawn["sv"]
    assert 'role="img" aria-labelledby="trend-name trend-description"' in html
    assert "Från 33 till 78 procent.</desc>" in html
    assert "31 mars 2026" in html
    assert html.count("<circle") == 3
    assert all(point.x in drawn["en"] and point.x in html for point in chart.points)
    assert "78 %" in html
