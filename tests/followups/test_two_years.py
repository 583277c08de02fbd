"""The mails that go out equal an independently written specification, one for one, over two years of trouble."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jarfalla import clock
from jarfalla.tasks import sweep_if_due
from tests.followups.specification import Postman, Rules
from tests.followups.specification_calendar import ONE
from tests.followups.two_years import Municipality, today_is
from tests.planning import counted
from tests.real_servers import free_port
from units.actions import deliver_waiting

pytestmark = pytest.mark.django_db

QUIET = [(7, 1, 7, 31), (12, 23, 1, 6)]
PLANS = st.sampled_from([[6, 12], [6, 12], [5], [4, 9, 14], [2, 3, 4, 5]])
RULES = st.builds(
    Rules,
    months=PLANS,
    opens_before=st.integers(0, 1),
    closes_after=st.integers(1, 3),
    extra=st.integers(1, 4),
    anchor=st.sampled_from([2, 3]),
    overdue_times=st.integers(1, 4),
    overdue_to_managers=st.booleans(),
    review_days=st.integers(1, 60),
    threshold=st.integers(50, 100),
    course_months=st.sampled_from([None, 12, 18]),
    quiet=st.sampled_from([[], QUIET]),
)


@pytest.fixture(autouse=True)
def _portal(settings: Any, tmp_path: Any) -> Iterator[None]:
    """A clock that can be moved; the day's sweep waits for no hour."""
    settings.DEMO, settings.VAR_DIR, settings.SWEEP_HOUR = True, tmp_path, 0
    yield
    clock.move(0)


def days_out(chance: Random, days: int, share: float) -> set[int]:
    """The days on which something is down: some alone, some several in a row."""
    out: set[int] = set()
    while len(out) < days * share:
        first = chance.randrange(days)
        out |= set(range(first, min(first + chance.choice((1, 1, 2, 3, 3, 7, 25)), days)))
    return out


def said_in(letter: Any) -> tuple[list[str], int]:
    """What a mail reminds of, and how many more it says that there are."""
    if not re.match(r"\d+ (påminnelser från|reminders from) ", letter.subject):
        return [letter.subject], 0
    more = re.search(r"^(?:och|and) (\d+) (?:till|more)\.$", letter.body, re.MULTILINE)
    return re.findall(r"^• (.*)$", letter.body, re.MULTILINE), int(more[1]) if more else 0


def compare(expected: dict[str, list[str]], day: dt.date) -> int:
    """The reminders among the mails of the day are the expected ones, and nobody got two; return how many."""
    letters = [letter for letter in mail.outbox if "paminnelser" in letter.extra_headers.get("List-Id", "")]
    mail.outbox.clear()
    addresses = [re.sub(r"^.*<|>$", "", letter.to[0]) for letter in letters]
    assert Counter(addresses) == Counter(expected.keys()), day
    for to, letter in zip(addresses, letters, strict=True):
        said, more = said_in(letter)
        assert len(said) + more == len(expected[to]), (day, to, said, expected[to])
        missing = Counter(said) - Counter(expected[to])
        assert not missing, (day, to, missing, expected[to])
        assert more == 0 or len(said) == 50
    return len(letters)


def live(seed: int, rules: Rules, *, units: int, days: int, worker_out: float, server_out: float) -> Counter[str]:
    """Let the units live for so many days, and compare the mails of each; return what was said how often."""
    from django.conf import settings as portal

    chance = Random(seed)
    start = dt.date(2027, 1, 1) + chance.randrange(1500) * ONE
    today_is(start)
    place = Municipality(chance, rules, units=units, start=start)
    workers_out, servers_out = days_out(chance, days, worker_out), days_out(chance, days, server_out)
    postman, kinds = Postman(), Counter[str]()
    for number in range(days):
        today = start + number * ONE
        today_is(today)
        place.live(today)
        if number % 30 == 0 or number < 30:
            counted()
        worker, server = number not in workers_out, number not in servers_out
        portal.EMAIL_BACKEND = (
            "django.core.mail.backends.locmem.EmailBackend" if server else "jarfalla.smtp.EmailBackend"
        )
        portal.EMAIL_HOST, portal.EMAIL_PORT = "127.0.0.1", 0 if server else free_port()
        if worker:
            for _beat in range(chance.choice((1, 1, 2))):
                sweep_if_due()
            deliver_waiting(600)
        told_before = len(postman.told)
        expected = postman.mails(place.units, place.people, rules, today, worker=worker, server=server)
        compare(expected, today)
        assert len(postman.told) - told_before == sum(map(len, expected.values()))
    kinds.update(reminder.why for reminder in postman.told)
    return kinds


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("seed", [20261122])
def test_mails_of_three_hundred_units_in_two_years_are_the_specified_ones(seed: int) -> None:
    kinds = live(seed, Rules(quiet=QUIET, course_months=24), units=300, days=730, worker_out=0.08, server_out=0.08)
    # Everything that there is happened, and not once.
    assert min(kinds[why] for why in ALL) >= 20, kinds


ALL = (
    *("opens", "two left", "one left", "overdue", "escalated", "meeting", "promised", "new", "stalled"),
    *("review", "review late", "fell"),
)


@pytest.mark.timeout(1200)
@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    seed=st.integers(0, 2**32),
    rules=RULES,
    worker_out=st.sampled_from([0, 0.1, 0.5]),
    server_out=st.sampled_from([0, 0.1, 0.5]),
)
def test_mails_of_any_municipality_are_the_specified_ones(
    seed: int, rules: Rules, worker_out: float, server_out: float
) -> None:
    """Other plans, rules and outages, with fewer units for a shorter time."""
    with forgotten():
        live(seed, rules, units=25, days=100, worker_out=worker_out, server_out=server_out)


@contextmanager
def forgotten() -> Iterator[None]:
    """What happens inside is rolled back; like a test's own transaction it is none for what wants to be outside all."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # as django.test.TestCase marks its own
    with block:
        yield
        transaction.set_rollback(True)
