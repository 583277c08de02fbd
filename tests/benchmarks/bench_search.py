"""How long a search takes in 5,000 versions in force, for the coordinator, who may read all, and for a member.

    python -m tests.benchmarks.bench_search [VERSIONS [SHARED]]

Each version has 16 sections and some 8,000 characters: sentences from the templates that come with the portal, and
words of its unit's own. The member works in one unit, and other units share SHARED routines (100 if nothing is said).

For each search: how long the search alone takes (queries.search; the middle one and the slowest of REPEATS), how long
the processors work for it here and in the database, and how long the whole page takes. Ends with 1 unless every search
alone takes less than 50 ms in the middle case. Then: how much longer a member waits for a word that stands in every
routine that they may not read than for one that stands nowhere. Run by hand: a minute or two.
"""

import os
import random
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

VERSIONS = 5_000
SHARED = 100
UNITS = 400
SECTIONS = 16
CHARACTERS = 500  # of a section
REPEATS = 15
MOST_MILLISECONDS = 50
SEED = 20261122
TEMPLATES = Path(__file__).resolve().parents[2] / "routines" / "seed" / "templates"
# Stands in every routine of the units where the member does not work and that share nothing, and nowhere else.
SECRET = "kvastskaft"
NOWHERE = "blåbärspaj"
SEARCHES = {
    "a word in all": "barn",
    "another": "anmälan",
    "two in all": "ring polisen",
    "a beginning": "vårdnadsh",
    "two letters": "so",
    "a rare word": "",  # one of a unit's own: filled in
    "mistyped": "vårdndshavare",
    "mistyped, and one in all": "barn socialtjensten",
    "of no text": "xylofonkonsert",
    "eight words": "ring polisen socialtjänsten chef barn anmälan oro samtal",
}


def main() -> int:
    """Fill a database of its own, search in it, print the figures; 0 when all searches are quick enough."""
    versions = int(sys.argv[1]) if len(sys.argv) > 1 else VERSIONS
    shared = int(sys.argv[2]) if len(sys.argv) > 2 else SHARED
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("VAR_DIR", folder)
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
        import django  # settings are read only now that the variables are set

        from jarfalla import embedded

        embedded.provide_servers()
        django.setup()
        from django.conf import settings
        from django.test.utils import setup_databases, teardown_databases

        settings.DEBUG, settings.ALLOWED_HOSTS = False, ["testserver"]
        settings.SECURE_SSL_REDIRECT = False
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        try:
            return measure(versions, shared)
        finally:
            teardown_databases(databases, verbosity=0)


def measure(versions: int, shared: int) -> int:
    """Fill the database, search, print."""
    from django.db import connection

    from routines import actions, queries
    from routines.models import RoutineVersion, SearchWord
    from tests import factories
    from units.models import UserRole

    coordinator = factories.user(role=UserRole.COORDINATOR)
    units = [factories.unit(name=f"Enhet {number:03}") for number in range(UNITS)]
    member = factories.staff(units[0])
    before = time.perf_counter()
    fill(versions, shared, units, coordinator)
    actions.note_all_words()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    length = statistics.mean(map(len, RoutineVersion.objects.values_list("words", flat=True)[:200]))
    say(f"{versions} versions in force of {length:.0f} characters, {SearchWord.objects.count()} words, {shared} shared")
    say(f"filled in {time.perf_counter() - before:.0f} s")
    searches = {**SEARCHES, "a rare word": own_word(7)}
    slowest = 0.0
    for user, name in ((coordinator, "coordinator"), (member, "member")):
        client = signed_in(user)
        say(f"{name}:")
        for what, text in searches.items():
            found = queries.search(user, text)
            alone = timed(partial(queries.search, user, text))
            page = timed(partial(answered, client, text))
            slowest = max(slowest, statistics.median(alone))
            work = f"work {working(partial(queries.search, user, text)):5.1f} ms"
            say(f"  {what:<26}{text[:24]:<26}{found.total:>5} hits  search {shown(alone)} {work}  page {shown(page)}")
    leak(member)
    say(f"slowest search in the middle case: {slowest:.1f} ms (at most {MOST_MILLISECONDS})")
    return 0 if slowest < MOST_MILLISECONDS else 1


def leak(member: Any) -> None:
    """How much longer the member waits for a word of routines that they may not read than for one of nobody's."""
    from routines import queries

    times: dict[str, list[float]] = {SECRET: [], NOWHERE: []}
    for _ in range(10):
        for text in (SECRET, NOWHERE):
            assert queries.search(member, text).total == 0
            times[text] += timed(partial(queries.search, member, text), repeats=5)
    secret, nowhere = (statistics.median(times[text]) for text in (SECRET, NOWHERE))
    spread = statistics.stdev(times[NOWHERE])
    say(f"a word of others: {secret:.2f} ms, a word of nobody's: {nowhere:.2f} ms (they vary by {spread:.2f} ms)")


