"""A worker that is killed in the middle of a list: all or none of the rows, and the page says which."""

import os
import signal
import time
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from jarfalla.embedded import EmbeddedRedis
from jarfalla.tables import open_table
from tests import factories
from tests.real_servers import celery, wait_for
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import guess_columns
from units.models import ImportKind, ImportState, ListImport, Membership, Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PEOPLE = 40_000


def uploaded(by: User) -> ListImport:
    """A large list whose columns are chosen; Redis is not asked, so only the worker's own clockwork finds it."""
    factories.unit(name="Gården")
    rows = "".join(f"person-{number}@x.se;Anna Andersson {number};Gården;2024-03-01\n" for number in range(PEOPLE))
    content = f"E-post;Namn;Enhet;Från och med\n{rows}".encode()
    table = open_table("personal.csv", content)
    kept = actions.upload_list(ImportKind.STAFF, table, file_name="personal.csv", content=content, by=by)
    return actions.map_columns(kept, mapping=guess_columns(STAFF, kept.header), is_complete=True)


def words(kept: ListImport, by: User) -> str:
    """What the page says about the import."""
    client = Client()
    client.force_login(by)
    return client.get(reverse("list_import", args=[kept.pk])).content.decode()


def fresh(kept: ListImport) -> ListImport:
    return ListImport.objects.defer("content").get(pk=kept.pk)


def kill_in_the_middle(kept: ListImport, redis: EmbeddedRedis, folder: Path) -> None:
    """Start a worker, wait until its progress is seen from here, and kill all of its processes at once."""
    ListImport.objects.filter(pk=kept.pk).update(rows_read=0)
    words_ = {"REDIS_URL": redis.url, "TICK_SECONDS": "1", "SWEEP_HOUR": "24"}
    with celery("worker", folder / f"worker-{time.monotonic()}.log", **words_) as worker:
        with celery("beat", folder / "beat.log", **words_):
            wait_for(lambda: 0 < fresh(kept).rows_read < PEOPLE and actions.is_at_work(kept.pk), 90, "the progress")
        os.killpg(worker.pid, signal.SIGKILL)
        wait_for(lambda: not actions.is_at_work(kept.pk), 30, "the end of the dead worker's transaction")


def let_it_finish(kept: ListImport, state: ImportState, redis: EmbeddedRedis, folder: Path) -> None:
    """A new worker takes the import up by itself."""
    words_ = {"REDIS_URL": redis.url, "TICK_SECONDS": "1", "SWEEP_HOUR": "24"}
    log = folder / f"worker-{time.monotonic()}.log"
    with celery("worker", log, **words_), celery("beat", folder / "beat.log", **words_):
        wait_for(lambda: fresh(kept).state == state, 150, f"{state} (the log is {log})")


def test_worker_killed_while_reading_and_while_saving_leaves_all_or_nothing(
    redis_server: EmbeddedRedis, coordinator: User, tmp_path: Path
) -> None:
    kept = uploaded(coordinator)
    kill_in_the_middle(kept, redis_server, tmp_path)
    assert fresh(kept).state == ImportState.READING
    assert kept.rows.count() == 0
    assert "Läsningen avbröts och tas om av sig själv." in words(kept, coordinator)

    let_it_finish(kept, ImportState.READY, redis_server, tmp_path)
    assert kept.rows.count() == PEOPLE
    assert f"Börjar: {PEOPLE} rader" in words(kept, coordinator)

    actions.choose_rows(kept, verdicts=STAFF.verdicts, by=coordinator)
    kill_in_the_middle(kept, redis_server, tmp_path)
    assert fresh(kept).state == ImportState.SAVING
    assert not Membership.objects.exists()
    assert not User.objects.filter(email__endswith="@x.se").exists()
    page = words(kept, coordinator)
    assert "Inget är sparat än." in page
    assert "Importen avbröts och tas om av sig själv." in page

    let_it_finish(kept, ImportState.SAVED, redis_server, tmp_path)
    assert fresh(kept).saved == {"joiner": PEOPLE}
    assert f"Klart: {PEOPLE} rader sparade." in words(kept, coordinator)
    assert Unit.objects.get().memberships.values("user").distinct().count() == PEOPLE

    assert actions.save_import(kept.pk) is False
    assert Membership.objects.count() == PEOPLE
    assert connection.in_atomic_block is False
