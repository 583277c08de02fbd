"""Step 4 of the demonstration: contacts that are booked, held or could not be, what was promised, and lessons."""

import datetime as dt

from followups import actions
from followups.models import Answer, Booking, Decision, FollowUp, SupportAction
from jarfalla import clock
from jarfalla.demo.evidence import days_ago
from jarfalla.demo.scenarios import Scenario
from units.models import Outcome, Round, User

LESSON = (
    "Hos oss på {unit} gick vi igenom rutinen med alla i personalen på ett möte, med påhittade lägen. Då såg vi att "
    "ingen visste vem som ringer socialtjänsten på kvällen."
)
TITLE = "Öva på rutinen med påhittade lägen"
ANONYMOUS = (
    "En enhet gick igenom rutinen på ett personalmöte, med påhittade lägen. Då syntes det som saknades: ingen visste "
    "vem som ringer på kvällen. Nu står det i rutinen."
)


def write_follow_up(round_: Round, scenario: Scenario, by: User) -> None:
    """The contact that the scenario speaks of: booked, not held, or held with what was said and promised in it."""
    if scenario.booked_in is not None:
        starts_at = clock.now() + dt.timedelta(days=scenario.booked_in)
        starts_at = starts_at.replace(hour=9, minute=0, second=0, microsecond=0)
        Booking.objects.create(round=round_, number=1, starts_at=starts_at, place="Vi ringer chefen", booked_by=by)
    if scenario.missed_days is not None:
        moment = clock.now() - dt.timedelta(days=scenario.missed_days)
        round_.contacts.create(
            number=1,
            settled_on=moment.date(),
            outcome=Outcome.NOT_HELD,
            reason="Chefen var sjuk, och enheten ville vänta till nästa samtal.",
            recorded_by=by,
            recorded_at=moment,
        )
    if scenario.follow_up:
        follow_up = _hold(round_, scenario, by)
        if scenario.lesson == "published":
            with days_ago(10):
                actions.publish_lesson(follow_up, title=TITLE, text=ANONYMOUS, by=by)


def _hold(round_: Round, scenario: Scenario, by: User) -> FollowUp:
    """The contact as it was held, with what was promised in it."""
    days = 20 if scenario.closed_days is None else scenario.closed_days
    moment = clock.now() - dt.timedelta(days=days)
    contact = round_.contacts.create(
        number=1, settled_on=moment.date(), outcome=Outcome.HELD, recorded_by=by, recorded_at=moment
    )
    follow_up = FollowUp.objects.create(
        round=round_,
        contact=contact,
        held_on=moment.date(),
        process=Answer.YES,
        routines_used=Answer.PARTLY,
        in_plan=Answer.YES,
        routines_note="Alla nya får rutinen första veckan. Den finns med i verksamhetsplanen.",
        effect="Vi pratar om det tidigare, och fler vågar fråga.",
        needs="En genomgång till hösten för dem som är nya.",
        lesson=LESSON.format(unit=round_.unit.name) if scenario.lesson else "",
        lesson_may_be_shared=bool(scenario.lesson),
        decision=Decision(scenario.follow_up),
        recorded_by=by,
        recorded_at=moment,
    )
    if follow_up.decision == Decision.MORE_SUPPORT:
        today = clock.today()
        for what, due in [
            ("Genomgång av rutinen på arbetsplatsträffen", today - dt.timedelta(days=4)),
            ("Samordnaren träffar de nya i gruppen", today + dt.timedelta(days=25)),
        ]:
            SupportAction.objects.create(follow_up=follow_up, what=what, owner="Enhetens chef", due_on=due)
    return follow_up
