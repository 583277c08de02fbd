"""Reminders of routines that are to be looked over."""

import datetime as dt
from functools import partial

from django.conf import settings
from django.utils import timezone

from jarfalla import clock
from jarfalla.celery import run_all
from routines import mail, queries
from units.actions import post_letter


def remind_of_reviews_if_due() -> None:
    """Write today's reminders once the day's hour for them has come (settings.SWEEP_HOUR).

    Beat asks every minute and a letter's key keeps it from being written twice, so a day that nobody swept is made up
    for the next one, with what is true then.
    """
    if timezone.localtime(clock.now()).hour >= settings.SWEEP_HOUR:
        remind_of_reviews(on=clock.today())


def remind_of_reviews(*, on: dt.date) -> None:
    """Tell owners and coordinators of each routine to look over, ahead of the day and, month by month, after it."""
    run_all(partial(_remind, reminder) for reminder in queries.review_reminders(on=on) if reminder.to.gets_mail)


def _remind(reminder: queries.ReviewReminder) -> None:
    post_letter(mail.routine_review(reminder), unit=reminder.version.routine.unit)
