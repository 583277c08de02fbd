"""What load balancers and monitoring ask."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from followups.models import SweepRun
from jarfalla import clock
from jarfalla.embedded import EmbeddedRedis
from tests.real_servers import free_port
from tests.units.letters import post
from units.models import Message, User


def test_healthz_answers_without_a_database(client: Client) -> None:
    """This test has no database: a query would fail it."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_reports_every_part(client: Client, settings: Any, redis_server: EmbeddedRedis) -> None:
    settings.CELERY_BROKER_URL = redis_server.url
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert json.loads(answer.content) == {
        "ready": True,
        "parts": {"database": "ok", "broker": "ok", "sweep": "waiting", "mail": "ok", "coordinator": "none"},
    }


@pytest.mark.django_db
def test_readyz_stays_ready_while_the_broker_is_down(
    client: Client, settings: Any, redis_server: EmbeddedRedis
) -> None:
    settings.CELERY_BROKER_URL = redis_server.url
    redis_server.stop()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert json.loads(answer.content)["parts"]["broker"] == "down"


@pytest.mark.django_db
def test_readyz_tells_that_the_sweep_is_late(client: Client) -> None:
    """For 26 hours nobody has finished one; a portal without reminders still serves its pages."""
    run = SweepRun.objects.create(on=clock.today(), finished_at=clock.now() - dt.timedelta(hours=25))
    assert json.loads(client.get("/readyz").content)["parts"]["sweep"] == "done"
    run.finished_at = clock.now() - dt.timedelta(hours=26, minutes=1)
    run.save()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert json.loads(answer.content)["parts"]["sweep"] == "late"


@pytest.mark.django_db
def test_readyz_tells_that_mail_is_held_up(client: Client, manager: User) -> None:
    """The mail server did not take it, or nobody has sent it for five rounds of the worker."""
    message = post(manager)
    assert json.loads(client.get("/readyz").content)["parts"]["mail"] == "ok"
    for trouble in ({"last_error": "451 Senare"}, {"not_before": clock.now() - dt.timedelta(minutes=6)}):
        Message.objects.update(last_error="", not_before=clock.now())
        Message.objects.update(**trouble)
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert json.loads(answer.content)["parts"]["mail"] == "held"
    Message.objects.filter(pk=message.pk).update(sent_at=clock.now())
    assert json.loads(client.get("/readyz").content)["parts"]["mail"] == "ok"


@pytest.mark.django_db
def test_readyz_tells_that_there_is_no_coordinator(client: Client, coordinator: User) -> None:
    assert json.loads(client.get("/readyz").content)["parts"]["coordinator"] == "ok"
    User.objects.filter(pk=coordinator.pk).update(is_active=False)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert json.loads(answer.content)["parts"]["coordinator"] == "none"


@contextlib.contextmanager
def database_down() -> Iterator[None]:
    """No server where the database was."""
    connection = connections["default"]
    connection.close()
    host, port = connection.settings_dict["HOST"], connection.settings_dict["PORT"]
    connection.settings_dict.update(HOST="127.0.0.1", PORT=free_port())
    try:
        yield
    finally:
        connection.settings_dict.update(HOST=host, PORT=port)
        connection.close()


@pytest.mark.parametrize("is_signed_in", [False, True])
@pytest.mark.django_db(transaction=True)
def test_readyz_is_503_while_the_database_is_down(client: Client, coordinator: User, is_signed_in: bool) -> None:
    """Whoever asks: a browser carries a session, and whose it is stands in the database."""
    if is_signed_in:
        client.force_login(coordinator)
    with database_down():
        answer = client.get("/readyz")
        alive = client.get("/healthz")
    assert answer.status_code == 503
    parts = json.loads(answer.content)["parts"]
    assert [parts[name] for name in ("database", "sweep", "mail")] == ["down", "unknown", "unknown"]
    assert (alive.status_code, alive.content) == (200, b"ok\n")
    assert client.get("/readyz").status_code == 200
