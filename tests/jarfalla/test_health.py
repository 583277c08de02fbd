"""What load balancers and monitoring ask."""

import json
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from jarfalla.embedded import EmbeddedRedis
from tests.real_servers import free_port


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
        "parts": {"database": "ok", "broker": "ok", "sweep": "waiting"},
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


@pytest.mark.django_db(transaction=True)
def test_readyz_is_503_while_the_database_is_down(client: Client) -> None:
    connection = connections["default"]
    connection.close()
    host, port = connection.settings_dict["HOST"], connection.settings_dict["PORT"]
    connection.settings_dict.update(HOST="127.0.0.1", PORT=free_port())
    try:
        answer = client.get("/readyz")
    finally:
        connection.settings_dict.update(HOST=host, PORT=port)
        connection.close()
    assert answer.status_code == 503
    assert json.loads(answer.content)["parts"]["database"] == "down"
    assert client.get("/readyz").status_code == 200
