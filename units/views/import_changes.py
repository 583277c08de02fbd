"""What the page shows of a list that waits for a decision."""

from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from units.forms import ChangesForm
from units.imports.lists import spec_of
from units.models import ListImport, Verdict

ROWS_PER_PAGE = 50


class Counted(TypedDict):
    """How many rows have one verdict, and how many of them are left out or not shown."""

    verdict: str
    n: int
    left_out: int
    hidden: int


def count_rows(kept: ListImport) -> dict[str, Counted]:
    """Verdict → how many rows have it; one query."""
    left_out, hidden = Count("pk", filter=Q(is_excluded=True)), Count("pk", filter=Q(is_hidden=True))
    rows = kept.rows.order_by().values("verdict").annotate(n=Count("pk"), left_out=left_out, hidden=hidden)
    return {row["verdict"]: Counted(**row) for row in rows}


def doubts(kept: ListImport, counts: Mapping[str, Counted]) -> dict[Verdict, str]:
    """The sorts of changes that are suspiciously many, each with a sentence about it."""
    return spec_of(kept.kind).doubtful(kept, {verdict: row["n"] for verdict, row in counts.items()})


def changes_form(kept: ListImport, data: Any = None, counts: dict[str, Counted] | None = None) -> ChangesForm:
    """The sorts of changes that the list has; all are ticked, except those that are doubtful."""
    counts = counts or count_rows(kept)
    found = [verdict for verdict in spec_of(kept.kind).verdicts if verdict in counts]
    ticked = [verdict.value for verdict in found if verdict not in doubts(kept, counts)]
    choices = [(verdict.value, describe(verdict, counts[verdict])) for verdict in found]
    return ChangesForm(data, choices=choices, initial={"verdicts": ticked})


def describe(verdict: Verdict, counted: Counted) -> str:
    """What is ticked: the sort of change, and how many rows would be saved."""
    sentence = ngettext("%(verdict)s: %(n)s rad", "%(verdict)s: %(n)s rader", counted["n"] - counted["left_out"])
    text = sentence % {"verdict": verdict.label, "n": counted["n"] - counted["left_out"]}
    return text + _(" (%(n)s tas inte med)") % {"n": counted["left_out"]} if counted["left_out"] else text


def changes_context(kept: ListImport, query: Mapping[str, str], form: ChangesForm | None = None) -> dict[str, Any]:
    """The counts, and the rows of the chosen verdict (`visa`), a page at a time."""
    spec, counts = spec_of(kept.kind), count_rows(kept)
    tabs = [verdict for verdict in (*spec.verdicts, Verdict.REFUSED, Verdict.UNCHANGED) if verdict in counts]
    shown = next((verdict for verdict in tabs if verdict == query.get("visa")), tabs[0] if tabs else Verdict.UNCHANGED)
    found = kept.rows.filter(verdict=shown, is_hidden=False).order_by(F("line").asc(nulls_last=True), "pk")
    page = Paginator(found, ROWS_PER_PAGE).get_page(query.get("page"))
    is_refused = shown == Verdict.REFUSED
    return {
        "list_import": kept,
        "spec": spec,
        "form": form or changes_form(kept, counts=counts),
        "has_changes": any(verdict in counts for verdict in spec.verdicts),
        "refused_count": counts[Verdict.REFUSED]["n"] if Verdict.REFUSED in counts else 0,
        "doubts": list(doubts(kept, counts).values()),
        "tabs": [(verdict, counts[verdict]["n"]) for verdict in tabs],
        "shown": shown,
        "is_refused": is_refused,
        "may_exclude": shown in spec.verdicts,
        "columns": spec.columns(shown),
        "rows": [(row, [spec.sentence(row)] if is_refused else spec.cells(row)) for row in page],
        "page_obj": page,
        "query": f"?{urlencode({'visa': shown.value})}&",
        "hidden_count": counts[shown]["hidden"] if shown in counts else 0,
    }
