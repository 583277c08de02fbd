"""What has been typed into protocols that are not recorded yet."""

from followups.models import ProtocolDraft
from units.models import Round


def draft_of(round_: Round, number: int) -> ProtocolDraft | None:
    """What has been typed about the round's contact `number`."""
    return ProtocolDraft.objects.filter(round=round_, number=number).select_related("saved_by").first()


def seen_of(draft: ProtocolDraft | None) -> str:
    """A word that is another one as soon as somebody has saved the draft again; empty for no draft."""
    return draft.saved_at.isoformat() if draft else ""
