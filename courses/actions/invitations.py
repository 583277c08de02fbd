"""Invitations: who has been written to about a training, and the letters that they get. The worker's work."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from courses import mail, queries
from courses.mail import Envelope, Occasion
from courses.models import Invitation, Training
from jarfalla import clock
from jarfalla.celery import run_all
from units.actions import cancel_messages, post_letters
from units.models import Membership, Message, Unit, User

if TYPE_CHECKING:
    from units.mail import Letter

# So many people are written to in one transaction.
CHUNK = 100


def send_all_invitations() -> None:
    """Write to everybody who has something to hear about any training: the net under single tasks that were lost,
    and how somebody who joins a unit hears of a training that lies ahead.
    """
    run_all(partial(send_invitations, pk) for pk in queries.trainings_to_tell_of(clock.now()))


def send_invitations(training_id: int) -> None:
    """Write to everybody whom the training concerns, or no longer does, and who has not heard how it stands now.

    Each chunk is a transaction that holds the training: two workers write one after the other, and one that is
    killed leaves whole chunks behind it and the rest to the next.
    """
    while _write_some(training_id):
        pass


@transaction.atomic
def _write_some(training_id: int) -> bool:
    """Write to the next of them; return whether there may be more. Nobody hears of what has begun or been held."""
    training = Training.objects.select_for_update(of=("self",)).filter(pk=training_id).first()
    if training is None:
        return False
    if training.held_on is None and training.starts_at > clock.now():
        gone = list(queries.no_longer_invited(training)[:CHUNK])
        people = [] if gone else list(queries.unheard(training)[:CHUNK])
        if gone or people:
            _write(training, gone=gone, people=people)
            return True
    if training.told_sequence != training.sequence:
        training.told_sequence = training.sequence
        training.save(update_fields=["told_sequence"])
    return False


def _write(training: Training, *, gone: list[Invitation], people: list[User]) -> None:
    """One letter to each, and what they have heard by it."""
    known = {row.user_id: row for row in training.invitations.filter(user__in=people).select_related("user")}
    rows = gone or [known.get(user.pk) or Invitation(training=training, user=user) for user in people]
    heard = _heard(training, rows)
    post_letters(list(_news(training, rows, heard, cancelled=bool(gone))))
    Invitation.objects.bulk_update([row for row in rows if row.pk], ["sequence", "shift", "cancelled_at"])
    Invitation.objects.bulk_create(row for row in rows if not row.pk)


def _news(
    training: Training, rows: list[Invitation], heard: set[int], *, cancelled: bool
) -> Iterator[tuple["Letter", Unit | None]]:
    """The letters, each with its unit; notes in `rows` what everybody has heard when they are written.

    Somebody to whom nothing has gone out yet is not told of changes, and not of a cancellation at all.
    """
    about = mail.occasion(training)
    unit_of = _unit_of(about, rows)
    for row in rows:
        since, was_invited = row.sequence, row.pk is not None and row.cancelled_at is None
        if row.pk is not None and row.sequence == training.sequence:
            row.shift += 1  # their calendar must see that this is later than what it has
        row.sequence, row.cancelled_at = training.sequence, clock.now() if cancelled else None
        envelope = Envelope(row.user, unit_of.get(row.user_id), row.sequence + row.shift)
        if not cancelled:
            changed = was_invited and row.user_id in heard
            letter = mail.training_changed(about, envelope, since=since) if changed else None
            yield letter or mail.training_booked(about, envelope), envelope.unit
        elif row.user_id in heard:
            yield mail.training_cancelled(about, envelope), envelope.unit


def _heard(training: Training, rows: Iterable[Invitation]) -> set[int]:
    """Those of the invited to whom a letter has gone out, or may have, by primary key; letters that still wait are
    stopped.

    Somebody without any letter was invited before the portal wrote letters like these, and heard it otherwise.
    """
    known = {row.user_id for row in rows if row.pk}
    letters = Message.objects.filter(recipient__in=known, key__startswith=mail.key_prefix(training))
    cancel_messages(letters, reason=_("Ett nyare mejl om utbildningen ersätter det här."))
    written, out = (set(found.values_list("recipient", flat=True)) for found in (letters, letters.maybe_out()))
    return {user for user in known if user in out or user not in written}


def _unit_of(about: Occasion, rows: Iterable[Invitation]) -> dict[int, Unit]:
    """The unit as whose staff each person is invited: where they work now, or did last."""
    units = {unit.pk: unit for unit in about.units}
    memberships = Membership.objects.filter(unit__in=units, user__in=[row.user_id for row in rows])
    latest_first = memberships.order_by(F("ended_on").desc(nulls_first=True), "-started_on", "pk")
    in_order = latest_first.values_list("user", "unit")
    grouped = itertools.groupby(sorted(in_order, key=lambda pair: pair[0]), key=lambda pair: pair[0])
    return {user: units[next(pairs)[1]] for user, pairs in grouped}
