"""Exports by themselves: kept for seven days, made by the night and once a month, however the ticks come."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jarfalla import clock, work
from jarfalla.celery import app as celery_app
from jarfalla.embedded import EmbeddedRedis
from routines import actions, documents, tasks
from routines.actions import exports as at_exports
from routines.models import Export, ExportKind, ExportNight, ExportState, RoutineVersion
from tests import factories
from tests.routines.shelves import ask, fresh, in_force, kept_files, made
from tests.together import together
from units.models import Unit, User

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def version(unit: Unit, manager: User) -> RoutineVersion:
    """A routine in force in `unit`."""
    return in_force(unit, "Vår rutin", by=manager)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the clock stand at a moment of Swedish time, "2026-03-01 02:00"."""

    def stand(moment: str) -> None:
        then = timezone.make_aware(dt.datetime.fromisoformat(moment))
        monkeypatch.setattr(clock, "now", lambda: then)

    return stand


# --- Kept ------------------------------------------------------------------------------------------------


def test_file_goes_after_seven_days(version: RoutineVersion, coordinator: User, media: Path) -> None:
    export = made(ExportKind.ALL, by=coordinator)
    Export.objects.filter(pk=export.pk).update(finished_at=clock.now() - 7 * DAY + dt.timedelta(minutes=1))
    actions.delete_expired_exports()
    assert fresh(export).state == ExportState.READY
    Export.objects.filter(pk=export.pk).update(finished_at=clock.now() - 7 * DAY)
    assert fresh(export).state == ExportState.EXPIRED, "also when nobody has thrown it away yet"
    assert ask(coordinator) != export
    actions.delete_expired_exports()
    assert kept_files(media) == []
    assert fresh(export).deleted_at
    actions.delete_expired_exports()


def test_files_that_no_row_names_are_thrown_away(version: RoutineVersion, coordinator: User, media: Path) -> None:
    export = made(ExportKind.ALL, by=coordinator)
    for name in ("999999-parm.pdf", f"{export.pk}-other.zip", "notes.txt"):
        (media / "exports" / name).write_bytes(b"half")
    actions.delete_strays()
    assert kept_files(media) == [f"{export.pk}-rutiner-{clock.today()}.zip", "notes.txt"]


