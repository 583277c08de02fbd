"""Trainings as they stand in calendars: in invitations, in files to fetch and in personal feeds, all the same."""

import datetime as dt

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.models import SignUp, Training
from jarfalla.calendars import Event, uid
from units.models import Programme, User


def training_events(user: User, programme: Programme, *, since: dt.datetime) -> list[Event]:
    """The trainings that begin after `since` and are the person's own, in order: those that they may open, and open
    occasions where they have a place. None for a reader. As many queries for one as for many.
    """
    if user.is_reader:
        return []
    places = dict(SignUp.objects.placed().filter(user=user).values_list("training", "token"))
    own = Training.objects.visible_to(user).order_by().values("pk")
    trainings = (
        Training.objects.filter(Q(pk__in=own) | Q(pk__in=places), starts_at__gte=since)
        .prefetch_related("rounds__unit")
        .order_by("starts_at", "pk")
    )
    return [
        training_event(
            training,
            programme,
            path=reverse("sign_up_done", args=[places[training.pk]]) if training.pk in places else "",
        )
        for training in trainings
    ]


def training_event(
    training: Training, programme: Programme, *, attendee: tuple[str, str] | None = None, path: str = ""
) -> Event:
    """The training as an event, in the language that is active; `path` is where more stands, else its own page.

    Its UID is the training's for ever and its SEQUENCE the training's own, so that a file with a change replaces
    what the calendar had.
    """
    cancelled = training.cancelled_at is not None
    title = _("Inställd: %(title)s") % {"title": training.title} if cancelled else training.title
    return Event(
        uid=uid("utbildning", training.pk),
        sequence=training.sequence,
        starts=training.starts_at,
        ends=training.ends_at,
        summary=title,
        description=_description(training),
        location=training.place or training.meeting_url,
        url=settings.BASE_URL + (path or reverse("training", args=[training.pk])),
        status="CANCELLED" if cancelled else "CONFIRMED",
        organizer=(programme.sender_name, programme.sender_email),
        attendee=attendee,
    )


def _description(training: Training) -> str:
    """For whom, with whom and how to join; one line each, only what is known."""
    units = sorted(round_.unit.name for round_ in training.rounds.all())
    lines = [
        _("Inställd: %(reason)s") % {"reason": training.cancelled_reason} if training.cancelled_reason else "",
        _("För: %(units)s") % {"units": ", ".join(units)} if units else "",
        _("Ledare: %(leader)s") % {"leader": training.leader} if training.leader else "",
        _("Möteslänk: %(link)s") % {"link": training.meeting_url} if training.meeting_url else "",
    ]
    return "\n".join(line for line in lines if line)
