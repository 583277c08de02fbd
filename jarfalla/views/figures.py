"""The programme in figures: every count on the pages is a sum of the lines of `count_progress`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from jarfalla.forms import OverviewFilter
from units.models import Step
from units.queries import NOT_TAKING_PART, ProgressCount, ProgressStatus


@dataclass(frozen=True)
class StepFigure:
    """How far the units that take part have come with one step."""

    number: int
    label: str
    done: int
    of: int  # how many take part
    next: int  # how many have it as their next step

    @property
    def percent(self) -> int:
        """The share that has done the step, in whole percent, rounded down; 0 when no unit takes part."""
        return 100 * self.done // self.of if self.of else 0


@dataclass(frozen=True)
class StatusFigure:
    """How many units have one status."""

    status: ProgressStatus
    count: int

    @property
    def pill(self) -> str:
        """The word in templates/_status.html that gives the status its colour and icon."""
        return pill(self.status)


def pill(status: ProgressStatus) -> str:
    """The word in templates/_status.html for a status: done, next, overdue, waiting, or its own name."""
    return {
        ProgressStatus.STEP_1: "next",
        ProgressStatus.STEP_2: "next",
        ProgressStatus.STEP_3: "next",
        ProgressStatus.FOLLOW_UP_DUE: "next",
        ProgressStatus.FOLLOW_UP_OVERDUE: "overdue",
        ProgressStatus.WAITING_FOR_FOLLOW_UP: "waiting",
        ProgressStatus.NOT_INVITED: "waiting",
    }.get(status, status.value)


class Figures:
    """Counts of the units that some lines of `count_progress` stand for."""

    def __init__(self, lines: Iterable[ProgressCount]) -> None:
        self.lines = list(lines)

    def count(self, test: Callable[[ProgressStatus, int], bool]) -> int:
        """How many units pass a test of their status and how many steps they have done."""
        return sum(line["units"] for line in self.lines if test(ProgressStatus(line["status"]), line["steps_done"]))

    @property
    def total(self) -> int:
        """How many units there are."""
        return sum(line["units"] for line in self.lines)

    @property
    def taking_part(self) -> int:
        """How many of them take part."""
        return self.count(lambda status, _: status.takes_part)

    def steps(self) -> list[StepFigure]:
        """The four steps, of the units that take part."""
        return [self._step(step) for step in Step]

    def _step(self, step: Step) -> StepFigure:
        return StepFigure(
            number=step.value,
            label=str(step.label),
            done=self.count(lambda status, steps_done: status.takes_part and steps_done >= step.value),
            of=self.taking_part,
            next=self.count(lambda status, _: _is_next(step, status)),
        )

    def statuses(self, *statuses: ProgressStatus) -> list[StatusFigure]:
        """How many units have each of the statuses."""
        return [StatusFigure(status, self._with(status)) for status in statuses]

    def _with(self, wanted: ProgressStatus) -> int:
        return self.count(lambda status, _: status == wanted)

    def by_kind(self) -> dict[str, "Figures"]:
        """The same, for each verksamhetstyp by its code."""
        return {
            kind: Figures(line for line in self.lines if line["kind"] == kind)
            for kind in {line["kind"] for line in self.lines}
        }


def _is_next(step: Step, status: ProgressStatus) -> bool:
    if step == Step.FOLLOW_UP:
        return status in FOLLOW_UP_NOW
    return status == f"step_{step.value}"


FOLLOW_UP_NOW = (ProgressStatus.FOLLOW_UP_DUE, ProgressStatus.FOLLOW_UP_OVERDUE)


@dataclass(frozen=True)
class Choice:
    """A count that is a link to the units it stands for."""

    label: str
    count: int
    query: str  # of the overview's address
    pill: str = "waiting"


@dataclass(frozen=True)
class StepTile:
    """One step of the overview's four: how many have done it, and how many stand before it."""

    figure: StepFigure
    done: Choice
    before: list[Choice]


def step_tiles(figures: Figures, filters: OverviewFilter) -> list[StepTile]:
    """The four steps with links that narrow the list to what each number counts."""
    labels = {
        ProgressStatus.STEP_1: _("har det som nästa steg"),
        ProgressStatus.STEP_2: _("har det som nästa steg"),
        ProgressStatus.STEP_3: _("har det som nästa steg"),
        ProgressStatus.WAITING_FOR_FOLLOW_UP: _("väntar"),
        ProgressStatus.FOLLOW_UP_DUE: _("att göra nu"),
        ProgressStatus.FOLLOW_UP_OVERDUE: _("försenade"),
    }
    follow_up = (*FOLLOW_UP_NOW[::-1], ProgressStatus.WAITING_FOR_FOLLOW_UP)
    tiles = []
    for figure in figures.steps():
        statuses = follow_up if figure.number == Step.FOLLOW_UP else (ProgressStatus(f"step_{figure.number}"),)
        before = [_choice(found, filters, labels[found.status]) for found in figures.statuses(*statuses)]
        done = Choice(figure.label, figure.done, filters.query(done=str(figure.number), status=""), "done")
        tiles.append(StepTile(figure, done, before))
    return tiles


def offer_choices(figures: Figures, filters: OverviewFilter) -> list[Choice]:
    """The units that do not take part, by their answer, with links."""
    return [_choice(found, filters, str(found.status.label)) for found in figures.statuses(*NOT_TAKING_PART)]


def _choice(found: StatusFigure, filters: OverviewFilter, label: str) -> Choice:
    return Choice(label, found.count, filters.query(status=found.status.value, done=""), found.pill)
