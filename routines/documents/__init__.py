"""What becomes PDF: a version, a unit's binder; and the files that are made of many."""

from routines.documents.archive import BrokenFile, input_sha256, write_all, write_archive
from routines.documents.binder import binder_input_sha256, binder_pdf
from routines.documents.routine import context, routine_pdf, store_pdf, words

__all__ = [
    "BrokenFile",
    "binder_input_sha256",
    "binder_pdf",
    "context",
    "input_sha256",
    "routine_pdf",
    "store_pdf",
    "words",
    "write_all",
    "write_archive",
]
