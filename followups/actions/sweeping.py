"""The daily sweep: who is to be reminded today, as rows; the rows of one person become one letter."""

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from followups import mail, queries
from followups.models import Reminder, SweepRun
from followups.queries import Source, Wanted
from jarfalla import clock
from jarfalla.celery import run_all
from units.actions import cancel_messages, post_letters
from units.mail import Letter
from units.models import Message, Programme, QuietPeriod, Refused, Unit, User

if TYPE_CHECKING:
    from followups.queries.reminding import RankedReminder

T = TypeVar("T")

# The number of the database's lock for the sweep: any number that nothing else in the portal uses.
SWEEP_LOCK = 4_0612
# How many people's letters are written at a time, in one transaction.
LETTERS = 100

logger = logging.getLogger(__name__)


def sweep_if_due(sources: Sequence[Source] = queries.SOURCES) -> SweepRun | None:
    """Sweep for today once it is SWEEP_HOUR in Stockholm, unless that is done; None when there is nothing to do.

    Letters that have become wrong are cancelled at any hour, and on a day off none leaves.
    """
    today = clock.today()
    with _only_sweeper() as alone:
        if not alone:
            return None
        cancel_outdated_reminders(today, sources)
        hold_letters(today)
        if timezone.localtime(clock.now()).hour < settings.SWEEP_HOUR:
            return None
        if SweepRun.objects.filter(on=today, finished_at__isnull=False).exists():
            return None
        return sweep(today, sources)


def sweep(on: dt.date, sources: Sequence[Source] = queries.SOURCES, *, again: bool = False) -> SweepRun | None:
    """Write the reminders that the day `on` calls for; return the run, or None while another process sweeps.

    On a day that is no working day nobody is reminded: the first working day after it calls for what still holds.
    A day that is finished is returned as it is, unless it is to be swept `again`; nothing is written twice either way.
    Each chunk is its own transaction: a worker that dies leaves what it has written and an unfinished run, and the
    next one writes the rest.

    Raises Refused for a day that has not come.
    """
    if on > clock.today():
        raise Refused(_("Dagen har inte kommit än."))
    with _only_sweeper() as alone:
        if not alone:
            return None
        run, _created = SweepRun.objects.get_or_create(on=on)
        if run.finished_at and not again:
            return run
        run.started_at, run.finished_at = clock.now(), None
        run.save()
        cancel_outdated_reminders(on, sources)
        if queries.is_working_day(on, QuietPeriod.objects.all()):
            _remind(on, sources)
        run.written, run.finished_at = Reminder.objects.filter(swept_on=on).count(), clock.now()
        run.save()
    return run


def _remind(on: dt.date, sources: Sequence[Source]) -> None:
    """Write the rows of the day, and the letters that say them."""
    # What a sweep that died had found and not said is found anew, if it still holds.
    Reminder.objects.filter(message__isnull=True).delete()
    for rows in queries.called_for(sources, Programme.current(), queries.current_rules(), on):
        _write(queries.unwritten(rows), on)
    write_letters(on)


@contextmanager
def _only_sweeper() -> Iterator[bool]:
    """Whether this process is the only one that sweeps; PostgreSQL lets go of the lock if the process dies.

    It spares work, no more: the rows' keys are what keeps a reminder from being written twice.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SWEEP_LOCK])
        [alone] = cursor.fetchone() or [False]
    try:
        yield alone
    except BaseException:
        if alone:
            try:
                _let_go()
            except (DatabaseError, InterfaceError):
                # In an aborted transaction nothing more is done; with the connection the lock goes. What went wrong
                # first is the story.
                connection.close()
        raise
    if alone:
        _let_go()


def _let_go() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])


def _write(rows: list[Wanted], on: dt.date) -> None:
    """One row for each; what another process has written meanwhile is left as it is."""
    Reminder.objects.bulk_create(
        [
            Reminder(
                key=row.key,
                kind=row.occasion.kind,
                recipient=row.to,
                unit=row.subject.unit,
                occasion_on=row.occasion.on,
                swept_on=on,
                details=row.subject.details,
            )
            for row in rows
        ],
        ignore_conflicts=True,
        batch_size=queries.CHUNK,
    )


# --- Letters -----------------------------------------------------------------------------------------------------


def write_letters(on: dt.date) -> None:
    """One letter to each person with reminders that no letter says yet: a reminder alone, or a digest of several. What
    waits in an earlier letter that has not left comes along in the new one."""
    unsaid = Reminder.objects.filter(message__isnull=True).order_by("recipient")
    people = list(unsaid.values_list("recipient", flat=True).distinct())
    sender = mail.Sender(Programme.current(), list(queries.coordinators()))
    run_all(partial(_write_letters, pks, on, sender) for pks in _batches(people, LETTERS))


def _write_letters(pks: list[int], on: dt.date, sender: mail.Sender) -> None:
    """Write the letters of these people together; if that goes wrong one by one, so that one stops nobody else's."""
    try:
        _write_batch(pks, on, sender)
    except Exception:
        if len(pks) == 1 or not connection.is_usable():
            raise
        logger.exception("the letters of %s people went wrong together; they are written one by one", len(pks))
        run_all(partial(_write_letters, [pk], on, sender) for pk in pks)


