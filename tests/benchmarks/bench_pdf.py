"""What a PDF costs: made by the task beside WeasyPrint alone, and downloaded beside an empty one, in one run.

    python -m tests.benchmarks.bench_pdf [ROUTINES]

Making: each routine is published by the worker's task (database, template, PDF, storage, letters), and the very same
HTML is given to WeasyPrint alone, with the same fonts, stylesheet and variant, and nothing else of ours. The two take
turns, each first every other time, so that a busy machine hits both. Compared are the medians of the pairs' ratios.

Downloading: bin/web, with production's settings, answers one client that asks for the stored PDF, and for the same
address while the stored file is empty. They take turns too.

Ends with 1 unless the task takes at most 1.15 times as long, and the download reaches at least 80 % of the rate of the
empty one. Run by hand: two minutes on a quiet machine.
"""

import http.client
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROUTINES = 20
MOST_TIMES = 1.15
LEAST_SHARE = 0.80
# So many requests in each round, and so many rounds of each sort.
REQUESTS = 150
ROUNDS = 8


def main() -> int:
    """Run both; 0 when both hold."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VAR_DIR"] = folder  # whatever is set: the web server reads the files there
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
        import django  # settings are read only now that the variables are set

        from jarfalla import embedded

        embedded.provide_servers()
        django.setup()
        from django.conf import settings
        from django.test.utils import setup_databases, teardown_databases

        settings.MEDIA_ROOT = Path(folder) / "media"
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        try:
            return compare(int(sys.argv[1]) if len(sys.argv) > 1 else ROUTINES)
        finally:
            teardown_databases(databases, verbosity=0)


def compare(routines: int) -> int:
    """Make and download, and print the figures."""
    versions = approved_versions(routines + 1)
    make(versions[0])  # the first one reads fonts and modules, which a worker does once
    pairs = [make(version, first=number % 2 == 0) for number, version in enumerate(versions[1:])]
    ratios = [task.wall / alone.wall for task, alone in pairs]
    times = median(ratios)
    say(f"{routines} routines, about {median(alone.wall for _task, alone in pairs):.2f} s each by WeasyPrint alone")
    say(f"made by the task: {times:.3f} times WeasyPrint alone (pairs from {min(ratios):.3f} to {max(ratios):.3f})")
    of_cpu = median(task.cpu / alone.cpu for task, alone in pairs)
    say(f"the same counted in this process's CPU time, whatever else the machine does: {of_cpu:.3f} times")
    share = download(versions[1])
    say(f"downloaded at {share:.1%} of the rate of an empty answer")
    return 0 if times <= MOST_TIMES and share >= LEAST_SHARE else 1


def make(version: Any, *, first: bool = True) -> tuple["Took", "Took"]:
    """How long the task takes for one version, and WeasyPrint alone for the same HTML."""
    from jarfalla import pdf
    from routines import documents, tasks
    from routines.models import RoutineVersion

    html = pdf.to_html("pdf/routine.html", documents.context(RoutineVersion.objects.get(pk=version.pk)))
    ways: list[Callable[[], object]] = [lambda: tasks.publish_version(version.pk), lambda: weasyprint_alone(html)]
    took = {way: timed(way) for way in (ways if first else ways[::-1])}
    assert RoutineVersion.objects.get(pk=version.pk).in_force_at, "the task did not publish"
    return took[ways[0]], took[ways[1]]


def weasyprint_alone(html: str) -> bytes:
    """The PDF/A of the same HTML, as somebody would make it who knows where our fonts and files are."""
    import weasyprint

    from jarfalla import pdf

    logging.getLogger("weasyprint").setLevel(logging.WARNING)  # its progress would cost it time
    document = weasyprint.HTML(string=html, url_fetcher=pdf.fetcher())
    return bytes(document.write_pdf(font_config=pdf.fonts(pdf.FONT_FAMILIES), pdf_variant="pdf/a-2a"))


def approved_versions(number: int) -> list[Any]:
    """So many approved versions of routines that are made from a template of the portal's own."""
    from routines import actions
    from routines.models import Template, VersionState
    from tests import factories
    from tests.routines import stages
    from units.models import MembershipRole, UserRole

    actions.seed_contacts()
    actions.seed_legal_references()
    actions.seed_templates()
    coordinator = factories.user(name="Sam Ordnare", role=UserRole.COORDINATOR)
    unit = factories.unit(name="Granbackens skola")
    manager = factories.staff(unit, name="Åsa Öberg", role=MembershipRole.MANAGER)
    template = max(Template.objects.all(), key=lambda row: row.sections.count())
    return [
        stages.walked(
            unit, VersionState.APPROVED, template=template, by=coordinator, manager=manager, title=f"Rutin {row}"
        )
        for row in range(number)
    ]


def download(version: Any) -> float:
    """The rate of the stored PDF as a share of the rate of the same address with an empty file."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from routines.models import RoutineVersion
    from tests.real_servers import web
    from units.models import User, UserRole

    version = RoutineVersion.objects.select_related("routine").get(pk=version.pk)
    client = Client()
    client.force_login(User.objects.get(role=UserRole.COORDINATOR))
    cookie = client.cookies["sessionid"].value
    address, path = reverse("routine_pdf", args=[version.routine.slug]), Path(version.pdf.path)
    whole = path.read_bytes()
    say(f"the PDF has {len(whole) / 1024:.0f} kB")
    rates: dict[bytes, list[float]] = {whole: [], b"": []}
    log = Path(settings.MEDIA_ROOT).parent / "web.log"
    production = {"DEBUG": "0", "SECRET_KEY": settings.SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1", "BEHIND_PROXY": "1"}
    with web(log, **production, WEB_THREADS="4") as server:
        connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=30)
        for number in range(ROUNDS + 1):
            for content in (whole, b"") if number % 2 else (b"", whole):
                path.write_bytes(content)
                took = timed(partial(fetch, connection, address, cookie, content))
                if number:  # the first round warms the server
                    rates[content].append(REQUESTS / took.wall)
    say(f"{median(rates[whole]):.0f} PDFs a second, {median(rates[b'']):.0f} empty answers")
    return float(median(whole_rate / empty_rate for whole_rate, empty_rate in zip(*rates.values(), strict=True)))


def fetch(connection: http.client.HTTPConnection, address: str, cookie: str, content: bytes) -> None:
    """Ask for the address REQUESTS times, and check what comes."""
    for _number in range(REQUESTS):
        connection.request("GET", address, headers={"Cookie": f"sessionid={cookie}", "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, content)


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and seconds that this process computed."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Took:
    """How long it takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
