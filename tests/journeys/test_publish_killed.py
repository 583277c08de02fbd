"""Workers that are killed at random moments of fifty publications: each version is in force with its PDF, or is not."""

import hashlib
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jarfalla import clock
from jarfalla.embedded import EmbeddedRedis
from jarfalla.print_fonts import print_fonts
from routines import actions
from routines.models import Routine, RoutineVersion, VersionState
from tests.real_servers import celery, wait_for
from units.models import Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

PUBLICATIONS = 50
KILLS = 6


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Where this test and its workers keep PDFs: a worker's MEDIA_ROOT follows its VAR_DIR. They use the fonts that
    the tests have cut already, which takes half a minute."""
    settings.MEDIA_ROOT = tmp_path / "media"
    print_fonts(settings.VAR_DIR)
    (tmp_path / "fonts").symlink_to(settings.VAR_DIR / "fonts")
    return tmp_path / "media"


def approved(unit: Unit, number: int, *, manager: User) -> RoutineVersion:
    """The second version of a routine, approved, while the first is in force."""
    routine = Routine.objects.create(unit=unit, title=f"Rutin {number}", slug=f"rutin-{number}", created_by=manager)
    for major in (1, 2):
        version = routine.versions.create(major=major, created_by=manager)
        version.sections.create(key="syfte", position=1, heading="Syfte", body=f"<p>Ord {number}.</p>")
        version.approved_at, version.approved_by = clock.now(), manager
        if major == 1:
            version.in_force_at, version.pdf.name, version.pdf_sha256 = clock.now(), "routines/x.pdf", "0" * 64
        version.save()
    return version


def whole(media: Path) -> set[VersionState]:
    """Check every second version, and that exactly one of each routine is in force; return the states there are."""
    states = set()
    for version in RoutineVersion.objects.filter(major=2):
        states.add(version.state)
        in_force = RoutineVersion.objects.in_force().get(routine=version.routine_id)
        if version.in_force_at is None:
            assert (in_force.major, version.pdf.name, version.pdf_sha256) == (1, "", "")
            continue
        assert in_force == version
        content = (media / str(version.pdf.name)).read_bytes()
        assert content.startswith(b"%PDF-")
        assert hashlib.sha256(content).hexdigest() == version.pdf_sha256
    return states


def served(client: Client) -> set[str]:
    """The hash of what each routine's address answers with."""
    found = set()
    for routine in Routine.objects.all():
        answer = client.get(reverse("routine_pdf", args=[routine.slug]))
        if answer.status_code == 200:
            found.add(hashlib.sha256(b"".join(answer)).hexdigest())
    return found


def waiting() -> int:
    return RoutineVersion.objects.waiting_to_be_published().filter(publish_failed_at__isnull=True).count()


def kill_at_random_moments(redis: EmbeddedRedis, folder: Path, chance: random.Random) -> int:
    """Start a worker and kill all its processes while it publishes, again and again; return how often."""
    words = {"REDIS_URL": redis.url, "TICK_SECONDS": "1", "SWEEP_HOUR": "24"}
    with celery("beat", folder / "beat.log", **words):
        for number in range(KILLS):
            before = waiting()
            if before < PUBLICATIONS // KILLS:
                return number
            with celery("worker", folder / f"worker-{number}.log", **words) as worker:
                wait_for(lambda before=before: waiting() < before, 90, f"a publication (log in {folder})")  # type: ignore[misc]
                time.sleep(chance.uniform(0, 1.2))
                os.killpg(worker.pid, signal.SIGKILL)
    return KILLS


def test_killed_publications_leave_each_version_in_force_with_its_pdf_or_not_at_all(
    redis_server: EmbeddedRedis, unit: Unit, coordinator: User, manager: User, media: Path, tmp_path: Path
) -> None:
    for number in range(PUBLICATIONS):
        approved(unit, number, manager=manager)
    chance = random.Random(time.time_ns())
    assert kill_at_random_moments(redis_server, tmp_path, chance) >= 3
    assert whole(media) & {VersionState.APPROVED, VersionState.FAILED}, "something was still to be done at the end"

    client = Client()
    client.force_login(coordinator)
    in_force = set(RoutineVersion.objects.filter(major=2).in_force().values_list("pdf_sha256", flat=True))
    assert served(client) == in_force, "a file that no version in force owns is served to nobody"

    for version in RoutineVersion.objects.in_state(VersionState.FAILED):
        assert "tre gånger" in version.publish_error
        actions.publish_again(version, by=manager)
    words = {"REDIS_URL": redis_server.url, "TICK_SECONDS": "1", "SWEEP_HOUR": "24"}
    with celery("worker", tmp_path / "last.log", **words), celery("beat", tmp_path / "beat.log", **words):
        wait_for(lambda: waiting() == 0, 200, f"the rest of the publications (log in {tmp_path})")
    assert whole(media) == {VersionState.IN_FORCE}
