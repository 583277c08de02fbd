"""What happens to exports by itself: the night's binders, the month's archive package, and what is thrown away.

What is due stands in the database: beat asks every minute, and a night or a month that nobody saw is made up for.
"""

import datetime as dt
import re
from functools import partial

from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone

from jarfalla import clock, work
from jarfalla.celery import enqueue, run_all
from routines import documents, queries
from routines.actions.exports import FOLDER, ask_for_export
from routines.models import Export, ExportKind, ExportNight
from units.models import Unit


def hand_out_exports() -> None:
    """Give each export that waits to a worker anew when nobody works on any: then the broker has lost the tasks, or
    the worker was killed. One that is given out twice is made once."""
    if not work.is_any_at_work(work.EXPORTS):
        for export_id in queries.waiting_exports():
            enqueue("routines.tasks.make_export", export_id)


def prepare_exports_if_due() -> None:
    """Ask for what the night makes by itself, from settings.NIGHT_HOUR on, unless that is done."""
    now = timezone.localtime(clock.now())
    if now.hour < settings.NIGHT_HOUR:
        return
    night, _ = ExportNight.objects.get_or_create(on=now.date())
    if night.finished_at is None:
        prepare_exports(on=now.date())
        night.finished_at = clock.now()
        night.save()


def prepare_exports(*, on: dt.date) -> None:
    """Ask for the binders that would be others than the last ones, and for the month's archive package if there is
    none; delete what no row names. One that goes wrong stops none behind it."""
    tonight = timezone.make_aware(dt.datetime.combine(on, dt.time.min))
    binders = [partial(_refresh_binder, unit, tonight) for unit in queries.units_with_routines()]
    run_all([*binders, partial(_pack_the_month, tonight), delete_strays])


def _refresh_binder(unit: Unit, tonight: dt.datetime) -> None:
    """Ask for a unit's binder when it would be another than the last one, once a night."""
    exports = Export.objects.filter(kind=ExportKind.BINDER, unit=unit)
    if exports.filter(requested_by__isnull=True, requested_at__gte=tonight).exists():
        return
    last = exports.filter(finished_at__isnull=False).order_by("-finished_at", "-pk").first()
    if last is None or last.input_sha256 != documents.binder_input_sha256(unit):
        ask_for_export(ExportKind.BINDER, unit=unit, by=None)


def _pack_the_month(tonight: dt.datetime) -> None:
    """Ask for the month's archive package; one that failed is asked for again the next night."""
    packed = Export.objects.filter(kind=ExportKind.ARCHIVE, requested_by__isnull=True)
    this_month = packed.filter(requested_at__gte=tonight.replace(day=1), failed_at__isnull=True)
    if this_month.exists() or packed.filter(requested_at__gte=tonight).exists():
        return
    if queries.is_anything_to_export(ExportKind.ARCHIVE):
        ask_for_export(ExportKind.ARCHIVE, by=None)


def delete_expired_exports() -> None:
    """Delete the files whose days are over."""
    run_all(partial(_delete_expired, export) for export in Export.objects.expired())


def _delete_expired(export: Export) -> None:
    export.file.storage.delete(str(export.file.name))
    Export.objects.filter(pk=export.pk).update(deleted_at=clock.now())


def delete_strays() -> None:
    """Delete files of exports that no row names, left by a worker that was killed."""
    storage = Export._meta.get_field("file").storage
    try:
        names = storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return
    found = [(name, re.match(r"(\d{1,18})-", name)) for name in names]
    run_all(partial(_delete_stray, storage, f"{FOLDER}/{name}", int(match[1])) for name, match in found if match)


@transaction.atomic
def _delete_stray(storage: Storage, name: str, export_id: int) -> None:
    if not work.take_hold(work.EXPORTS, export_id):
        return  # it is being made
    if not Export.objects.filter(file=name, deleted_at__isnull=True).exists():
        storage.delete(name)
