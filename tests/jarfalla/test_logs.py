"""Secret addresses stay out of the logs, those of the portal and those of the web server that it starts."""

import logging
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from jarfalla.logs import Line, without_secrets
from tests import factories
from tests.real_servers import wait_for, web
from units.actions import open_feed
from units.models import Unit

SECRET = "Zq3-_" + "a" * 38


def test_secrets_of_addresses_are_taken_out() -> None:
    assert without_secrets(f'"GET /kalender/{SECRET}.ics HTTP/1.1" 200') == '"GET /kalender/***.ics HTTP/1.1" 200'
    back = "/oppna-utbildningar/anmalan/0b8f5e6c-4f0e-4c39-9f6e-5f8e6f0f3f10/avanmal/"
    assert without_secrets(back) == "/oppna-utbildningar/anmalan/***/avanmal/"
    plain = "GET /kalender/ /kalender/oppna/ /utbildningar/7/kalender.ics"
    assert without_secrets(plain) == plain


def test_line_about_a_request_that_went_wrong_keeps_the_secret() -> None:
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 1, "%s: %s", ("Fel", f"/kalender/{SECRET}.ics"), None
    )
    assert Line("%(message)s").format(record) == "Fel: /kalender/***.ics"


@pytest.mark.django_db(transaction=True)
def test_web_server_logs_requests_without_secrets_and_answers_not_at_all(tmp_path: Path, unit: Unit) -> None:
    token = open_feed(factories.staff(unit)).token
    log = tmp_path / "web.log"
    with web(log) as address:
        with urllib.request.urlopen(f"{address}/kalender/{token}.ics") as answer:
            assert answer.read().startswith(b"BEGIN:VCALENDAR")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/svara/enkatkod/")
        thanks = {"Referer": f"{address}/svara/enkatkod/tack/"}
        with urllib.request.urlopen(urllib.request.Request(f"{address}/healthz?fetched-by-it", headers=thanks)):
            pass
        with urllib.request.urlopen(f"{address}/healthz"):
            pass
        wait_for(lambda: "/healthz " in log.read_text(), what="the last line of the log")
    written = log.read_text()
    assert "GET /kalender/***.ics" in written
    assert token not in written
    assert "enkatkod" not in written
    assert "fetched-by-it" not in written
