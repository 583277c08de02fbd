"""A worker that is killed in the middle of a binder: nothing half is served, and another one finishes it."""

import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jarfalla.embedded import EmbeddedRedis
from routines import actions
from routines.models import Export, ExportKind, ExportState
from tests.real_servers import celery, wait_for
from tests.routines.shelves import in_force
from units.models import Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

ROUTINES = 12
TEXT = "<p>" + "Den som blir orolig berättar det för sin chef, och chefen ringer socialtjänsten. " * 30 + "</p>"


def asked(unit: Unit, by: User) -> Export:
    """A binder that takes a while; Redis is not asked, so only the worker's own clockwork finds it."""
    for number in range(ROUTINES):
        in_force(unit, f"Rutin {number}", by=by, text=TEXT)
    return actions.ask_for_export(ExportKind.BINDER, unit=unit, by=by)


def fresh(export: Export) -> Export:
    return Export.objects.get(pk=export.pk)


def answer(export: Export, by: User, name: str) -> Any:
    client = Client()
    client.force_login(by)
    return client.get(reverse(name, args=[export.pk]))


def test_worker_killed_in_the_middle_leaves_nothing_half_and_another_finishes(
    redis_server: EmbeddedRedis, unit: Unit, manager: User, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    export = asked(unit, manager)
    environment = {"REDIS_URL": redis_server.url, "TICK_SECONDS": "1", "SWEEP_HOUR": "24"}
    with celery("worker", tmp_path / "worker-1.log", **environment) as worker:
        with celery("beat", tmp_path / "beat.log", **environment):
            wait_for(lambda: 0 < fresh(export).done < ROUTINES and actions.is_being_made(export), 60, "the progress")
        os.killpg(worker.pid, signal.SIGKILL)
    wait_for(lambda: not actions.is_being_made(export), 20, "the end of the dead worker's transaction")

    assert fresh(export).state == ExportState.RUNNING
    assert answer(export, manager, "export_file").status_code == 404
    assert "Arbetet avbröts och tas om av sig själv." in answer(export, manager, "export").content.decode()
    assert list((tmp_path / "media").glob("exports/*")) == []

    log = tmp_path / f"worker-{time.monotonic()}.log"
    with celery("worker", log, **environment), celery("beat", tmp_path / "beat.log", **environment):
        wait_for(lambda: fresh(export).finished_at, 90, f"the binder (the log is {log})")
    [file] = (tmp_path / "media").glob("exports/*")
    content = b"".join(answer(export, manager, "export_file").streaming_content)
    assert file.read_bytes() == content
    assert content.startswith(b"%PDF-")
    assert hashlib.sha256(content).hexdigest() == fresh(export).sha256
    assert fresh(export).attempts == 2
    assert actions.make_export(export.pk) is False
