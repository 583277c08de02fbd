"""Pages of step 3: reading routines, writing them, deciding about them, and whom to call."""

from routines.views.contacts import contact_checked, contacts
from routines.views.deciding import routine_approve, routine_publish_again, routine_review
from routines.views.reading import routine, routine_pdf, routines
from routines.views.step_3 import routine_new, routines_complete, step_3
from routines.views.writing import routine_new_version, routine_submit, routine_write

__all__ = [
    "contact_checked",
    "contacts",
    "routine",
    "routine_approve",
    "routine_new",
    "routine_new_version",
    "routine_pdf",
    "routine_publish_again",
    "routine_review",
    "routine_submit",
    "routine_write",
    "routines",
    "routines_complete",
    "step_3",
]
