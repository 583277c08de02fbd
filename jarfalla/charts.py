"""Geometry of small charts that the server draws as SVG. Imports no app.

Everything across is in percent of the drawing's width and everything down in pixels: the drawing fits any width and
its text keeps its size (docs/decisions/0019). Each coordinate is text, because a template would write a number with
the reader's decimal comma. templates/_chart_lines.html and _chart_bars.html draw what this module reckons out.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

# The line chart, in pixels from its top; the words of the highest value stand above TOP, the dates below BOTTOM.
HEIGHT, TOP, BOTTOM = 240, 30, 208
# The outermost points stay inside the drawing, in percent of its width.
LEFT, RIGHT = 1.5, 98.5
# A bar with its words above it and the air below it, and the bar alone, in pixels.
BAR_STEP, BAR_HEIGHT = 44, 14
# A grid line nearer to the threshold than this share of the scale would write over its words.
CROWDED = 0.12
# From so many days on one in the middle is written out too.
DAYS_WITH_A_MIDDLE = 5


@dataclass(frozen=True)
class Point:
    """One value of a line, on its day."""

    on: dt.date
    value: float
    x: str
    y: str


@dataclass(frozen=True)
class Segment:
    """A straight piece of the line, between two points that follow on each other."""

    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True)
class Level:
    """A horizontal line, and where the words on it stand."""

    value: float
    y: str
    words_y: str


@dataclass(frozen=True)
class Tick:
    """A day written under the line; `anchor` is SVG's text-anchor."""

    on: dt.date
    x: str
    anchor: str


@dataclass(frozen=True)
class LineChart:
    """A line over time. `levels` are the grid, without the one that the threshold would stand on."""

    height: int
    points: tuple[Point, ...]
    segments: tuple[Segment, ...]
    levels: tuple[Level, ...]
    threshold: Level | None
    ticks: tuple[Tick, ...]
    words_y: str

    @property
    def last(self) -> Point | None:
        """The latest value: the one that is written out in the drawing."""
        return self.points[-1] if self.points else None


def line_chart(
    values: Sequence[tuple[dt.date, float | None]], *, maximum: float = 100, threshold: float | None = None
) -> LineChart:
    """The geometry of `values` by day, earliest first, on a scale from 0 to `maximum`; None leaves a gap.

    Values outside the scale are drawn on its edge.
    """
    days = [on for on, _ in values]
    found = [
        Point(on, value, x=_across(on, days), y=_down(value, maximum)) if value is not None else None
        for on, value in values
    ]
    segments = [Segment(one.x, one.y, two.x, two.y) for one, two in pairwise(found) if one and two]
    grid = [share for share in (0.0, 0.5, 1.0) if threshold is None or abs(share - threshold / maximum) > CROWDED]
    return LineChart(
        height=HEIGHT,
        points=tuple(point for point in found if point),
        segments=tuple(segments),
        levels=tuple(_level(share * maximum, maximum) for share in grid),
        threshold=None if threshold is None else _level(threshold, maximum),
        ticks=_ticks(days),
        words_y=_text(HEIGHT - 8),
    )


@dataclass(frozen=True)
class Bar:
    """One bar, and its value in `words`; there is no bar where `value` is None, only the words.

    `style` is 0 for the first of the series, 1 for the second …: the stylesheet gives each its own pattern.
    """

    name: str
    value: float | None
    words: str
    style: int
    width: str
    y: str
    words_y: str
    height: int = BAR_HEIGHT


@dataclass(frozen=True)
class BarRow:
    """The bars of one label, below each other, drawn in an SVG of `height` pixels."""

    label: str
    bars: tuple[Bar, ...]
    height: int


@dataclass(frozen=True)
class BarChart:
    """Horizontal bars side by side: the same question asked several times."""

    names: tuple[str, ...]
    rows: tuple[BarRow, ...]


def bar_chart(
    rows: Sequence[tuple[str, Sequence[float | None]]],
    *,
    names: Sequence[str],
    maximum: float,
    words: Callable[[float | None], str],
) -> BarChart:
    """The geometry of `rows` (a label, and one value for each of `names`) on a scale from 0 to `maximum`.

    Before and after: `bar_chart([("Jag vet …", [2.9, 4.1])], names=["Före", "Efter"], maximum=5, words=…)`, where
    `words` writes a value out, or says why there is none. Raises ValueError when a row's values don't match `names`.
    """
    drawn = []
    for label, values in rows:
        bars = []
        for number, (name, value) in enumerate(zip(names, values, strict=True)):
            top, width = BAR_STEP * number, _percent(_share(value or 0, maximum) * 100)
            bars.append(Bar(name, value, words(value), number, width, y=_text(top + 23), words_y=_text(top + 17)))
        drawn.append(BarRow(label, tuple(bars), height=BAR_STEP * len(bars)))
    return BarChart(tuple(names), tuple(drawn))


def _share(value: float, maximum: float) -> float:
    """Where on the scale a value lies, from 0 to 1."""
    return min(1.0, max(0.0, value / maximum)) if maximum else 0.0


def _across(on: dt.date, days: Sequence[dt.date]) -> str:
    """Where a day stands between the first and the last, in percent; in the middle when it is the only one."""
    length = (days[-1] - days[0]).days
    share = (on - days[0]).days / length if length else 0.5
    return _percent(LEFT + share * (RIGHT - LEFT))


def _down(value: float, maximum: float) -> str:
    """How far down a value stands, in pixels."""
    return _text(BOTTOM - _share(value, maximum) * (BOTTOM - TOP))


def _level(value: float, maximum: float) -> Level:
    """The horizontal line at a value, its words right above it."""
    y = BOTTOM - _share(value, maximum) * (BOTTOM - TOP)
    return Level(value, y=_text(y), words_y=_text(y - 5))


def _ticks(days: Sequence[dt.date]) -> tuple[Tick, ...]:
    """The first day and the last, and one in the middle where there are many."""
    if not days:
        return ()
    if days[0] == days[-1]:
        return (Tick(days[0], _across(days[0], days), "middle"),)
    first, last = Tick(days[0], "0%", "start"), Tick(days[-1], "100%", "end")
    if len(days) < DAYS_WITH_A_MIDDLE:
        return (first, last)
    middle = days[len(days) // 2]
    return (first, Tick(middle, _across(middle, days), "middle"), last)


def _percent(number: float) -> str:
    """A share of the drawing's width."""
    return f"{_text(number)}%"


def _text(number: float) -> str:
    """A number with a decimal point and no more digits than a screen can show."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
