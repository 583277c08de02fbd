"""A staff list of 50,000 rows: imported as the worker does it, and saved row by row, in one run on one database.

    python -m tests.benchmarks.bench_import [ROWS [csv|xlsx]]

Three ways of saving row by row are measured, each with a sample, because they take so long:

- "blindly": an account and a membership for each row, nothing else, all in one transaction. Nobody could use it: it
  checks nothing, and fails on the first person who is there already. No loop that saves row by row is quicker.
- "as one would write it": the same checks of a row as ours, then the account and the membership that are missing, each
  row in a transaction of its own, so that the good rows survive the bad ones. It has no preview.
- "with add_person": what the page does when somebody is added by hand.

The time of the worker has everything: reading, comparing, writing the preview, saving. Ends with 1 unless the worker
is at least 5 times as quick as the quickest of the three, and takes less than 300 MB. Run by hand: a minute or two.
The worker is a process of its own that calls the tasks.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

ROWS = 50_000
UNITS = 400
LEAST_RATIO = 5
MOST_MEGABYTES = 300


def main() -> int:
    """Run both; 0 when the import is quick and small enough."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    form = sys.argv[2] if len(sys.argv) > 2 else "csv"
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
            return compare(rows, form)
        finally:
            teardown_databases(databases, verbosity=0)


def compare(rows: int, form: str) -> int:
    """Import so many rows, save some of as many others one by one, and print the figures."""
    from tests import factories
    from tests.real_servers import database_url

    units = {f"Enhet {number:03}": factories.unit(name=f"Enhet {number:03}") for number in range(UNITS)}
    pk = upload(staff(rows, "ny"), form)
    answer = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_import", "--worker", str(pk)],
        env={**os.environ, "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        check=True,
    )
    worker = json.loads(answer.stdout.splitlines()[-1])
    assert worker["saved"] == {"joiner": rows}, worker
    each = (worker["read"] + worker["save"]) / rows
    say(f"{rows} rows, {form}: read in {worker['read']:.1f} s, saved in {worker['save']:.1f} s")
    say(f"in the worker {each * 1000:.3f} ms a row; at most {worker['megabytes']:.0f} MB")
    say(f"at most {worker['child']:.0f} MB in the process that reads sheets")
    ratios = []
    for name, save, sample in WAYS:
        people = staff(sample, name.split()[0])
        one_by_one = timed(partial(save, people, units)) / sample
        ratios.append(one_by_one / each)
        say(f"row by row, {name}: {one_by_one * 1000:.2f} ms a row, {ratios[-1]:.1f} times as long")
    return 0 if min(ratios) >= LEAST_RATIO and worker["megabytes"] < MOST_MEGABYTES else 1


def staff(rows: int, word: str) -> list[list[str]]:
    """Made-up people, each in one of the units."""
    from tests.jarfalla import lists

    chance = random.Random(lists.SEED)
    found = [["E-post", "Namn", "Enhet", "Befattning", "Från och med"]]
    for number in range(rows):
        first, last, _email = lists.person(chance, number)
        unit = f"Enhet {chance.randrange(UNITS):03}"
        email = f"{word}.{number}@jarfalla.se"
        found.append([email, f"{first} {last}", unit, chance.choice(lists.TITLES), f"{1 + number % 28}/3/2026"])
    return found


def upload(rows: list[list[str]], form: str) -> int:
    """Upload the list as the page does, and choose its columns."""
    from jarfalla.tables import open_table
    from tests.jarfalla import lists
    from units import actions
    from units.imports.lists import guess_columns, spec_of
    from units.models import ImportKind

    content = lists.as_xlsx(rows) if form == "xlsx" else lists.as_csv(rows).encode("cp1252")
    name = f"personal.{form}"
    kept = actions.upload_list(ImportKind.STAFF, open_table(name, content), file_name=name, content=content, by=None)
    actions.map_columns(kept, mapping=guess_columns(spec_of(ImportKind.STAFF), kept.header), is_complete=True)
    return kept.pk


def work(pk: int) -> None:
    """What the worker does, in a process that has done nothing else."""
    import django  # settings are read here, in the worker

    django.setup()
    from units import actions, tasks
    from units.imports.lists import spec_of
    from units.models import ListImport

    read = timed(lambda: tasks.read_import(pk))
    kept = ListImport.objects.get(pk=pk)
    actions.choose_rows(kept, verdicts=list(spec_of(kept.kind).verdicts), by=None)
    save = timed(lambda: tasks.save_import(pk))
    most, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    saved = ListImport.objects.get(pk=pk).saved
    say(json.dumps({"read": read, "save": save, "megabytes": most, "child": child, "saved": saved}))


def save_blindly(rows: list[list[str]], units: dict[str, Any]) -> None:
    """The shortest loop that there is: a user and a membership for each row, in one transaction."""
    from django.db import transaction

    from jarfalla.dates import read_date
    from units.models import Membership, User

    with transaction.atomic():
        for email, name, unit, _title, starts in rows[1:]:
            user = User.objects.create_user(email, name)
            Membership.objects.create(user=user, unit=units[unit], started_on=read_date(starts))


def import_one_by_one(rows: list[list[str]], _units: dict[str, Any]) -> None:
    """Read and check each row as the worker does, and save what is missing before the next one is read."""
    from django.db import transaction
    from django.db.models.functions import Lower

    from jarfalla import clock
    from jarfalla.tables import open_table
    from tests.jarfalla import lists
    from units.actions.staff import STAFF
    from units.imports.lists import RowReader, guess_columns
    from units.imports.staff import StaffJudge
    from units.models import ListImport, Membership, User

    table = open_table("personal.csv", lists.as_csv(rows).encode("cp1252"))
    kept = ListImport(kind=STAFF.kind, header=table.labels, mapping=guess_columns(STAFF, table.labels))
    judge = StaffJudge(RowReader(STAFF, kept))
    for row in table:
        email, found = judge.read(row)
        with transaction.atomic():
            known = list(User.objects.alias(key=Lower("email")).filter(key=email))
            user = known[0] if known else User.objects.create_user(email, found.name)
            if not Membership.objects.present().filter(user=user, unit=found.unit).exists():
                began = found.starts or clock.today()
                Membership.objects.create(user=user, unit_id=found.unit, started_on=began)


def add_one_by_one(rows: list[list[str]], units: dict[str, Any]) -> None:
    """What the page does when somebody is added by hand, for each row."""
    from jarfalla.dates import read_date
    from tests import factories
    from units import actions

    by = factories.user()
    for email, name, unit, _title, starts in rows[1:]:
        actions.add_person(units[unit], name=name, email=email, started_on=read_date(starts), by=by)


# How it is called, what does it, and with how many rows it is measured.
WAYS: list[tuple[str, Callable[[list[list[str]], dict[str, Any]], None], int]] = [
    ("blindly, in one transaction", save_blindly, 3_000),
    ("as one would write it", import_one_by_one, 3_000),
    ("with add_person", add_one_by_one, 300),
]


def timed(act: Callable[[], object]) -> float:
    """How many seconds it takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(int(sys.argv[2]))
    else:
        sys.exit(main())
