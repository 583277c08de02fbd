"""The mails to those who signed up to an open occasion. What a guest typed never stands in them: anybody may have
typed it, with anybody's address.
"""

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.models import SignUp, SignUpMail
from courses.queries import training_event
from jarfalla import calendars
from units.mail import Guest, Letter, write_letter
from units.models import Programme

Words = Callable[[], str]


def sign_up_placed(sign_up: SignUp, *, had_to_wait: bool) -> Letter:
    """Confirm that the person has the places, with a calendar file; or that the wait is over."""
    return _letter(
        sign_up,
        "promoted" if had_to_wait else "signed_up",
        subject=lambda: (
            (_("Du har fått plats: %(title)s") if had_to_wait else _("Du är anmäld: %(title)s"))
            % {"title": sign_up.training.title}
        ),
        news=lambda: _you_have_places(sign_up.seats),
        asks=lambda: _("Får du förhinder? Avanmäl dig, så får någon annan platsen."),
        calendar="REQUEST",
        not_after=_end(sign_up),
    )


def sign_up_waiting(sign_up: SignUp, *, number: int) -> Letter:
    """Tell the person which number they have on the waiting list."""
    return _letter(
        sign_up,
        "signed_up",
        subject=lambda: _("Du står på väntelistan: %(title)s") % {"title": sign_up.training.title},
        news=lambda: _you_wait(sign_up.seats, number),
        asks=lambda: _("Vill du inte vänta längre? Avanmäl dig."),
        not_after=_end(sign_up),
    )


def sign_up_withdrawn(sign_up: SignUp) -> Letter:
    """Confirm that the person is no longer signed up, and strike the occasion out of their calendar."""
    had_place = sign_up.placed_at is not None and not _is_invited(sign_up)
    return _letter(
        sign_up,
        "withdrawn",
        subject=lambda: _("Du är avanmäld: %(title)s") % {"title": sign_up.training.title},
        news=lambda: _("Du är inte längre anmäld till utbildningen."),
        calendar="CANCEL" if had_place else None,
    )


def sign_up_changed(sign_up: SignUp) -> Letter:
    """Tell the person what holds now that the training has been changed."""
    return _letter(
        sign_up,
        f"change:{sign_up.training.sequence}",
        subject=lambda: _("Ändrad utbildning: %(title)s") % {"title": sign_up.training.title},
        news=lambda: (
            _("Utbildningen har ändrats. Så här gäller nu. Du har kvar din plats.")
            if sign_up.placed_at
            else _("Utbildningen har ändrats. Så här gäller nu. Du står kvar på väntelistan.")
        ),
        asks=lambda: _("Passar det inte längre? Avanmäl dig, så får någon annan platsen."),
        calendar="REQUEST" if sign_up.placed_at else None,
        not_after=_end(sign_up),
    )


def sign_up_cancelled(sign_up: SignUp) -> Letter:
    """Tell the person that the training does not come about."""
    return _letter(
        sign_up,
        "cancelled",
        subject=lambda: _("Inställd utbildning: %(title)s") % {"title": sign_up.training.title},
        news=lambda: _("Utbildningen är inställd. Du behöver inte avanmäla dig."),
        calendar="CANCEL" if sign_up.placed_at else None,
        not_after=_end(sign_up),
    )


def sign_up_message(sign_up: SignUp, mail: SignUpMail) -> Letter:
    """What the coordinator has written to those who signed up."""
    return _letter(sign_up, f"mail:{mail.pk}", subject=lambda: mail.subject, news=lambda: mail.text)


def _letter(
    sign_up: SignUp,
    why: str,
    *,
    subject: Words,
    news: Words,
    asks: Words = str,
    calendar: calendars.Method | None = None,
    not_after: dt.datetime | None = None,
) -> Letter:
    """A letter about one sign-up, in the person's language; one of each sort."""
    to = sign_up.user or Guest(name=sign_up.name, email=sign_up.email, language=sign_up.language)
    with translation.override(to.language):
        return write_letter(
            "sign_up",
            key=f"{key_prefix(sign_up)}{why}",
            to=to,
            subject=subject(),
            context={
                "training": sign_up.training,
                "sign_up": sign_up,
                "greeting": sign_up.user.name if sign_up.user else "",
                "news": news(),
                "asks": asks(),
                "link": settings.BASE_URL + reverse("sign_up_done", args=[sign_up.token]),
            },
            calendar=_calendar(sign_up, calendar) if calendar else "",
            not_after=not_after,
        )


def key_prefix(sign_up: SignUp) -> str:
    """What the keys of all letters about one sign-up begin with."""
    return f"sign_up:{sign_up.pk}:"


def _you_have_places(seats: int) -> str:
    said = ngettext("Du har en plats på utbildningen.", "Du har %(n)s platser på utbildningen.", seats)
    return said % {"n": seats}


def _you_wait(seats: int, number: int) -> str:
    said = ngettext(
        "Utbildningen är full. Du har nummer %(number)s på väntelistan och får ett mejl om du får plats.",
        "Det finns inte %(n)s lediga platser. Du har nummer %(number)s på väntelistan. Får ni plats kommer ett mejl.",
        seats,
    )
    return said % {"n": seats, "number": number}


def _end(sign_up: SignUp) -> dt.datetime:
    """After this nobody needs to hear of the training."""
    return sign_up.training.ends_at or sign_up.training.starts_at


def _is_invited(sign_up: SignUp) -> bool:
    """Whether the training stays in the person's calendar because their unit is invited."""
    return (
        sign_up.user is not None
        and sign_up.training.invitations.filter(user=sign_up.user, cancelled_at__isnull=True).exists()
    )


def _calendar(sign_up: SignUp, method: calendars.Method) -> str:
    """The calendar file that goes along; the same event as in every other mail about the training."""
    # A calendar program knows people by the address that the letter goes to.
    attendee = (sign_up.user.name, sign_up.user.email) if sign_up.user else ("", sign_up.email)
    path = reverse("sign_up_done", args=[sign_up.token])
    event = training_event(sign_up.training, Programme.current(), attendee=attendee, path=path)
    return calendars.invitation(event, method=method)
