"""A staff list of 50,000 rows: imported as the worker does it, and saved row by row, in one run on one database.

    python -m tests.benchmarks.bench_import [ROWS [csv|xlsx]]

Prints how many times faster the worker is than get_or_create for each row, all in one transaction (at least 5), and
the most memory that it took (less than 300 MB), and ends with 1 when either is not so. What is saved row by row is a
sample, because it takes so long. Run by hand: a minute or two. The worker is a process of its own that calls the tasks;
its time includes reading, comparing, and writing the preview.
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
from typing import Any

ROWS = 50_000
SAMPLE = 3_000
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
    one_by_one = timed(lambda: find_or_save_one_by_one(staff(SAMPLE, "rad"), units)) / SAMPLE
    blindly = timed(lambda: save_one_by_one(staff(SAMPLE, "blind"), units)) / SAMPLE
    by_hand = timed(lambda: add_one_by_one(staff(SAMPLE // 10, "hand"), units)) / (SAMPLE // 10)
    each = (worker["read"] + worker["save"]) / rows
    ratio = one_by_one / each
    say(f"{rows} rows, {form}: read in {worker['read']:.1f} s, saved in {worker['save']:.1f} s")
    say(f"in the worker {each * 1000:.2f} ms a row; at most {worker['megabytes']:.0f} MB")
    say(f"at most {worker['child']:.0f} MB in the process that reads sheets")
    say(f"row by row, with get_or_create, {one_by_one * 1000:.2f} ms a row: {ratio:.1f} times as long")
    say(f"row by row, saved without a look, {blindly * 1000:.2f} ms a row: {blindly / each:.1f} times as long")
    say(f"row by row, with add_person, {by_hand * 1000:.2f} ms a row: {by_hand / each:.1f} times as long")
    return 0 if ratio >= LEAST_RATIO and worker["megabytes"] < MOST_MEGABYTES else 1


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


def find_or_save_one_by_one(rows: list[list[str]], units: dict[str, Any]) -> None:
    """A user and a membership for each row, if they aren't there: the shortest import that may be run again."""
    from django.db import transaction

    from jarfalla.dates import read_date
    from units.models import Membership, User

    with transaction.atomic():
        for email, name, unit, _title, starts in rows[1:]:
            user, _is_new = User.objects.get_or_create(email=email, defaults={"name": name})
            Membership.objects.get_or_create(
                user=user, unit=units[unit], ended_on=None, defaults={"started_on": read_date(starts)}
            )


def save_one_by_one(rows: list[list[str]], units: dict[str, Any]) -> None:
    """A user and a membership for each row, whoever is there already: it fails the second time."""
    from django.db import transaction

    from jarfalla.dates import read_date
    from units.models import Membership, User

    with transaction.atomic():
        for email, name, unit, _title, starts in rows[1:]:
            user = User.objects.create_user(email, name)
            Membership.objects.create(user=user, unit=units[unit], started_on=read_date(starts))


def add_one_by_one(rows: list[list[str]], units: dict[str, Any]) -> None:
    """What the page does when somebody is added by hand, for each row."""
    from jarfalla.dates import read_date
    from tests import factories
    from units import actions

    by = factories.user()
    for email, name, unit, _title, starts in rows[1:]:
        actions.add_person(units[unit], name=name, email=email, started_on=read_date(starts), by=by)


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
