"""The binder of a unit: everything that is in force there, as one PDF."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

from jarfalla import pdf
from routines import queries
from routines.documents.routine import PrintedVersion, printed
from routines.models import RoutineVersion
from units.models import Programme, Unit
from units.queries import swedish_order

TEMPLATE = "pdf/binder.html"
# Told how many of how many routines are done; what it raises, for a cancelled export, ends the work and comes through.
OnStep = Callable[[int, int], object]


def binder_pdf(unit: Unit, on_step: OnStep | None = None) -> bytes:
    """The PDF of everything in force at `unit`, with the registries' present wording. Raises jarfalla.pdf.PdfProblem.

    The same routines and registries give the same bytes on any day: nothing in it is of today. `on_step(done, total)`
    is called while the pages are laid out: how far the routines have come, by a guess of how long each is.
    """
    given = context(unit)
    on_page = _routines_done(given["routines"], on_step) if on_step else None
    content = pdf.render(TEMPLATE, given, on_page=on_page)
    if on_step:
        on_step(len(given["routines"]), len(given["routines"]))
    return content


def binder_input_sha256(unit: Unit) -> str:
    """What the binder would be made of, as a hash: while it stays the same, so does the PDF."""
    return pdf.source_sha256(TEMPLATE, context(unit))


def context(unit: Unit) -> dict[str, Any]:
    """What templates/pdf/binder.html is given; the words are explained there."""
    versions = list(
        RoutineVersion.objects.in_force()
        .filter(routine__unit=unit)
        .select_related("routine__unit", "approved_by")
        .defer("words", "search")
        # What `printed` reads of each, for all of them at once.
        .prefetch_related("sections__placed_contacts__contact", "sections__placed_references__reference")
        .order_by(swedish_order("routine__title"), "pk")
    )
    return {
        "programme": Programme.current(),
        "unit": unit,
        "routines": [printed(version) for version in versions],
        "contacts": list(queries.contacts().filter(retired_at__isnull=True)),
        "document_date": max(
            (version.in_force_at for version in versions if version.in_force_at), default=unit.created_at
        ),
    }


def _routines_done(routines: list[PrintedVersion], on_step: OnStep) -> Callable[[int], None]:
    """What to tell `on_step` when a page is laid out."""
    ends = list(accumulate((_pages(row) for row in routines), initial=2))[1:]  # after the cover and the contents
    told = -1

    def on_page(number: int) -> None:
        nonlocal told
        done = sum(end < number for end in ends[:-1])
        if done > told:
            told = done
            on_step(done, len(routines))

    return on_page


def _pages(row: PrintedVersion) -> int:
    """About how many pages a routine takes."""
    letters = sum(len(section.html) + sum(map(len, section.points)) + 400 for section in row.sections)
    return 1 + letters // 3000
