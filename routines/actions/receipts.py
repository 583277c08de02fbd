"""Read and understood."""

from django.db import transaction
from django.utils.translation import gettext as _

from routines import mail, queries
from routines.models import ReadReceipt, Routine, RoutineVersion
from units.actions import post_letters
from units.models import Programme, Refused, User
from units.queries import steps_on_page


@transaction.atomic
def note_read(version: RoutineVersion, *, by: User) -> ReadReceipt:
    """`by` has read this version and understood it; return the receipt that says so already.

    Raises Refused when the routine does not apply to `by`, and when another substance is in force: it has to be read.
    A correction that came while somebody was reading changes nothing. No row is locked: a publication holds the
    routine for seconds, and whoever reads must not wait for it.
    """
    routine = version.routine
    in_force = routine.versions.in_force().first()
    if in_force is None or in_force.major != version.major or version.in_force_at is None:
        raise Refused(_("Rutinen har ändrats sedan du öppnade sidan. Läs den som gäller nu."))
    if not queries.works_in_unit_of(routine, by):
        raise Refused(_("Det här gör den som arbetar i enheten."))
    standing = ReadReceipt.objects.filter(user=by, version__routine=routine, version__major=version.major).first()
    return standing or ReadReceipt.objects.get_or_create(user=by, version=version)[0]


@transaction.atomic
def remind_unread(routine: Routine, *, by: User) -> int:
    """Write to those who have not read the version in force; return how many letters that made.

    At most one a day for each person. Nobody with protected data gets a letter, nor the one who asks for it. Raises
    Refused when no version is in force.
    """
    version = routine.versions.in_force().select_related("routine__unit").first()
    if version is None:
        raise Refused(_("Rutinen gäller inte än, så ingen har något att läsa."))
    unit, programme = routine.unit, Programme.current()
    written = set(queries.reminders_of(routine).values_list("key", flat=True))
    people = [
        person
        for person in queries.remaining(version)
        if person.gets_mail and person != by and queries.reminder_key(routine, person) not in written
    ]
    steps = steps_on_page(unit)
    letters = [mail.routine_unread(version, person, programme=programme, steps=steps) for person in people]
    if letters:
        post_letters((letter, unit) for letter in letters)
    return len(letters)
