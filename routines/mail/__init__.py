"""Letters about routines. Nothing here writes a row."""

from routines.mail.deciding import routine_in_force, routine_verdict, routine_withdrawn, verdict_key
from routines.mail.exports import export_ended
from routines.mail.receipts import routine_unread

__all__ = [
    "export_ended",
    "routine_in_force",
    "routine_unread",
    "routine_verdict",
    "routine_withdrawn",
    "verdict_key",
]
