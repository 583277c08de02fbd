"""Reminders as letters. Nothing here writes a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from followups.mail.wording import HEADINGS, meeting_starts_at, wording
from followups.models import Reminder, RuleKind
from followups.permissions import pause_token
from jarfalla import clock
from units.mail import Letter, write_letter
from units.models import Programme, Step, User

# So many stand in a digest; how many more there are stands below them.
MOST_IN_DIGEST = 50
# The list that mail programs may sort digests by (List-Id).
LIST = "paminnelser"
# What is about a contact's window, and the state that step 4 has then in templates/email/_steps.html.
_WINDOW = {
    RuleKind.OPENS: "next",
    RuleKind.TWO_MONTHS_LEFT: "next",
    RuleKind.ONE_MONTH_LEFT: "next",
    RuleKind.MEETING: "next",
    RuleKind.SUPPORT_ACTION: "next",
    RuleKind.OVERDUE: "overdue",
    RuleKind.ESCALATED: "overdue",
}
_URGENT = (RuleKind.OVERDUE, RuleKind.ESCALATED)


@dataclass(frozen=True)
class Sender:
    """In whose name reminders go out, and whom their readers can ask."""

    programme: Programme
    coordinators: Sequence[User]

    def whom_to_ask(self, to: User) -> Sequence[User]:
        """The coordinators, for everybody who is none."""
        return () if to.is_coordinator else self.coordinators


def reminder(row: Reminder, *, key: str, to: User, sender: Sender) -> Letter:
    """A letter that says one thing."""
    with translation.override(to.language):
        said = wording(row, to)
    return write_letter(
        "reminder",
        key=key,
        to=to,
        subject=said.title,
        context={
            "programme": sender.programme,
            "said": said,
            "steps": _steps(row),
            "coordinators": sender.whom_to_ask(to),
        },
        list_name=LIST,
        not_after=meeting_starts_at(row) if row.kind == RuleKind.MEETING else None,
    )


def digest(
    rows: Sequence[Reminder], *, total: int, late: int, key: str, to: User, sender: Sender, pause_url: str = ""
) -> Letter:
    """A letter that says several things of one day, most urgent first: `rows`, of `total`, of which `late` are about
    late follow-ups."""
    with translation.override(to.language):
        groups = [_group(RuleKind(kind), list(some), to) for kind, some in groupby(rows, key=lambda row: row.kind)]
        subject = _subject(total, late, sender.programme)
    more = total - len(rows)
    has_pages = any(said.path for group in groups for said in group["rows"])
    context = {
        "programme": sender.programme,
        "groups": groups,
        "total": total,
        "more": more,
        # Who stands above a manager, and nothing else, has no page to open.
        "all_path": reverse("follow_ups" if to.is_coordinator else "start") if has_pages else "",
        "coordinators": sender.whom_to_ask(to),
        "pause_url": pause_url,
    }
    return write_letter("digest", key=key, to=to, subject=subject, context=context, list_name=LIST, pause_url=pause_url)


def pause_url(to: User) -> str:
    """Where the reader of a digest written today pauses them, without signing in."""
    path = reverse("digest_pause", args=[pause_token(to, clock.today())])
    return f"{settings.BASE_URL}{path}"


def _subject(total: int, late: int, programme: Programme) -> str:
    words: dict[str, Any] = {"n": total, "programme": programme.name}
    if late:
        words["late"] = late
        return (
            ngettext(
                "%(n)s påminnelser från %(programme)s: %(late)s försenad uppföljning",
                "%(n)s påminnelser från %(programme)s: %(late)s försenade uppföljningar",
                late,
            )
            % words
        )
    return _("%(n)s påminnelser från %(programme)s") % words


def _group(kind: RuleKind, rows: Sequence[Reminder], to: User) -> dict[str, Any]:
    """The reminders of one kind, with what stands above them."""
    said = [wording(row, to) for row in rows]
    return {"heading": str(HEADINGS[kind]), "is_urgent": kind in _URGENT, "rows": said}


def _steps(row: Reminder) -> list[dict[str, Any]]:
    """The four steps at the top of the letter, where the reminder says how they stand."""
    kind = RuleKind(row.kind)
    if kind in _WINDOW:
        at, state = Step.FOLLOW_UP, _WINDOW[kind]
    elif kind == RuleKind.STALLED:
        at, state = Step(int(row.details["step"])), "next"
    else:
        return []
    states = {True: "done", False: "waiting"}
    return [{"number": step.value, "state": state if step == at else states[step < at]} for step in Step]
