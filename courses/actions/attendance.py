"""Who came to a training: ticked off in a list, or by the QR code on the wall."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from courses import queries
from courses.actions.sign_ups import lock_training
from courses.models import Attendance, AttendanceSource, Training
from jarfalla import clock
from units.models import Refused, User

# How long before the start the code on the wall begins to count.
DOORS_OPEN = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Roll:
    """What a list says: who came, who did not after all, and how many came without a name.

    Whoever is in neither collection is left as they are: somebody else may have recorded them meanwhile.
    """

    present: Collection[User]
    absent: Collection[User]
    # By the primary key of the training's row for the unit.
    headcounts: Mapping[int, int | None]
    # None leaves the number of the others as it is.
    others: tuple[int | None] | None = None


@transaction.atomic
def record_attendance(training: Training, roll: Roll, *, by: User) -> int:
    """Record who came to a training; return how many are recorded by name now. Repeating it changes nothing.

    Raises Refused before the training has begun, for one that was cancelled, for a person whom it was not for, and
    for more of a unit than work there.
    """
    training = lock_training(training)
    _require_begun(training)
    recorded = set(queries.recorded_people(training))
    absent = {person.pk for person in roll.absent} - {person.pk for person in roll.present}
    standing = training.attendances.filter(withdrawn_at__isnull=True)
    standing.filter(user__in=absent & recorded).update(withdrawn_at=clock.now(), withdrawn_by=by)
    newcomers = {person.pk: person for person in roll.present if person.pk not in recorded}
    if queries.may_attend(training).filter(pk__in=newcomers).count() < len(newcomers):
        raise Refused(_("Alla som registreras måste finnas på en inbjuden enhets personallista."))
    Attendance.objects.bulk_create(
        Attendance(training=training, user=person, recorded_by=by) for person in newcomers.values()
    )
    for row in training.training_rounds.filter(pk__in=roll.headcounts).select_related("round__unit"):
        headcount = roll.headcounts[row.pk]
        queries.require_attendance(training, row.round.unit, on=queries.day_of(training), headcount=headcount)
        if row.headcount != headcount:
            row.headcount = headcount
            row.save()
    if roll.others is not None and training.headcount != roll.others[0]:
        [training.headcount] = roll.others
        training.save()
    return standing.count()


@transaction.atomic
def attend(training: Training, user: User) -> Attendance:
    """Record that the person is here, by the code on the wall; return the first record when there is one.

    Raises Refused for somebody whom the training is not for, and on any other day than its own.
    """
    training = lock_training(training)
    if not queries.may_attend(training).filter(pk=user.pk).exists():
        raise Refused(_("Utbildningen är inte för någon av dina enheter. Fråga den som leder den."))
    if first := training.attendances.filter(user=user, withdrawn_at__isnull=True).first():
        return first
    _require_today(training)
    return training.attendances.create(user=user, recorded_by=user, source=AttendanceSource.QR)


def _require_begun(training: Training) -> None:
    """Raise Refused unless there is something to record."""
    if training.cancelled_at:
        raise Refused(_("Utbildningen är inställd."))
    if training.starts_at > clock.now():
        raise Refused(_("Utbildningen har inte börjat än. Närvaron går att registrera när den har börjat."))


def _require_today(training: Training) -> None:
    """Raise Refused except from an hour before the training until midnight."""
    if training.cancelled_at:
        raise Refused(_("Utbildningen är inställd."))
    if clock.now() < training.starts_at - DOORS_OPEN:
        raise Refused(_("Utbildningen har inte börjat än. Skanna koden igen när du är på plats."))
    if clock.today() > queries.day_of(training):
        raise Refused(_("Utbildningen är över. Be din chef att registrera dig."))
