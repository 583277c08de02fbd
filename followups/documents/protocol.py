"""The PDF of a follow-up, for the unit and the file, and where it is kept.

A follow-up never changes once it is recorded, and nothing in its PDF is of today: the same row gives the same bytes.
What happened afterwards, such as a support action that was done, stands in the portal only.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from followups import queries
from followups.models import FollowUp, Promise
from jarfalla import pdf
from units.models import Programme

TEMPLATE = "pdf/follow_up.html"
# The column of the file's name holds 100 characters; the hash must not be what is cut off.
_LONGEST_SLUG = 60
# What stands for a character that no font of ours has.
BLANK = "□"
# What turns the direction of the text, and could make a record say something else than what is stored.
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@dataclass(frozen=True)
class Answered:
    """A question of the protocol, what was answered in a word, and what more was said; both may be empty."""

    question: str
    answer: str
    note: str


@dataclass(frozen=True)
class PrintedFollowUp:
    """A follow-up as it stands on paper; templates/pdf/follow_up.html shows it."""

    unit: str
    title: str  # which of the contacts it was
    round_number: int
    held_on: dt.date
    window: queries.Window | None
    recorded_by: str
    recorded_on: dt.date
    answers: list[Answered]
    support_actions: list[Promise]
    decision: str
    lesson_may_be_shared: bool
    has_blanks: bool  # something could not be printed


def follow_up_pdf(follow_up: FollowUp) -> bytes:
    """The PDF of a recorded follow-up. Raises jarfalla.pdf.PdfProblem when it can't be made right."""
    return pdf.render(TEMPLATE, context(follow_up))


def context(follow_up: FollowUp) -> dict[str, Any]:
    """What templates/pdf/follow_up.html is given; the words are explained there."""
    programme = Programme.current()
    return {
        "programme": programme,
        "printed": printed(follow_up, programme),
        "document_date": follow_up.recorded_at,
    }


@translation.override(settings.LANGUAGE_CODE)
def printed(follow_up: FollowUp, programme: Programme) -> PrintedFollowUp:
    """The follow-up as it stands on paper, in the portal's own language whoever asks.

    What was said is said: a text with characters that can't be printed is printed without them, and the paper says so.
    """
    words = _Words()
    window = queries.window_held(follow_up, programme)
    person = follow_up.recorded_by
    promises = [
        Promise(words(row.what), words(row.owner), row.due_on)
        for row in follow_up.support_actions.order_by("due_on", "pk")
    ]
    return PrintedFollowUp(
        unit=words(follow_up.round.unit.name),
        title=window.title if window else _("Uppföljning"),
        round_number=follow_up.round.number,
        held_on=follow_up.held_on,
        window=window,
        recorded_by=_("samordnaren") if person.is_protected else words(person.name),
        recorded_on=timezone.localdate(follow_up.recorded_at),
        answers=_answers(follow_up, words),
        support_actions=promises,
        decision=follow_up.get_decision_display(),
        lesson_may_be_shared=follow_up.lesson_may_be_shared,
        has_blanks=words.has_blanks,
    )


def _answers(follow_up: FollowUp, words: Callable[[str], str]) -> list[Answered]:
    """The questions in the order of the call, with what was answered; one that was left open stands there too."""
    rows = [
        (_("Fungerar arbetssättet?"), follow_up.get_process_display(), follow_up.process_note),
        (_("Används rutinerna?"), follow_up.get_routines_used_display(), follow_up.routines_note),
        (_("Finns de i verksamhetsplanen?"), follow_up.get_in_plan_display(), ""),
        (_("Vad har blivit annorlunda?"), "", follow_up.effect),
        (_("Vad behöver enheten framöver?"), "", follow_up.needs),
        (_("En lärdom som andra kan ha nytta av"), "", follow_up.lesson),
    ]
    return [Answered(question, str(answer), words(note)) for question, answer, note in rows]


class _Words:
    """Call it with a text; get what of it can be printed. It remembers whether something could not."""

    def __init__(self) -> None:
        self.has_blanks = False

    def __call__(self, text: str) -> str:
        text = text.translate(_TURNING)
        missing = pdf.unprintable(text)
        self.has_blanks = self.has_blanks or bool(missing)
        return text.translate({ord(character): BLANK for character in missing}).strip()


def store_pdf(follow_up: FollowUp, content: bytes) -> tuple[str, str]:
    """Keep `content` under a name made of what it is; return the name and the SHA-256 (jarfalla.pdf.keep)."""
    slug = follow_up.round.unit.slug[:_LONGEST_SLUG]
    return pdf.keep(follow_up.pdf.storage, f"follow-ups/{slug}-{follow_up.pk}", content)
