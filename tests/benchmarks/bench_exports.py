"""A municipality's binders, made by one worker and by two: real Celery workers, one process each, one database.

    python -m tests.benchmarks.bench_exports [UNITS [ROUNDS]]

Every unit has a few routines in force, as long as the seeded ones. Each round makes all binders with one worker and
then with two, and each worker has made one before the clock starts, so that both are warm. Ends with 1 unless two
workers are at least 1.7 times as quick as one, by the medians of the rounds. Run by hand, on a machine with two
processors: a few minutes.

What counts is the clock on the wall. Where the machine does other work too, that says little; so Linux is also asked
how long the processes of the workers waited for a processor (/proc/*/schedstat), and the figures are printed without
it: what is left is what the workers ran, and what they waited for each other, the database and the disk.
"""

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from units.models import Unit

UNITS = 16
ROUNDS = 3
ROUTINES_IN_A_UNIT = 3
LEAST_RATIO = 1.7


def main() -> int:
    """Start the servers; 0 when two workers are quick enough."""
    units = int(sys.argv[1]) if len(sys.argv) > 1 else UNITS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("VAR_DIR", folder)
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
        import django  # settings are read only now that the variables are set

        from jarfalla import embedded

        embedded.provide_servers()
        django.setup()
        from django.test.utils import setup_databases, teardown_databases

        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        try:
            return compare(units, rounds, Path(folder))
        finally:
            teardown_databases(databases, verbosity=0)


def compare(units: int, rounds: int, folder: Path) -> int:
    """Make the binders again and again, and print the figures."""
    from django.conf import settings

    from tests import factories

    settings.MEDIA_ROOT = folder / "media"
    municipality = [factories.unit(name=f"Enhet {number:03}") for number in range(units)]
    warm_up = [factories.unit(name=f"Uppvärmning {number}") for number in range(2)]
    for unit in municipality + warm_up:
        write_routines(unit)
    say(f"{units} binders of {ROUTINES_IN_A_UNIT} routines")
    found: dict[int, list[Measured]] = {1: [], 2: []}
    for number in range(rounds):
        for workers, measured in found.items():
            last = made_by(workers, municipality, warm_up, folder)
            measured.append(last)
            say(f"round {number + 1}, {workers} worker(s): {last.wall:.1f} s, undisturbed {last.own:.1f} s")
    ratios = {}
    for what in ("wall", "own"):
        one, two = (statistics.median(getattr(row, what) for row in measured) for measured in found.values())
        ratios[what] = one / two
        say(f"{what}: one worker {one:.1f} s, two workers {two:.1f} s: {ratios[what]:.2f} times as quick")
    return 0 if ratios["wall"] >= LEAST_RATIO else 1


class Measured(NamedTuple):
    """How many seconds the binders took, and how many they would have taken the busiest worker with a processor of its
    own."""

    wall: float
    own: float


def waited(workers: list[int]) -> list[float]:
    """How many seconds each worker's process that makes the files has waited for a processor so far."""
    pools = [Path(f"/proc/{pid}/task/{pid}/children").read_text().split() for pid in workers]
    return [int(Path(f"/proc/{pool[0]}/schedstat").read_text().split()[1]) / 1e9 for pool in pools]


def write_routines(unit: "Unit") -> None:
    """A few routines in force, each as long as a template."""
    from tests import factories
    from tests.routines.shelves import in_force

    by = factories.user()
    sentence = "Den som blir orolig berättar det för sin chef, och chefen ringer socialtjänsten samma dag. "
    text = "".join(f"<h3>Rubrik {number}</h3><p>{sentence * 5}</p>" for number in range(18))
    for number in range(ROUTINES_IN_A_UNIT):
        in_force(unit, f"Rutin {number}", by=by, text=text)


def made_by(workers: int, municipality: "list[Unit]", warm_up: "list[Unit]", folder: Path) -> Measured:
    """How long so many workers take for all binders."""
    from django.conf import settings

    from routines.models import Export
    from tests.real_servers import celery, wait_for

    Export.objects.all().delete()
    with ExitStack() as stack:
        logs = [folder / f"worker-{number}.log" for number in range(workers)]
        pids = [
            stack.enter_context(celery("worker", log, REDIS_URL=settings.REDIS_URL, WORKER_PROCESSES="1")).pid
            for log in logs
        ]
        wait_for(lambda: all(" ready." in log.read_text() for log in logs), 120, "the workers")
        # Each takes one, for while one is made by the first, the other is free.
        give_out(warm_up[:workers])
        wait_for(lambda: not Export.objects.under_way().exists(), 300, "the warming up")
        started, before = time.perf_counter(), waited(pids)
        give_out(municipality)
        wait_for(lambda: not Export.objects.under_way().exists(), 3600, "the binders")
        wall = time.perf_counter() - started
        own = wall - min(now - then for now, then in zip(waited(pids), before, strict=True))
    assert not Export.objects.filter(finished_at__isnull=True).exists(), Export.objects.values_list("error", flat=True)
    return Measured(wall, own)


def give_out(units: "list[Unit]") -> None:
    """Ask for the units' binders, as the night does."""
    from routines.actions import ask_for_export
    from routines.models import ExportKind

    for unit in units:
        ask_for_export(ExportKind.BINDER, unit=unit, by=None)


def say(words: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
