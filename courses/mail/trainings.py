"""The mails about trainings, one function for each; nothing here writes a row."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from courses import queries
from courses.models import Training
from jarfalla import calendars, clock
from units.mail import Letter, write_letter
from units.models import Programme, Unit, User
from units.queries import StepOnPage, steps_of, units_with_progress


@dataclass(frozen=True)
class Occasion:
    """A training and what its letters say of it, asked for once for all of them."""

    training: Training
    programme: Programme
    units: list[Unit]
    # The four steps of each unit, by its primary key.
    steps: dict[int, list[StepOnPage]]
    parts: int  # of the series; 0 for a training by itself
    # What the training looked like after each change, by its sequence.
    versions: dict[int, Any]


@dataclass(frozen=True)
class Envelope:
    """Whom a letter goes to, as whose staff, and the number that it has in the person's calendar."""

    to: User
    unit: Unit | None
    number: int


def occasion(training: Training) -> Occasion:
    """The training as its letters need it; as many queries for one letter as for a hundred."""
    training = queries.with_units(Training.objects.filter(pk=training.pk)).prefetch_related("rounds__unit").get()
    programme = Programme.current()
    units = [row.round.unit for row in training.training_rounds.all()]
    progress = units_with_progress(Unit.objects.filter(pk__in=[unit.pk for unit in units]), programme, clock.today())
    return Occasion(
        training=training,
        programme=programme,
        units=units,
        steps={unit.pk: steps_of(unit) for unit in progress},
        parts=len(training.series.trainings.all()) if training.series else 0,
        versions=queries.versions(training),
    )


def training_booked(about: Occasion, envelope: Envelope) -> Letter:
    """Invite a person to a training, with a calendar file."""
    with translation.override(envelope.to.language):
        subject = _("Inbjudan: %(title)s, %(day)s") % _named(about.training)
        return _letter("training_booked", about, envelope, subject, method="REQUEST")


def training_changed(about: Occasion, envelope: Envelope, *, since: int) -> Letter:
    """Tell somebody who was invited what has changed since the change number `since`, and how it stands now."""
    with translation.override(envelope.to.language):
        subject = _("Ändrad utbildning: %(title)s, %(day)s") % _named(about.training)
        changes = _changes(about.versions.get(since), about.training)
        return _letter("training_changed", about, envelope, subject, method="REQUEST", changes=changes)


def training_cancelled(about: Occasion, envelope: Envelope) -> Letter:
    """Tell somebody who was invited that the training is cancelled, and why; or that it no longer concerns them."""
    with translation.override(envelope.to.language):
        subject = _("Inställd utbildning: %(title)s, %(day)s")
        if not about.training.cancelled_at:
            subject = _("Inbjudan gäller inte längre: %(title)s, %(day)s")
        return _letter("training_cancelled", about, envelope, subject % _named(about.training), method="CANCEL")


def key_prefix(training: Training) -> str:
    """What the keys of all letters about one training begin with."""
    return f"training:{training.pk}:"


def _letter(
    template: str,
    about: Occasion,
    envelope: Envelope,
    subject: str,
    *,
    method: calendars.Method,
    changes: Sequence[str] = (),
) -> Letter:
    """A letter about one training; one of each number for each person."""
    to, training = envelope.to, about.training
    event = queries.training_event(training, about.programme, attendee=(to.name, to.email))
    return write_letter(
        template,
        key=f"{key_prefix(training)}{envelope.number}:{to.pk}",
        to=to,
        subject=subject,
        context={
            "programme": about.programme,
            "training": training,
            "unit": envelope.unit,
            "units": about.units,
            "steps": about.steps.get(envelope.unit.pk) if envelope.unit else None,
            "parts": about.parts,
            "when": _when(training.starts_at, training.ends_at),
            "changes": changes,
        },
        calendar=calendars.invitation(replace(event, sequence=envelope.number), method=method),
        not_after=training.ends_at or training.starts_at,
    )


def _named(training: Training) -> dict[str, str]:
    """What the subject says."""
    return {"title": training.title, "day": date_format(localtime(training.starts_at), "j F Y")}


def _when(starts_at: dt.datetime, ends_at: dt.datetime | None) -> str:
    """Day and time in the portal's time zone; the day of the end only when it is another."""
    starts = localtime(starts_at)
    said = {"day": date_format(starts, "l j F Y"), "from": f"{starts:%H:%M}", "to": ""}
    if ends_at is None:
        return _("%(day)s kl. %(from)s") % said
    ends = localtime(ends_at)
    other_day = "" if ends.date() == starts.date() else date_format(ends, "j F") + " "
    return _("%(day)s kl. %(from)s–%(to)s") % {**said, "to": f"{other_day}{ends:%H:%M}"}


def _changes(old: Any, new: Training) -> list[str]:
    """A sentence for each thing that is not as the person last heard; `old` is that version, None if it is lost."""
    if old is None:
        return []
    nothing = _("inte bestämt")
    found = []
    before, now = _when(old.starts_at, old.ends_at), _when(new.starts_at, new.ends_at)
    if before != now:
        found.append(_("Ny tid: %(new)s. Tidigare: %(old)s.") % {"new": now, "old": before})
    for name, sentence in (
        ("place", _("Ny plats: %(new)s. Tidigare: %(old)s.")),
        ("meeting_url", _("Ny möteslänk: %(new)s")),
        ("leader", _("Ny ledare: %(new)s. Tidigare: %(old)s.")),
        ("title", _("Ny rubrik: %(new)s. Tidigare: %(old)s.")),
    ):
        if getattr(old, name) != getattr(new, name):
            found.append(sentence % {"new": getattr(new, name) or nothing, "old": getattr(old, name) or nothing})
    if new.invites_staff and not old.invites_staff:
        found.append(_("Nu är all personal inbjuden, inte bara cheferna."))
    elif old.invites_staff and not new.invites_staff:
        found.append(_("Nu är bara cheferna inbjudna."))
    return found