@transaction.atomic
def _write_batch(pks: list[int], on: dt.date, sender: mail.Sender) -> None:
    # One process at a time for each person, so that two never share the rows between two letters.
    people = list(User.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
    _take_back(Q(recipient__in=pks), reason=_("Står i ett senare mejl i stället."))
    rows = queries.unsaid(pks, most=mail.MOST_IN_DIGEST)
    before = queries.letters_of_day(pks, on)
    letters = {
        f"reminders:{on}:{person.pk}:{before.get(person.pk, 0) + 1}": person
        for person in people
        if person.gets_mail and rows.get(person.pk)
    }
    post_letters(
        (_letter(rows[person.pk], key, person, sender) for key, person in letters.items()), not_before=_opens(on)
    )
    said_in = Message.objects.filter(key__in=letters, recipient=OuterRef("recipient"))
    mine = Reminder.objects.filter(message__isnull=True, recipient__in=pks)
    mine.update(message=Subquery(said_in.values("pk")[:1]))
    mine.delete()  # of those who get no mail any more


def hold_letters(on: dt.date) -> None:
    """On a day off, what waits to leave does so until the next working day."""
    if opens := _opens(on):
        queries.waiting_letters().filter(not_before__lt=opens).update(not_before=opens)


def _opens(on: dt.date) -> dt.datetime | None:
    """When letters leave again: the hour of the sweep on the next working day; None on a working day."""
    day = queries.next_working_day(on, QuietPeriod.objects.all())
    if day is None or day == on:
        return None
    return timezone.make_aware(dt.datetime.combine(day, dt.time(settings.SWEEP_HOUR)))


def _letter(rows: "list[RankedReminder]", key: str, to: User, sender: mail.Sender) -> tuple[Letter, Unit | None]:
    """The letter, and the unit that it is about if that is one."""
    if rows[0].total == 1:
        return mail.reminder(rows[0], key=key, to=to, sender=sender), rows[0].unit
    counts = {"total": rows[0].total, "late": rows[0].late}
    return mail.digest(rows, **counts, key=key, to=to, sender=sender, pause_url=mail.pause_url(to)), None


def _batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    """The rows, so many at a time."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some


# --- What has become wrong ---------------------------------------------------------------------------------------


def cancel_outdated_reminders(on: dt.date, sources: Sequence[Source] = queries.SOURCES) -> int:
    """Cancel waiting letters that say something which the day `on` no longer calls for; return how many.

    What else such a letter said is said anew, in a letter of its own; and so is what has other dates or words now, and
    what a worker that died had found and not said. It costs what a sweep over the units of the waiting letters costs,
    and nothing while none waits.
    """
    units = queries.waiting_units()
    if not units:
        return 0
    waiting = queries.waiting_reminders()
    wrong, changed = _wrong(waiting, units, on, sources)
    letters = waiting.filter(pk__in=[*wrong, *changed], message__isnull=False).order_by("message_id")
    taken_back: list[Message] = []
    for pks in _batches(list(letters.values_list("message_id", flat=True).distinct()), LETTERS):
        with transaction.atomic():
            taken_back += _take_back(Q(pk__in=pks), reason=_("Påminnelsen gäller inte längre."))
    _correct(sorted(wrong), changed)
    # Until the day's sweep has finished, what no letter says is the sweep's to say.
    if SweepRun.objects.filter(on=on, finished_at__isnull=False).exists():
        write_letters(on)
    return len(taken_back)


def _wrong(
    waiting: QuerySet[Reminder], units: list[int], on: dt.date, sources: Sequence[Source]
) -> tuple[set[int], dict[int, dict[str, str]]]:
    """Those of the rows that the day does not call for, and what the others' details are now if they are not the same.

    A thousand units at a time: a coordinator's digest may be about all of them.
    """
    programme, rules = Programme.current(), queries.current_rules()
    wrong: set[int] = set()
    changed: dict[int, dict[str, str]] = {}
    for some in _batches(units, queries.CHUNK):
        chunks = queries.called_for(sources, programme, rules, on, some)
        details = {row.key: row.subject.details for chunk in chunks for row in chunk}
        for pk, key, said in waiting.filter(unit__in=some).values_list("pk", "key", "details"):
            if key not in details:
                wrong.add(pk)
            elif details[key] != said:
                changed[pk] = details[key]
    return wrong, changed


def _take_back(letters: Q, *, reason: str) -> list[Message]:
    """Cancel those of the letters that still wait and have surely not gone out; their reminders are unsaid again."""
    waiting = queries.waiting_letters().filter(letters)
    taken_back = list(waiting.select_for_update(of=("self",)).only("pk", "recipient_id").order_by("pk"))
    cancel_messages(Message.objects.filter(pk__in=[row.pk for row in taken_back]), reason=reason)
    Reminder.objects.filter(message__in=taken_back).update(message=None)
    return taken_back


def _correct(wrong: Sequence[int], changed: dict[int, dict[str, str]]) -> None:
    """Of the unsaid rows, forget those that are wrong, and give the changed ones the words of today.

    What is not called for has never been said: should it be called for again, it is written again.
    """
    unsaid = Reminder.objects.filter(message__isnull=True)
    for pks in _batches(wrong, queries.CHUNK):
        unsaid.filter(pk__in=pks).delete()
    for pks in _batches(list(changed), queries.CHUNK):
        rows = list(unsaid.filter(pk__in=pks))
        for row in rows:
            row.details = changed[row.pk]
        Reminder.objects.bulk_update(rows, ["details"])
