"""Twenty managers' clicks on the same button at the same moment: one row, no error page, one mail."""

from pathlib import Path

import pytest
from django.urls import reverse

from jarfalla import clock
from jarfalla.embedded import EmbeddedRedis
from tests import factories
from tests.pages import Visitor
from tests.real_servers import celery, smtp_server, wait_for, web
from tests.together import together
from units import actions
from units.models import Message, StepCompletion, Unit, User
from units.models.message import MessageState

pytestmark = pytest.mark.django_db(transaction=True)


def test_twenty_simultaneous_logs_give_one_row_no_error_page_and_one_mail(
    redis_server: EmbeddedRedis, unit: Unit, manager: User, coordinator: User, tmp_path: Path
) -> None:
    """Through a real web server, a real worker and a real mail server. The one mail is the coordinator's."""
    actions.update_unit(unit, by=coordinator, declared_headcount=4)
    page, log_step = reverse("step_1", args=[unit.slug]), reverse("web_course_complete", args=[unit.slug])
    with smtp_server() as box:
        words = {"REDIS_URL": redis_server.url, "EMAIL_URL": box.url, "TICK_SECONDS": "1", "SWEEP_HOUR": "0"}
        with web(tmp_path / "web.log", **words) as address, celery("worker", tmp_path / "worker.log", **words):
            group = reverse("group_session_new", args=[unit.slug])
            assert Visitor(address, manager).post(page, group, held_on=clock.today(), headcount=4) == 302
            visitors = [Visitor(address, manager) for _ in range(20)]
            answers = together(20, lambda number: visitors[number].post(page, log_step, on=clock.today()))
            assert set(answers) == {302}
            assert StepCompletion.objects.filter(round=factories.open_round(unit), step=1).count() == 1
            wait_for(lambda: Message.objects.in_state(MessageState.SENT).exists(), 30, "the mail")
            wait_for(lambda: not Message.objects.unfinished().exists(), 30, "the outbox")
    assert [mail["To"] for mail in box.mails] == [f"{coordinator.name} <{coordinator.email}>"]
    assert Message.objects.count() == 1
