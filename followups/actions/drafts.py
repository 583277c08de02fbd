"""A protocol is kept while it is written."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from followups import queries
from followups.actions.bookings import require_next_contact
from followups.models import ProtocolDraft
from jarfalla import clock
from units.actions.steps import lock_round
from units.models import Refused, Round, User


class DraftChanged(Refused):
    """Somebody else, or the same person on another screen, has saved the draft since the page was shown to `by`."""

    def __init__(self, draft: ProtocolDraft, *, by: User) -> None:
        self.draft = draft
        said = {
            "name": draft.saved_by.shown_name,
            "time": date_format(timezone.localtime(draft.saved_at), "j F, H.i"),
        }
        if draft.saved_by == by:
            sentence = _(
                "Du har själv sparat något annat i protokollet (%(time)s), kanske i en annan flik. "
                "Det du ser är inte det."
            )
        else:
            sentence = _("%(name)s har sparat något annat i protokollet (%(time)s). Det du ser är inte det.")
        super().__init__(sentence % said)


@transaction.atomic
def save_draft(round_: Round, *, number: int, answers: dict[str, Any], seen: str, by: User) -> ProtocolDraft | None:
    """Keep what has been typed about the round's next contact. `seen` is the word of the draft that the page was filled
    with; the same answers again change nothing, and None is the answer when nothing is written and nothing was.

    Raises Refused for anybody but a coordinator, StepBlocked when that contact is not the next one, and DraftChanged
    rather than write over what somebody else has saved.
    """
    round_ = lock_round(round_)
    require_next_contact(round_, number, by=by)
    draft = queries.draft_of(round_, number)
    if draft and draft.answers == answers:
        return draft
    require_unchanged(draft, seen, by=by)
    if not draft and not _is_written(answers):
        return None
    draft = draft or ProtocolDraft(round=round_, number=number)
    draft.answers, draft.saved_by, draft.saved_at = answers, by, clock.now()
    draft.save()
    return draft


def require_unchanged(draft: ProtocolDraft | None, seen: str, *, by: User) -> None:
    """Raise DraftChanged when the draft is not the one that `seen` is the word of."""
    if draft and queries.seen_of(draft) != seen:
        raise DraftChanged(draft, by=by)


def _is_written(answers: dict[str, Any]) -> bool:
    """Whether anything is answered; the page itself puts today's date there."""
    filled_in = ("held_on", clock.today().isoformat())
    return any(answer != filled_in for answer in answers.items())
