"""Påfyllning behövs: noting that a unit has fallen below the threshold. The sweep tells its managers."""

from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from courses import queries
from courses.models import Refill, RefillLook
from jarfalla import clock
from jarfalla.celery import run_all
from units.models import Unit


def note_refills_if_due() -> int | None:
    """Look at every unit once a day, from SWEEP_HOUR in Stockholm on; None when there is nothing to do.

    Once a day, so that neither an import nor a manager who adds five people before lunch and registers their course
    after it is answered with a letter. That the day is done is written last: a look that was cut short is done again.
    """
    today = clock.today()
    if timezone.localtime(clock.now()).hour < settings.SWEEP_HOUR or RefillLook.objects.filter(on=today).exists():
        return None
    noted = note_refills()
    RefillLook.objects.get_or_create(on=today)
    return noted


def note_refills() -> int:
    """Open and close refills as coverage has fallen or come back.

    Returns in how many units there was something to do. Which they are is asked in as many queries for one unit as for
    all; then each is its own transaction, so a worker that dies leaves whole units.
    """
    needs = queries.refills_needed(Unit.objects.all())
    standing = {refill.unit_id: refill for refill in Refill.objects.filter(ended_on__isnull=True)}
    called_for = {
        pk for pk, refill in standing.items() if pk in needs and refill.completion_id == needs[pk].completion.pk
    }
    changed = sorted((needs.keys() | standing.keys()) - called_for)
    run_all(partial(_note_refill, pk) for pk in changed)
    return len(changed)


@transaction.atomic
def _note_refill(unit_id: int) -> None:
    """Do what one unit calls for; nothing when another worker has done it.

    The unit is locked first and its coverage reckoned afterwards, so that a completion recorded meanwhile counts.
    """
    unit = Unit.objects.select_for_update(no_key=True).get(pk=unit_id)
    need = queries.refills_needed([unit]).get(unit_id)
    refill = Refill.objects.filter(unit=unit, ended_on__isnull=True).first()
    if refill and (need is None or refill.completion_id != need.completion.pk):
        refill.ended_on = max(clock.today(), refill.began_on)
        refill.save()
        refill = None
    if need and refill is None:
        Refill.objects.create(unit=unit, completion=need.completion)
