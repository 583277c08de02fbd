"""The mail server down for a day, Redis lost for two, and the database restarted while mails leave: nothing lost,
nothing doubled, and the coordinator's start page told the truth meanwhile.
"""

import datetime as dt
import itertools
import json
import re
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from followups.models import SweepRun
from followups.queries import is_working_day
from jarfalla import clock
from jarfalla.embedded import EmbeddedRedis, start_redis
from tests.jarfalla import scenes
from tests.pages import Visitor
from tests.real_servers import MailBox, Mood, celery, own_postgres, smtp_server, wait_for, web
from tests.units.letters import post
from units.models import Message, Unit, User
from units.models.message import MessageState

pytestmark = pytest.mark.timeout(400)

LETTERS = 20


def quick(redis: EmbeddedRedis, box: MailBox) -> dict[str, str]:
    """For processes that look every second."""
    every_second = dict.fromkeys(("TICK_SECONDS", "MAIL_RETRY_SECONDS"), "1")
    return {"REDIS_URL": redis.url, "EMAIL_URL": box.url, "SWEEP_HOUR": "24", **every_second}


def alerts(visitor: Visitor) -> str:
    """What the start page says is wrong; nothing when it says so."""
    assert visitor.get("/") == 200
    page = scenes.words(visitor.text.encode())
    return page.split("Behöver åtgärdas")[1].split("Den här veckan")[0] if "Behöver åtgärdas" in page else ""


def parts(visitor: Visitor, status: int = 200) -> dict[str, str]:
    """What /readyz at the same address says of each part to a monitor, who is nobody."""
    monitor = Visitor(visitor.address)
    assert monitor.get("/readyz") == status
    said: dict[str, str] = json.loads(monitor.text)["parts"]
    return said


@pytest.mark.django_db(transaction=True)
def test_mail_server_that_was_down_for_a_day_gets_every_mail_once(
    redis_server: EmbeddedRedis, manager: User, coordinator: User, tmp_path: Path, settings: Any
) -> None:
    settings.DEMO, settings.VAR_DIR = True, tmp_path  # the clock of the processes
    box = MailBox()
    words = {**quick(redis_server, box), "DEMO": "1", "VAR_DIR": str(tmp_path)}
    with (
        web(tmp_path / "web.log", **words) as address,
        celery("worker", tmp_path / "worker.log", **words),
        celery("beat", tmp_path / "beat.log", **words),
    ):
        chief = Visitor(address, coordinator)
        assert alerts(chief) == ""
        for number in range(LETTERS):
            post(manager, f"down:{number}")
        invitation = post(manager, "down:invitation", not_after=clock.now() + dt.timedelta(hours=12))
        tried = Message.objects.filter(attempts__gt=0)
        wait_for(lambda: tried.count() >= 3, 60, "three letters that found out that nobody is there")
        assert set(Message.objects.values_list("sent_at", "failed_at", "cancelled_at")) == {(None, None, None)}
        all_wait = f"Mejl väntar {LETTERS + 1} mejl väntar: e-postservern tar inte emot dem."
        wait_for(lambda: all_wait in alerts(chief), 30, "the truth on the start page")
        assert parts(chief)["mail"] == "held"
        assert chief.get("/utkorg/?status=held_up") == 200
        assert chief.text.count("Hej å ä ö</a>") == LETTERS + 1
        clock.move(1)
        wait_for(lambda: "e-postservern tar inte emot dem." in alerts(chief), 30, "the truth on the next day")
        with smtp_server(box):
            wait_for(lambda: not Message.objects.unfinished().exists(), 60, "the outbox")
        assert "Mejl väntar" not in alerts(chief)
        assert parts(chief)["mail"] == "ok"
    invitation.refresh_from_db()
    assert invitation.state == MessageState.CANCELLED
    assert invitation.cancelled_reason.startswith("Tiden har gått ut")
    sent = Message.objects.in_state(MessageState.SENT)
    assert Counter(mail["Message-ID"] for mail in box.mails) == Counter(sent.values_list("message_id", flat=True))
    assert (sent.count(), sent.filter(unconfirmed__gt=0).exists()) == (LETTERS, False)


def lose(redis: EmbeddedRedis) -> None:
    """What it held is gone when it comes back."""
    (redis.folder / "dump.rdb").unlink(missing_ok=True)
    (redis.folder / "appendonly.aof").unlink(missing_ok=True)
    shutil.rmtree(redis.folder / "appendonlydir", ignore_errors=True)


def says_that_it_stands_still(chief: Visitor, waiting: int, *, back: int) -> None:
    """The start page and /readyz tell what is wrong at once, and after two days, when the clock is `back` days ahead,
    that the sweep is too."""
    stands_still = f"{waiting} mejl väntar och portalen skickar dem inte: bakgrundsjobben står stilla."
    wait_for(lambda: stands_still in alerts(chief), 30, "the truth on the start page")
    said = parts(chief)
    assert [said[name] for name in ("database", "broker", "mail", "coordinator")] == ["ok", "down", "held", "ok"]
    clock.move(back)
    page = alerts(chief)
    assert stands_still in page
    still = r"De dagliga påminnelserna har stått stilla sedan den .* När de kommer igång tar portalen igen"
    assert re.search(still, page)
    assert parts(chief)["sweep"] == "late"


