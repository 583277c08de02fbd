"""Importing a long list takes little memory; tests/benchmarks/bench_import.py measures 50,000 rows."""

import random
import tracemalloc

import pytest

from jarfalla.tables import open_table
from tests import factories
from tests.jarfalla import lists
from units import actions
from units.imports.lists import guess_columns, spec_of
from units.models import ImportKind, ImportState, ListImport, Membership

FEW, MANY = 1_000, 5_000
# A row that waits in memory for its verdict is about half of this.
BYTES_PER_ROW = 3_000


def peak_of_import(rows: int) -> int:
    """The most bytes that Python holds while so many new people are imported, beyond what it held before."""
    chance = random.Random(lists.SEED)
    people = [lists.person(chance, number) for number in range(rows)]
    cells = [[f"{first} {last}", f"{rows}.{email}", "Åsskolan"] for first, last, email in people]
    content = lists.as_csv([["Namn", "E-post", "Enhet"], *cells]).encode("cp1252")
    del people, cells
    table = open_table("personal.csv", content)
    kept = actions.upload_list(ImportKind.STAFF, table, file_name="personal.csv", content=content, by=None)
    actions.map_columns(kept, mapping=guess_columns(spec_of(ImportKind.STAFF), kept.header), is_complete=False)
    tracemalloc.start()
    try:
        assert actions.read_import(kept.pk)
        actions.choose_rows(kept, verdicts=list(spec_of(ImportKind.STAFF).verdicts), by=None)
        assert actions.save_import(kept.pk)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.django_db
def test_import_of_five_times_as_many_rows_takes_little_more_memory() -> None:
    factories.unit(name="Åsskolan")
    peak_of_import(100)  # what is made once and kept
    few, many = peak_of_import(FEW), peak_of_import(MANY)
    assert Membership.objects.count() == 100 + FEW + MANY
    assert {kept.state for kept in ListImport.objects.all()} == {ImportState.SAVED}
    assert many - few < (MANY - FEW) * BYTES_PER_ROW, (few, many)
