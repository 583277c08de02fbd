"""From approved to in force: the PDF is made and stored, and the old version ends in the same moment."""

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jarfalla import clock, work
from jarfalla.celery import enqueue
from jarfalla.pdf import PdfProblem
from routines import documents, mail, queries
from routines.actions.locking import lock_version
from routines.actions.registry import note_printed
from routines.actions.searching import note_words
from routines.models import RoutineVersion, VersionState
from units.actions import post_letters
from units.models import Programme, Refused, User, UserRole
from units.queries import steps_on_page

logger = logging.getLogger(__name__)

# So often a version is tried whose worker died each time.
MOST_ATTEMPTS = 3


@transaction.atomic
def publish(version: RoutineVersion) -> RoutineVersion:
    """Put an approved version in force; one that is in force, or has failed and waits for a person, stays as it is,
    and so does one that another worker is at.

    When its PDF can't be made or stored, that stands on the version, and the old version stays in force. A lost
    database is not kept there (it could not be): the sweep tries again.
    """
    has_hold = work.take_hold(work.PUBLICATIONS, version.pk)
    version = RoutineVersion.objects.select_related("routine").get(pk=version.pk)
    if not has_hold or not is_waiting(version):
        return version
    if version.publish_attempts >= MOST_ATTEMPTS:
        logger.error("version %s was given up after %s tries", version.pk, version.publish_attempts)
        return note_publish_failure(version, error=_("Portalen började om tre gånger utan att bli klar med PDF:en."))
    _count_try(version)
    try:
        return put_in_force(version)
    except (InterfaceError, OperationalError):
        raise
    except (PdfProblem, Refused) as problem:
        logger.warning("version %s could not be published: %s", version.pk, problem)
        return note_publish_failure(version, error=str(problem))
    except Exception as failure:  # whatever breaks, from a full disk to a font, the person who waits must be told
        logger.exception("version %s could not be published", version.pk)
        return note_publish_failure(version, error=f"{type(failure).__name__}: {failure}")


def _count_try(version: RoutineVersion) -> None:
    """Keep that a try has begun, whatever becomes of it: one that takes its worker with it leaves no other trace."""
    side = work.SideConnection()
    try:
        side.write(
            "UPDATE routines_routineversion SET publish_attempts = publish_attempts + 1 WHERE id = %s", [version.pk]
        )
    finally:
        side.close()


def is_waiting(version: RoutineVersion) -> bool:
    """Whether the worker has something to do about the version."""
    return version.state == VersionState.APPROVED


@transaction.atomic
def put_in_force(version: RoutineVersion) -> RoutineVersion:
    """Make the PDF, store it, end the version that was in force, and put this one in its place: all or nothing.

    The routine stays locked meanwhile, so two workers never both do it. Raises what making or storing raises, and
    Refused when a newer version is in force.
    """
    version = lock_version(version)
    if not is_waiting(version):
        return version
    if refusal := queries.in_the_way(version):
        raise Refused(refusal)
    version.pdf.name, version.pdf_sha256 = documents.store_pdf(version, documents.routine_pdf(version))
    note_printed(version)
    version.in_force_at, version.words = clock.now(), documents.words(version)
    version.routine.versions.in_force().update(ended_at=version.in_force_at)
    version.save()
    note_words(version)
    _tell_that_it_is_in_force(version)
    return version


def _tell_that_it_is_in_force(version: RoutineVersion) -> None:
    """A letter to the unit's managers, and to the coordinators unless they published a hundred corrections at once."""
    unit = version.routine.unit
    told = Q(pk__in=unit.managers())
    if not queries.is_carried(version):
        told |= Q(role=UserRole.COORDINATOR)
    programme, steps = Programme.current(), steps_on_page(unit)
    post_letters(
        (mail.routine_in_force(version, person, programme=programme, steps=steps), unit)
        for person in User.objects.filter(told)
    )


@transaction.atomic
def note_publish_failure(version: RoutineVersion, *, error: str) -> RoutineVersion:
    """Keep why the PDF of an approved version failed, for the page; a version that does not wait stays as it is."""
    version = lock_version(version)
    if is_waiting(version):
        version.publish_failed_at, version.publish_error = clock.now(), error[:2000].replace("\x00", "")
        version.save()
    return version


@transaction.atomic
def publish_again(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """Let the worker try a failed PDF once more; a version that has not failed stays as it is."""
    version = lock_version(version)
    if version.state == VersionState.FAILED:
        version.publish_failed_at, version.publish_error, version.publish_attempts = None, "", 0
        version.save()
        enqueue("routines.tasks.publish_version", version.pk)
    return version
