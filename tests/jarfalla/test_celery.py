"""Work is handed to a worker after the commit; a broker that is away keeps nobody waiting."""

import os
import re
import subprocess
import sys

import pytest

from tests.real_servers import database_url, free_port

# Fifty tasks of one click; the pause is over; one more.
CLICKS = """
import django
django.setup()
from jarfalla import celery
for number in range(50):
    celery.enqueue("routines.tasks.publish_version", number)
celery._Broker.away_until = 0.0
celery.enqueue("routines.tasks.publish_version", 50)
"""


@pytest.mark.django_db(transaction=True)
def test_broker_that_is_away_is_asked_once_for_all_that_a_click_enqueues() -> None:
    words = {
        "DATABASE_URL": database_url(),
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "DJANGO_SETTINGS_MODULE": "jarfalla.settings",
        "DEBUG": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", CLICKS], check=False, env=os.environ | words, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert re.findall(r"\((\d+),\) is left to the sweep", ran.stdout + ran.stderr) == ["0", "50"], ran.stderr
