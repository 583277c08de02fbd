"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from routines.actions.contacts import check_contact, seed_contacts
from routines.actions.deciding import approve_version, endorse_version, return_version, submit_version
from routines.actions.publishing import note_publish_failure, publish, publish_again, put_in_force
from routines.actions.steps import complete_routines
from routines.actions.templates import seed_templates
from routines.actions.writing import create_routine, start_version, write_sections

__all__ = [
    "approve_version",
    "check_contact",
    "complete_routines",
    "create_routine",
    "endorse_version",
    "note_publish_failure",
    "publish",
    "publish_again",
    "put_in_force",
    "return_version",
    "seed_contacts",
    "seed_templates",
    "start_version",
    "submit_version",
    "write_sections",
]
