"""The states that a unit can be in; the demonstration makes each of them."""

from dataclasses import dataclass

from units.models import ParticipationState, Step

TAKING_PART = ParticipationState.TAKING_PART
DEFAULT_THRESHOLD = 80  # percent, as in Programme


@dataclass(frozen=True)
class Scenario:
    """One situation. Days count back from today; `steps` holds how long ago steps 1, 2, … were completed."""

    state: ParticipationState = TAKING_PART
    days_in_state: int = 40
    steps: tuple[int, ...] = ()
    coverage_percent: int = 0
    headcount_only: bool = False
    training: str = ""  # planned, unanswered, held or cancelled
    routine: str = ""  # draft, in_review, returned, endorsed, approved or in_force
    follow_up: str = ""  # a Decision
    booked_in: int | None = None  # days until the contact that is booked
    missed_days: int | None = None  # how long ago the first contact was given up
    lesson: str = ""  # waiting or published
    override: bool = False
    withdrawn: bool = False
    second_round: bool = False
    newcomers: int = 0  # who began three weeks ago and lack the course
    pulses: bool = False
    second_version: bool = False
    shares: bool = False

    @property
    def closed_days(self) -> int | None:
        """How long ago step 4 closed the round; None while it is open."""
        return self.steps[Step.FOLLOW_UP - 1] if len(self.steps) == len(Step) else None

    def covered(self, size: int) -> int:
        """How many of `size` people have taken the course; rounded so that the threshold of 80 % stays
        unreached or reached as the scenario says."""
        exact = size * self.coverage_percent
        return -(-exact // 100) if self.coverage_percent >= DEFAULT_THRESHOLD else exact // 100


SCENARIOS = [
    # The first two are the demo manager's own units; the demo member works in the second.
    Scenario(coverage_percent=60),
    Scenario(
        steps=(220, 200, 190),
        coverage_percent=90,
        training="held",
        routine="in_force",
        newcomers=4,
        pulses=True,
        second_version=True,
    ),
    Scenario(state=ParticipationState.NOT_INVITED),
    Scenario(state=ParticipationState.INVITED, days_in_state=5),
    Scenario(state=ParticipationState.INVITED, days_in_state=60),
    Scenario(state=ParticipationState.DECLINED),
    Scenario(state=ParticipationState.PAUSED, steps=(90,), coverage_percent=85),
    Scenario(),
    Scenario(coverage_percent=79),
    Scenario(coverage_percent=95),
    Scenario(coverage_percent=85, headcount_only=True),
    Scenario(steps=(30,), coverage_percent=85),
    Scenario(steps=(35,), coverage_percent=100, training="planned"),
    Scenario(steps=(60,), coverage_percent=88, training="unanswered"),
    Scenario(steps=(50,), coverage_percent=82, training="cancelled"),
    Scenario(steps=(25,), coverage_percent=55, override=True, training="planned"),
    Scenario(steps=(70, 20), coverage_percent=90, training="held"),
    Scenario(steps=(80, 40), coverage_percent=90, training="held", routine="draft", newcomers=5),
    Scenario(steps=(85, 45), coverage_percent=84, training="held", routine="in_review"),
    Scenario(steps=(75, 30), coverage_percent=91, training="held", routine="returned"),
    Scenario(steps=(95, 60), coverage_percent=83, training="held", routine="endorsed"),
    Scenario(steps=(99, 66), coverage_percent=83, training="held", routine="approved"),
    Scenario(steps=(100, 50), coverage_percent=93, training="held", routine="in_force"),
    Scenario(steps=(120, 90, 30), coverage_percent=87, training="held", routine="in_force"),
    Scenario(steps=(300, 270, 215), coverage_percent=81, training="held", routine="in_force", shares=True),
    Scenario(steps=(300, 260, 195), coverage_percent=88, training="held", routine="in_force", booked_in=5),
    Scenario(steps=(420, 390, 350), coverage_percent=86, training="held", routine="in_force", follow_up="go_on"),
    Scenario(steps=(380, 340, 310), coverage_percent=85, training="held", routine="in_force", missed_days=60),
    Scenario(steps=(520, 480, 430), coverage_percent=92, training="held", routine="in_force"),
    Scenario(
        steps=(400, 350, 300),
        coverage_percent=80,
        training="held",
        routine="in_force",
        follow_up="more_support",
        lesson="waiting",
    ),
    Scenario(
        steps=(500, 450, 300, 40),
        coverage_percent=97,
        training="held",
        routine="in_force",
        follow_up="done",
        lesson="published",
        shares=True,
    ),
    Scenario(
        steps=(600, 550, 400, 90),
        coverage_percent=97,
        training="held",
        routine="in_force",
        follow_up="new_round",
        second_round=True,
    ),
    Scenario(steps=(64,), coverage_percent=88, withdrawn=True),
]
