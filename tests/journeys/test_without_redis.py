"""With Redis stopped every page works and nothing is lost; when it is back, what waited happens, once."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from followups.models import SweepRun
from followups.queries import is_working_day
from jarfalla import clock
from jarfalla.embedded import EmbeddedRedis, start_redis
from routines import actions as routines
from routines.models import RoutineVersion, Template
from tests import factories
from tests.pages import Visitor
from tests.real_servers import MailBox, celery, smtp_server, wait_for, web
from units import actions
from units.models import Message, Step, StepCompletion, Unit, User
from units.models.message import MessageState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

PAGES = ["start", "overview", "units", "trainings", "routines", "follow_ups", "outbox", "statistics", "contacts"]
STEPS = ["unit", "step_1", "step_2", "step_3", "step_4", "unit_staff"]


def due_for_follow_up(by: User) -> Unit:
    """A unit whose window opened yesterday: a sweep has a reminder to write."""
    unit = factories.taking_part(factories.unit(name="Uppföljningens skola"))
    step_3_on = clock.today() - dt.timedelta(days=190)
    for step in (Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES):
        actions.complete_step(factories.open_round(unit), step, on=step_3_on, by=by)
    return unit


def endorsed_version(unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    """A version that waits for the manager's approval."""
    routines.seed_templates()
    routine = routines.create_routine(unit, template=Template.objects.earliest("pk"), title="Rutin", by=coordinator)
    version = routine.versions.get()
    factories.write_what_is_missing(version, by=manager)
    routines.submit_version(version, by=manager)
    routines.endorse_version(version, by=coordinator)
    return version


@pytest.fixture
def portal(redis_server: EmbeddedRedis, tmp_path: Path, transactional_db: None, settings: Any) -> Any:
    """Web, worker and beat as processes, on a Redis and an SMTP server that the test can stop; on a working day."""
    ahead = next(days for days in range(20) if is_working_day(clock.today() + dt.timedelta(days=days), []))
    (tmp_path / "clock").write_text(str(ahead))
    with smtp_server() as box:
        words = {
            "REDIS_URL": redis_server.url,
            "EMAIL_URL": box.url,
            "TICK_SECONDS": "2",
            "SWEEP_HOUR": "0",
            "DEMO": "1",
            "VAR_DIR": str(tmp_path),
        }
        with (
            web(tmp_path / "web.log", **words) as address,
            celery("worker", tmp_path / "worker.log", **words),
            celery("beat", tmp_path / "beat.log", **words),
        ):
            settings.DEMO, settings.VAR_DIR = True, tmp_path
            yield address, box


def log_without_redis(address: str, unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    """Every page opens, and what people write is there at once; returns the version that they approved."""
    visitor, chief = Visitor(address, manager), Visitor(address, coordinator)
    assert {name: chief.get(reverse(name)) for name in PAGES} == dict.fromkeys(PAGES, 200)
    assert {name: visitor.get(reverse(name, args=[unit.slug])) for name in STEPS} == dict.fromkeys(STEPS, 200)
    step_1 = reverse("step_1", args=[unit.slug])
    group = {"held_on": clock.today(), "headcount": 5}
    assert visitor.post(step_1, reverse("group_session_new", args=[unit.slug]), **group) == 302
    assert visitor.post(step_1, reverse("web_course_complete", args=[unit.slug]), on=clock.today()) == 302
    version = endorsed_version(unit, coordinator, manager)
    approve = reverse("routine_approve", args=[version.routine.slug])
    assert visitor.post(approve, approve) == 302
    assert StepCompletion.objects.filter(round__unit=unit).count() == 1
    return version


def test_pages_work_and_nothing_is_lost_without_redis(
    portal: tuple[str, MailBox],
    redis_server: EmbeddedRedis,
    unit: Unit,
    coordinator: User,
    manager: User,
) -> None:
    address, box = portal
    swept = SweepRun.objects.filter(finished_at__isnull=False)
    wait_for(swept.exists, 60, "the first sweep")
    actions.update_unit(unit, by=coordinator, declared_headcount=5)

    redis_server.stop()
    SweepRun.objects.all().delete()  # as on a new day: its sweep has not been
    version = log_without_redis(address, unit, coordinator, manager)
    due_for_follow_up(coordinator)
    assert Message.objects.in_state(MessageState.PLANNED).exists()
    assert box.mails == []

    start_redis(redis_server.folder)
    wait_for(swept.exists, 180, "the sweep of the day")
    wait_for(RoutineVersion.objects.in_force().filter(pk=version.pk).exists, 120, "the publication")
    wait_for(lambda: not Message.objects.unfinished().exists(), 120, "the outbox")
    assert Message.objects.filter(key__startswith="reminders:").exists()
    identities = [mail["Message-ID"] for mail in box.mails]
    assert len(identities) == len(set(identities)) == Message.objects.in_state(MessageState.SENT).count()
    assert Message.objects.count() == len(identities)
