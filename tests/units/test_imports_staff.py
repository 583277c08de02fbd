"""Staff lists: what they would change, and that they change it once."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from jarfalla import clock
from jarfalla.tables import open_table
from tests import factories
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import guess_columns
from units.models import (
    ImportKind,
    ImportRow,
    ImportState,
    ListImport,
    Membership,
    MembershipRole,
    Message,
    Unit,
    User,
    UserRole,
    Verdict,
)

pytestmark = pytest.mark.django_db

HEADER = "E-post;Namn;Enhet;Från och med;Slutdatum"
PERSONAL_NUMBER = "850709-9805"  # a test number


def read(text: str, *, is_complete: bool = True, header: str = HEADER) -> ListImport:
    """The list as the worker leaves it, with its columns as the portal guesses them."""
    content = f"{header}\n{text}".encode()
    table = open_table("personal.csv", content)
    kept = actions.upload_list(ImportKind.STAFF, table, file_name="personal.csv", content=content, by=None)
    actions.map_columns(kept, mapping=guess_columns(STAFF, kept.header), is_complete=is_complete)
    assert actions.read_import(kept.pk)
    return ListImport.objects.get(pk=kept.pk)


def test_first() -> None:
    factories.unit(name="A")
    kept = read("a@x.se;Anna;A;;\n")
    assert kept.state == ImportState.READY, kept.refusal
    assert list(kept.rows.values_list("verdict", "line")) == [("joiner", 2)]
    actions.choose_rows(kept, verdicts=STAFF.verdicts, by=None)
    assert actions.save_import(kept.pk)
    kept = ListImport.objects.get(pk=kept.pk)
    assert kept.state == ImportState.SAVED, kept.refusal
    assert kept.saved == {"joiner": 1}