def fill(versions: int, shared: int, units: list[Any], by: Any) -> None:
    """Routines in force with bulk rows: triggers would take most of the time and change nothing here."""
    from django.db import connection

    from routines.models import Routine, RoutineSection, RoutineVersion, Sharing

    chance, said = random.Random(SEED), sentences()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    routines = Routine.objects.bulk_create(
        Routine(unit=units[number % UNITS], title=title(number), slug=f"rutin-{number}", created_by=by)
        for number in range(versions)
    )
    others = [row for row in routines if row.unit_id != units[0].pk]
    is_shared = {row.pk for row in chance.sample(others, min(shared, len(others)))}
    Sharing.objects.bulk_create(Sharing(routine_id=pk, shared_by=by) for pk in is_shared)
    for start in range(0, versions, 500):
        some = routines[start : start + 500]
        bodies = {
            row.pk: [
                *(text(chance, said, row.unit_id) for _ in range(SECTIONS - 1)),
                SECRET if row.unit_id != units[0].pk and row.pk not in is_shared else "Slut",
            ]
            for row in some
        }
        made = RoutineVersion.objects.bulk_create(in_force(row, bodies[row.pk], by) for row in some)
        RoutineSection.objects.bulk_create(
            RoutineSection(
                version=version, key=f"a{place}", position=place, heading=f"Avsnitt {place}", body=f"<p>{body}</p>"
            )
            for version in made
            for place, body in enumerate(bodies[version.routine_id], start=1)
        )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")


def in_force(routine: Any, bodies: list[str], by: Any) -> Any:
    """A version in force that says so."""
    from jarfalla import clock
    from routines.models import RoutineVersion

    now = clock.now()
    return RoutineVersion(
        routine=routine,
        major=1,
        created_by=by,
        approved_by=by,
        approved_at=now,
        in_force_at=now,
        pdf="routines/x.pdf",
        pdf_sha256="0" * 64,
        words="\n".join([routine.title, *bodies]),
    )


def title(number: int) -> str:
    """As most are called, with a number."""
    return f"Rutin vid hedersrelaterat våld och förtryck {number // UNITS + 1}"


def sentences() -> list[str]:
    """What the templates say."""
    found = []
    for path in sorted(TEMPLATES.glob("*.toml")):
        for section in tomllib.loads(path.read_text()).get("sections", []):
            body = str(section.get("body", "")).replace("\n", " ")
            found += [part.strip() + "." for part in body.split(".") if len(part) > 20]
    return found


def own_word(unit: int) -> str:
    """A word of one unit's own, such as the name of its house: made of syllables, never the same twice."""
    chance = random.Random(SEED + unit)
    return "".join(chance.choice(["lun", "tall", "gran", "vik", "sjö", "mar", "ste", "bro", "kul"]) for _ in range(5))


def text(chance: random.Random, said: list[str], unit: int) -> str:
    """A section's text of the usual length."""
    parts = [f"Se {own_word(unit % UNITS * 20 + chance.randrange(20))}."]
    while sum(map(len, parts)) < CHARACTERS:
        parts.append(chance.choice(said))
    return " ".join(parts)[: CHARACTERS + 60]


def signed_in(user: Any) -> Any:
    """A client for `user`."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client


def answered(client: Any, searched: str) -> None:
    """Ask for the page."""
    assert client.get("/rutiner/", {"q": searched}).status_code == 200


def timed(work: Callable[[], object], *, repeats: int = REPEATS) -> list[float]:
    """How many milliseconds each of so many calls takes, after one that warms up."""
    work()

    def once() -> Iterator[float]:
        for _ in range(repeats):
            before = time.perf_counter()
            work()
            yield (time.perf_counter() - before) * 1000

    return list(once())


def working(work: Callable[[], object]) -> float:
    """How many milliseconds the processors work for a call, here and in the database: on a busy machine that says more
    than the clock."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def so_far() -> float:
        return time.process_time() * 1000 + int(backend.read_text().split()[0]) / 1e6

    before = so_far()
    for _ in range(REPEATS):
        work()
    return (so_far() - before) / REPEATS


def shown(times: list[float]) -> str:
    """The middle one and the slowest."""
    return f"{statistics.median(times):6.1f} ms (slowest {max(times):6.1f})"


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
