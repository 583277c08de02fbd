"""Four workers and two beats on one database, killed and started again for a while, with a mail server that fails at
random: every mail arrives, as one mail, and where it may have arrived twice the outbox says so.
"""

import contextlib
import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from jarfalla.embedded import EmbeddedRedis
from tests.conftest import SignIn
from tests.real_servers import Killable, MailBox, Mood, random_moods, smtp_server, wait_for
from tests.units.letters import letter
from units import actions
from units.models import Message, User
from units.models.message import MessageState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

SEED = 20261122
WORKERS, BEATS = 4, 2
SECONDS, BETWEEN_KILLS = 55, (2.0, 4.5)
LETTERS_AT_ONCE, TROUBLE = 6, 0.25


@contextlib.contextmanager
def machines(redis: EmbeddedRedis, box: MailBox, folder: Path) -> Iterator[list[Killable]]:
    """The workers and beats. A conversation is 3 s at the longest, a claim 4.5 s, the first wait 1 s."""
    words = {
        "REDIS_URL": redis.url,
        "EMAIL_URL": box.url,
        "TICK_SECONDS": "1",
        "SWEEP_HOUR": "24",
        "MAIL_SECONDS": "3",
        "MAIL_RETRY_SECONDS": "1",
        "WORKER_PROCESSES": "1",
    }
    kinds = ["worker"] * WORKERS + ["beat"] * BEATS
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(contextlib.closing(Killable(kind, folder / f"{kind}-{number}", words)))
            for number, kind in enumerate(kinds)
        ]


def trouble_the_machines(those: list[Killable], post_some: Callable[[], None]) -> int:
    """Letters come all the while, and one of the machines after the other is killed and started again; how many."""
    chance, ends, kills = random.Random(SEED), time.monotonic() + SECONDS, 0
    next_kill = time.monotonic() + 8  # when they have come up
    while time.monotonic() < ends:
        post_some()
        if time.monotonic() > next_kill:
            chance.choice(those).kill_and_start_again()
            kills, next_kill = kills + 1, time.monotonic() + chance.uniform(*BETWEEN_KILLS)
        time.sleep(1)
    return kills


def test_every_mail_arrives_as_one_and_what_may_be_double_is_shown(
    redis_server: EmbeddedRedis, manager: User, coordinator: User, sign_in: SignIn, tmp_path: Path
) -> None:
    numbers = itertools.count()

    def post_some() -> None:
        """Through the broker, as clicks do, and past it, as when it has lost the task."""
        for _ in range(LETTERS_AT_ONCE):
            actions.post_letter(letter(manager, f"killed:{next(numbers)}"))
        actions.post_letters([(letter(manager, f"killed:{next(numbers)}"), None)])

    box = MailBox(moods=random_moods(SEED, TROUBLE))
    with smtp_server(box), machines(redis_server, box, tmp_path) as those:
        kills = trouble_the_machines(those, post_some)
        box.moods = itertools.repeat(Mood.TAKE)
        wait_for(lambda: not Message.objects.unfinished().exists(), 60, "the outbox")
    assert kills >= 10

    states = Counter(message.state for message in Message.objects.all())
    planned = next(numbers)
    assert states == {MessageState.SENT: planned}
    accepted = Counter(mail["Message-ID"] for mail in box.mails)
    # Each row has one Message-ID, and each arrived under it at least once.
    assert accepted.keys() == set(Message.objects.values_list("message_id", flat=True))
    assert len(accepted) == planned
    # What arrived more often was without an answer as often, and says so to the coordinator.
    double = [row for row in Message.objects.all() if accepted[row.message_id] > 1]
    assert [row for row in double if row.unconfirmed < accepted[row.message_id] - 1] == []
    assert double, "nothing went wrong: the test has tested nothing"
    for row in double[:5]:
        page = sign_in(coordinator).get(reverse("message", args=[row.pk])).content.decode()
        assert re.search(r"Mottagaren kan ha fått det (två|flera) gånger", page)
