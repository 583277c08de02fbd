"""From approved to in force: the PDF is made and stored, and the old version ends in the same moment."""

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from jarfalla import clock
from jarfalla.celery import enqueue
from jarfalla.pdf import PdfProblem
from routines import documents, mail
from routines.actions.locking import lock_version
from routines.models import RoutineVersion
from units.actions import post_letter
from units.models import User, UserRole

logger = logging.getLogger(__name__)


def publish(version: RoutineVersion) -> RoutineVersion:
    """Put an approved version in force; one that is in force, or has failed and waits for a person, stays as it is.

    When its PDF can't be made or stored, that stands on the version, and the old version stays in force. A lost
    database is not kept there (it could not be): the sweep tries again.
    """
    try:
        return put_in_force(version)
    except (InterfaceError, OperationalError):
        raise
    except PdfProblem as problem:
        logger.warning("version %s could not be published: %s", version.pk, problem)
        return note_publish_failure(version, error=str(problem))
    except Exception as failure:  # whatever breaks, from a full disk to a font, the person who waits must be told
        logger.exception("version %s could not be published", version.pk)
        return note_publish_failure(version, error=f"{type(failure).__name__}: {failure}")


@transaction.atomic
def put_in_force(version: RoutineVersion) -> RoutineVersion:
    """Make the PDF, store it, end the version that was in force, and put this one in its place: all or nothing.

    The routine stays locked meanwhile, so two workers never both do it. Raises what making or storing raises.
    """
    version = lock_version(version)
    if version.approved_at is None or version.in_force_at or version.publish_failed_at:
        return version
    version.pdf.name, version.pdf_sha256 = documents.store_pdf(version, documents.routine_pdf(version))
    version.in_force_at = clock.now()
    version.routine.versions.in_force().update(ended_at=version.in_force_at)
    version.save()
    unit = version.routine.unit
    for person in User.objects.filter(Q(role=UserRole.COORDINATOR) | Q(pk__in=unit.managers())):
        post_letter(mail.routine_in_force(version, person), unit=unit)
    return version


@transaction.atomic
def note_publish_failure(version: RoutineVersion, *, error: str) -> RoutineVersion:
    """Keep why the PDF of an approved version failed, for the page; a version that is in force stays as it is."""
    version = lock_version(version)
    if version.approved_at and not version.in_force_at:
        version.publish_failed_at, version.publish_error = clock.now(), error[:2000].replace("\x00", "")
        version.save()
    return version


@transaction.atomic
def publish_again(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """Let the worker try a failed PDF once more; a version that has not failed stays as it is."""
    version = lock_version(version)
    if version.publish_failed_at and not version.in_force_at:
        version.publish_failed_at, version.publish_error = None, ""
        version.save()
        enqueue("routines.tasks.publish_version", version.pk)
    return version
