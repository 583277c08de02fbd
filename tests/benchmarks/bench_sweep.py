"""How a sweep grows from 10,000 to 100,000 open rounds: time, memory and queries.

    python -m tests.benchmarks.bench_sweep [FEWER MORE]

Each round is a unit's of its own, with a manager, three steps done and, for most, nothing since: the days of step 3
are spread over the eighteen months behind, so that a part of the windows open, close or are late on any day. Every
fiftieth unit shares its manager's manager.

Two sweeps are measured of each size, each size in a process and a database of its own: the first, which has eighteen
months to make up for, and that of the next working day. Memory is the most that the process had during the sweeps.
Ends with 1 unless MORE takes at most MOST_TIMES as long as FEWER, stays below MOST_MEGABYTES, and asks the database
as often for each thousand rounds. Run by hand: some five minutes.
"""

import datetime as dt
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FEWER, MORE = 10_000, 100_000
MOST_TIMES = 12.0
MOST_MEGABYTES = 300
# Queries for a thousand rounds may differ by this share: the last chunk is not always full.
SLACK = 1.1
MONTHS_BEHIND = 18
BATCH = 5_000
SEED = 20261122


def main() -> int:
    """Measure both sizes, print the figures; 0 when all that must hold does."""
    if sys.argv[1:2] == ["--one"]:
        return one(int(sys.argv[2]))
    fewer, more = (int(size) for size in sys.argv[1:3] or (FEWER, MORE))
    found = {size: measured_apart(size) for size in (fewer, more)}
    holds = True
    for name in ("first", "next"):
        few, many = found[fewer][name], found[more][name]
        times = many["seconds"] / few["seconds"]
        asked = [row["queries"] / size * 1000 for row, size in ((few, fewer), (many, more))]
        say(f"{name} sweep: {times:.1f} times as long for {more / fewer:.0f} times as many (at most {MOST_TIMES:.0f});")
        say(f"  queries for a thousand rounds: {asked[0]:.1f} and {asked[1]:.1f}")
        holds = holds and times <= MOST_TIMES * (more / fewer) / (MORE / FEWER) and asked[1] <= asked[0] * SLACK
    peak = found[more]["megabytes"]
    say(f"memory: {found[fewer]['megabytes']:.0f} and {peak:.0f} MB (less than {MOST_MEGABYTES})")
    return 0 if holds and peak < MOST_MEGABYTES else 1


def measured_apart(size: int) -> dict[str, Any]:
    """The figures of one size, measured in another process."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_sweep", "--one", str(size)]
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(  # our own module
            command, env={**os.environ, "VAR_DIR": folder, "DEBUG": "1"}, stdout=subprocess.PIPE, text=True, check=True
        )
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    for name in ("first", "next"):
        row = figures[name]
        say(
            f"{size} rounds, {name} sweep: {row['seconds']:.1f} s, {row['reminders']} reminders in {row['letters']} "
            f"letters, {row['queries']} queries"
        )
    return figures


def one(size: int) -> int:
    """Fill a database with so many rounds, sweep it twice, print the figures as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
    import django  # settings are read only now that the variables are set

    from jarfalla import embedded

    embedded.provide_servers()
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    settings.DEBUG = False
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
    try:
        today = fill(size)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        Path("/proc/self/clear_refs").write_text("5")  # forget the most memory so far
        figures: dict[str, Any] = {"first": swept(today[0]), "next": swept(today[1])}
        figures["megabytes"] = most_memory()
        sys.stdout.write(json.dumps(figures) + "\n")
    finally:
        teardown_databases(databases, verbosity=0)
    return 0


def swept(on: dt.date) -> dict[str, Any]:
    """Sweep one day; how long it took, what it wrote, and how often it asked the database."""
    from django.db import connection

    from followups.actions import sweep
    from followups.models import Reminder
    from units.models import Message

    asked = itertools.count()

    def count(execute: Any, *args: Any) -> Any:
        next(asked)
        return execute(*args)

    Message.objects.filter(sent_at__isnull=True).update(sent_at=dt.datetime.now(tz=dt.UTC))
    letters = Message.objects.count()
    before = time.perf_counter()
    with connection.execute_wrapper(count):
        sweep(on)
    seconds = time.perf_counter() - before
    return {
        "seconds": seconds,
        "queries": next(asked),
        "reminders": Reminder.objects.filter(swept_on=on).count(),
        "letters": Message.objects.count() - letters,
    }


def most_memory() -> float:
    """The most memory that this process has had, in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


# --- The rows ----------------------------------------------------------------------------------------------------


def fill(size: int) -> list[dt.date]:
    """So many open rounds with bulk rows: triggers would take most of the time and change nothing here. Returns the
    last two working days."""
    from django.db import connection

    from followups.queries import is_working_day
    from jarfalla import clock
    from tests import factories
    from units.models import UserRole

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    by = factories.user(role=UserRole.COORDINATOR)
    factories.user(role=UserRole.COORDINATOR)
    superiors = [factories.user() for _number in range(max(size // 50, 1))]
    working = (clock.today() - dt.timedelta(days=number) for number in range(30))
    days = list(itertools.islice((day for day in working if is_working_day(day, [])), 2))[::-1]
    chance = random.Random(SEED)
    for start in range(0, size, BATCH):
        some_rounds(range(start, min(start + BATCH, size)), days[0], chance, superiors, by)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
    return days


def some_rounds(numbers: range, on: dt.date, chance: random.Random, superiors: list[Any], by: Any) -> None:
    """A unit, its manager and a round with three steps for each number."""
    from units.models import Round, StepCompletion

    long_ago = on - dt.timedelta(days=1500)
    units = some_units(numbers, long_ago, superiors, by)
    rounds = bulk(Round, (Round(unit=unit, number=1, started_on=long_ago) for unit in units))
    done = {round_.pk: on - dt.timedelta(days=chance.randrange(MONTHS_BEHIND * 30)) for round_ in rounds}
    bulk(
        StepCompletion,
        (
            StepCompletion(round=round_, step=step, completed_on=done[round_.pk], recorded_by=by)
            for round_ in rounds
            for step in (1, 2, 3)
        ),
    )


def some_units(numbers: range, since: dt.date, superiors: list[Any], by: Any) -> list[Any]:
    """A unit that takes part and its manager for each number."""
    from units.models import Kind, Membership, MembershipRole, Participation, ParticipationState, Unit, User

    def unit(number: int) -> Unit:
        superior = superiors[number % len(superiors)]
        return Unit(name=f"Enhet {number:06}", slug=f"enhet-{number}", kind=Kind.COMPULSORY_SCHOOL, superior=superior)

    units = bulk(Unit, map(unit, numbers))
    users = bulk(User, (User(email=f"chef{n}@example.org", name=f"Chef {n}", password="!") for n in numbers))
    bulk(
        Membership,
        (
            Membership(unit=unit, user=user, role=MembershipRole.MANAGER, started_on=since)
            for unit, user in zip(units, users, strict=True)
        ),
    )
    bulk(
        Participation,
        (Participation(unit=unit, state=ParticipationState.TAKING_PART, recorded_by=by) for unit in units),
    )
    return units


def bulk(model: Any, made: Iterator[Any]) -> list[Any]:
    """Write the rows, a thousand at a time."""
    found: list[Any] = model.objects.bulk_create(list(made), batch_size=1000)
    return found


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