@pytest.mark.django_db(transaction=True)
def test_redis_that_is_lost_for_two_days_and_comes_back_empty_loses_and_doubles_none(
    redis_server: EmbeddedRedis, unit: Unit, manager: User, coordinator: User, tmp_path: Path, settings: Any
) -> None:
    settings.DEMO, settings.VAR_DIR = True, tmp_path  # the clock of the processes
    # The days ahead of today on which Redis is back; on that day reminders go out.
    back = next(day for day in range(2, 30) if is_working_day(clock.today() + dt.timedelta(day), []))
    clock.move(back - 2)
    box = MailBox()
    words = {**quick(redis_server, box), "SWEEP_HOUR": "0", "DEMO": "1", "VAR_DIR": str(tmp_path)}
    swept, unfinished = SweepRun.objects.filter(finished_at__isnull=False), Message.objects.unfinished()
    with (
        smtp_server(box),
        web(tmp_path / "web.log", **words) as address,
        celery("worker", tmp_path / "worker.log", **words),
        celery("beat", tmp_path / "beat.log", **words),
    ):
        chief = Visitor(address, coordinator)
        wait_for(swept.exists, 60, "the first sweep")
        assert alerts(chief) == ""
        redis_server.stop()
        for number in range(LETTERS):
            post(manager, f"lost:{number}")
        scenes.standing_at(3, unit=unit, by=coordinator, days_ago=160)  # the window has opened: there are reminders
        says_that_it_stands_still(chief, unfinished.count(), back=back)
        assert box.mails == []
        lose(redis_server)
        start_redis(redis_server.folder)
        wait_for(swept.filter(on=clock.today()).exists, 180, "the sweep of the day")
        wait_for(lambda: not unfinished.exists(), 120, "the outbox")
        assert (alerts(chief), parts(chief)["sweep"], parts(chief)["mail"]) == ("", "done", "ok")
    sent = Message.objects.in_state(MessageState.SENT)
    assert Counter(mail["Message-ID"] for mail in box.mails) == Counter(sent.values_list("message_id", flat=True))
    assert sent.filter(key__startswith="lost:").count() == LETTERS
    assert sent.filter(key__startswith="reminders:").exists()
    assert Message.objects.count() == sent.count()


WRITE_LETTERS = f"""
from django.test import Client
from units import actions
from units.models import User
from units.mail import Guest, Letter
to = Guest("Gun Gäst", "gun@solna.example")
for number in range({LETTERS}):
    actions.post_letter(Letter(f"restart:{{number}}", to, "Hej", "Text", "<p>Text</p>"))
Client().force_login(User.objects.create_user("sam@jarfalla.example", "Sam Samordnare", role="coordinator"))
"""


def test_database_that_is_restarted_while_mails_leave_loses_and_doubles_none(
    redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    box = MailBox(moods=itertools.repeat(Mood.TAKE))
    words = quick(redis_server, box)
    with own_postgres(tmp_path / "own" / "postgres") as database, smtp_server(box):
        words["DATABASE_URL"] = database.url
        with (
            web(tmp_path / "web.log", **words) as address,
            celery("worker", tmp_path / "worker.log", **words),
            celery("beat", tmp_path / "beat.log", **words),
        ):
            box.gate.clear()
            database.manage("shell", "-v0", "-c", WRITE_LETTERS)
            assert box.has_mail.wait(60)
            [(session,)] = database.rows("SELECT session_key FROM django_session")
            chief = Visitor(address, session=session)
            # Mails are late after five seconds here; the worker talks to the mail server all the while.
            said = f"{LETTERS} mejl väntar: e-postservern tar inte emot dem."
            wait_for(lambda: said in alerts(chief), 30, "the truth on the start page")
            database.stop()
            # The page for that (tests/jarfalla/test_errors.py) asks no database; in development it is Django's own.
            assert chief.get("/") == 500
            assert parts(chief, 503)["database"] == "down"
            box.gate.set()  # the server takes what it has, and nobody can write that down
            wait_for(lambda: box.mails, 20, "a mail that is taken while the database is down")
            time.sleep(2)
            assert database.start() == database.url
            count = "SELECT count(*) FROM units_message WHERE sent_at IS NULL"
            wait_for(lambda: database.rows(count) == [(0,)], 60, "the outbox")
            assert alerts(chief) == ""
            assert parts(chief)["mail"] == "ok"
        rows = database.rows("SELECT message_id, attempts, unconfirmed FROM units_message")
    assert Counter(mail["Message-ID"] for mail in box.mails) == Counter(row[0] for row in rows)
    assert {row[1:] for row in rows} == {(1, 0)}
    assert len(rows) == LETTERS