@pytest.mark.django_db(transaction=True)
def test_file_that_is_being_made_is_no_stray(
    unit: Unit, manager: User, coordinator: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(unit, "Vår rutin", by=manager)
    export = ask(coordinator)
    real_store = at_exports._store
    thrown: list[None] = []

    def store(row: Export, out: Any) -> Any:
        stored = real_store(row, out)
        thrown.extend(together(1, lambda _: actions.delete_strays()))
        return stored

    monkeypatch.setattr(at_exports, "_store", store)
    assert actions.make_export(export.pk)
    assert thrown, "somebody looked for strays while the file was made"
    assert fresh(export).file.storage.exists(str(fresh(export).file.name))


# --- The night ---------------------------------------------------------------------------------------------


def test_night_asks_for_binders_that_would_be_others(unit: Unit, manager: User, coordinator: User, at: Any) -> None:
    in_force(unit, "Vår rutin", by=manager)
    other = factories.unit(name="Utan rutiner")
    at("2026-03-03 01:59")
    tasks.tend_exports()
    assert not Export.objects.exists()
    at("2026-03-03 02:00")
    tasks.tend_exports()
    tasks.tend_exports()
    binder = Export.objects.get(kind=ExportKind.BINDER)
    assert (binder.unit, binder.requested_by) == (unit, None)
    Export.objects.filter(pk=binder.pk).update(
        finished_at=clock.now(), file="exports/x.pdf", sha256="0" * 64, input_sha256=documents.binder_input_sha256(unit)
    )
    at("2026-03-04 02:00")
    tasks.tend_exports()
    assert Export.objects.filter(kind=ExportKind.BINDER).count() == 1, "nothing has changed"
    in_force(other, "Ny", by=coordinator)
    in_force(unit, "En till", by=manager)
    at("2026-03-05 02:00")
    tasks.tend_exports()
    asked = Export.objects.filter(kind=ExportKind.BINDER, requested_at=clock.now())
    assert {row.unit for row in asked} == {unit, other}


def test_night_that_nobody_saw_is_made_up_for(version: RoutineVersion, at: Any) -> None:
    """No worker from two to four in the afternoon: the first tick after that asks."""
    at("2026-03-03 16:00")
    tasks.tend_exports()
    assert Export.objects.filter(kind=ExportKind.BINDER).count() == 1
    assert ExportNight.objects.get().finished_at


def test_night_costs_next_to_nothing_once_it_is_done(version: RoutineVersion, at: Any) -> None:
    at("2026-03-03 02:00")
    tasks.tend_exports()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        actions.prepare_exports_if_due()
    assert len(captured) == 1


def test_binder_that_cannot_be_made_is_asked_for_once_a_night(version: RoutineVersion, at: Any) -> None:
    at("2026-03-03 02:00")
    tasks.tend_exports()
    Export.objects.filter(kind=ExportKind.BINDER).update(failed_at=clock.now(), error="Nej")
    ExportNight.objects.update(finished_at=None)
    tasks.tend_exports()
    assert Export.objects.filter(kind=ExportKind.BINDER).count() == 1
    at("2026-03-04 02:00")
    tasks.tend_exports()
    assert Export.objects.filter(kind=ExportKind.BINDER).count() == 2


def test_one_unit_that_goes_wrong_stops_none_behind_it_and_the_night_stays_open(
    unit: Unit, manager: User, coordinator: User, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(unit, "Vår rutin", by=manager)
    other = factories.unit(name="Granbacken")
    in_force(other, "Granbackens", by=coordinator)
    real = documents.binder_input_sha256
    made(ExportKind.BINDER, by=None, unit=unit)  # its hash is asked for
    Export.objects.update(requested_at=dt.datetime(2025, 11, 1, tzinfo=dt.UTC))

    def hash_of(which: Unit) -> str:
        if which == unit:
            raise ValueError(which)
        return real(which)

    with monkeypatch.context() as patch:
        patch.setattr(documents, "binder_input_sha256", hash_of)
        at("2026-03-03 02:00")
        with pytest.raises(ValueError, match="Tallbacken"):
            tasks.tend_exports()
    assert Export.objects.filter(kind=ExportKind.BINDER, unit=other).exists()
    assert ExportNight.objects.get().finished_at is None
    tasks.tend_exports()
    assert ExportNight.objects.get().finished_at


def test_archive_package_of_the_month_is_made_once_whenever_the_ticks_come(version: RoutineVersion, at: Any) -> None:
    packages = Export.objects.filter(kind=ExportKind.ARCHIVE)
    at("2026-03-01 02:00")
    tasks.tend_exports()
    assert packages.count() == 1
    made_now(packages.get())
    at("2026-03-31 02:00")
    tasks.tend_exports()
    assert packages.count() == 1
    at("2026-04-04 11:00")  # nobody was awake from the first to the third
    tasks.tend_exports()
    assert packages.count() == 2
    packages.under_way().update(failed_at=clock.now(), error="Disken är full")
    at("2026-04-05 02:00")
    tasks.tend_exports()
    assert packages.count() == 3, "what failed is tried again the next night"
    made_now(packages.under_way().get())
    at("2026-04-06 02:00")
    tasks.tend_exports()
    assert packages.count() == 3


def made_now(export: Export) -> None:
    """The worker has made it."""
    assert actions.make_export(export.pk)
    assert fresh(export).state == ExportState.READY, fresh(export).error


@pytest.mark.django_db(transaction=True)
def test_net_gives_out_what_waits_unless_somebody_is_at_work(
    unit: Unit, manager: User, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for while the broker was away is given out by a tick, people's before the night's."""
    in_force(unit, "Vår rutin", by=manager)
    night = ask(None, ExportKind.BINDER, unit)
    asked = ask(coordinator)
    given: list[int] = []
    monkeypatch.setattr("routines.actions.export_care.enqueue", lambda _name, pk: given.append(pk))
    with transaction.atomic():
        work.take_hold(work.EXPORTS, night.pk)
        together(1, lambda _: actions.hand_out_exports())
        assert given == []
    actions.hand_out_exports()
    assert given == [asked.pk, night.pk]


def test_exports_wait_in_a_queue_of_their_own(redis_server: EmbeddedRedis) -> None:
    """Letters and PDFs never stand behind a night of binders."""
    with celery_app.connection_for_write(redis_server.url) as broker:
        celery_app.send_task("routines.tasks.make_export", args=[1], connection=broker)
        celery_app.send_task("units.tasks.send_message", args=[1], connection=broker)
        queues = [broker.SimpleQueue(name) for name in ("celery", "exports")]
        assert [queue.qsize() for queue in queues] == [1, 1]
