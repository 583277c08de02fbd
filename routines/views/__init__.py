"""Pages of step 3: reading routines, writing them, deciding about them, and whom to call."""

from routines.views.autosave import section_presence, section_save
from routines.views.checking import check
from routines.views.deciding import routine_approve, routine_publish_again, routine_review
from routines.views.exports import binder, binder_new, export, export_cancel, export_file, export_new, exports
from routines.views.offers import offer_answer, offers
from routines.views.reading import routine, routine_pdf
from routines.views.receipts import receipts, receipts_remind, routine_read
from routines.views.registry import (
    contact_checked,
    contact_edit,
    contact_new,
    contact_retire,
    contacts,
    law_checked,
    law_edit,
    law_new,
    law_retire,
    laws,
)
from routines.views.republishing import affected, republish
from routines.views.search import routines
from routines.views.sharing import routine_adopt, routine_share, routine_unshare, shared_routines
from routines.views.step_3 import plan_entry_new, plan_entry_withdraw, routine_new, routines_complete, step_3
from routines.views.templates import (
    routine_templates,
    template,
    template_new,
    template_retire,
    template_section,
    template_section_move,
    template_section_new,
    template_section_remove,
)
from routines.views.versions import (
    routine_compare,
    routine_discard,
    routine_version,
    routine_version_pdf,
    routine_versions,
    routine_withdraw,
)
from routines.views.writing import routine_new_version, routine_submit, routine_write, version_details

__all__ = [
    "affected",
    "binder",
    "binder_new",
    "check",
    "contact_checked",
    "contact_edit",
    "contact_new",
    "contact_retire",
    "contacts",
    "export",
    "export_cancel",
    "export_file",
    "export_new",
    "exports",
    "law_checked",
    "law_edit",
    "law_new",
    "law_retire",
    "laws",
    "offer_answer",
    "offers",
    "plan_entry_new",
    "plan_entry_withdraw",
    "receipts",
    "receipts_remind",
    "republish",
    "routine",
    "routine_adopt",
    "routine_approve",
    "routine_compare",
    "routine_discard",
    "routine_new",
    "routine_new_version",
    "routine_pdf",
    "routine_publish_again",
    "routine_read",
    "routine_review",
    "routine_share",
    "routine_submit",
    "routine_templates",
    "routine_unshare",
    "routine_version",
    "routine_version_pdf",
    "routine_versions",
    "routine_withdraw",
    "routine_write",
    "routines",
    "routines_complete",
    "section_presence",
    "section_save",
    "shared_routines",
    "step_3",
    "template",
    "template_new",
    "template_retire",
    "template_section",
    "template_section_move",
    "template_section_new",
    "template_section_remove",
    "version_details",
]
