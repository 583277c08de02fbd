"""`manage.py import_completions`."""

import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from courses.models import Completion
from tests.courses import rows
from tests.jarfalla import lists
from units.models import ImportRow, ListImport, Message, Unit, User

pytestmark = pytest.mark.django_db
PERSONAL_NUMBER = "850709-9805"  # a test number


def run(*arguments: object) -> str:
    """What the command says, on both channels."""
    out = io.StringIO()
    call_command("import_completions", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def report(tmp_path: Path, unit: Unit) -> Path:
    """A report about two people of the unit, with a heading that the portal doesn't know."""
    people = rows.crew(unit, 2)
    file = tmp_path / "rapport.xlsx"
    cells: list[list[object]] = [
        ["Inloggning", "Slutförd"],
        *([person.email, dt.date(2026, 3, 1)] for person in people),
    ]
    file.write_bytes(lists.as_xlsx([["Rapport"], *cells]))
    return file


def test_import_completions_takes_the_list_whole_and_a_second_time_changes_nothing(
    report: Path, coordinator: User
) -> None:
    arguments = (report, "--by", coordinator.email.upper(), "--column", "email=inloggning")
    assert run(*arguments) == "2 completed, 0 unchanged, 0 refused.\n2 rows are saved.\n"
    assert set(Completion.objects.values_list("completed_on", "recorded_by")) == {(dt.date(2026, 3, 1), coordinator.pk)}
    # The second time the columns are remembered.
    assert run(report, "--by", coordinator.email) == "0 completed, 2 unchanged, 0 refused.\n0 rows are saved.\n"
    assert Completion.objects.count() == 2
    assert not Message.objects.exists()
    assert not ImportRow.objects.exists()


def test_import_completions_dry_run_saves_nothing(report: Path, coordinator: User) -> None:
    said = run(report, "--by", coordinator.email, "--column", "email=Inloggning", "--dry-run")
    assert said == "2 completed, 0 unchanged, 0 refused.\nNothing is saved (--dry-run).\n"
    assert not Completion.objects.exists()
    assert not ListImport.objects.exists()


def test_import_completions_with_bad_rows_names_them_and_takes_the_others(
    tmp_path: Path, unit: Unit, coordinator: User
) -> None:
    [person] = rows.crew(unit, 1)
    file = tmp_path / "rapport.csv"
    file.write_text(f"E-post;Datum\n{person.email};2026-03-01\n{PERSONAL_NUMBER};2026-03-01\nvem@x.se;1 mars 2026\n")
    said = run(file, "--by", coordinator.email)
    assert said.startswith("1 completed, 0 unchanged, 2 refused.\nLine 3, E-post: ")
    assert "\nLine 4, E-post: " in said
    assert "vem@x.se" in said
    assert PERSONAL_NUMBER not in said
    assert said.endswith("1 rows are saved.\n")
    assert [completion.user for completion in Completion.objects.all()] == [person]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "manager"], "No coordinator has the address manager."),
        (["--by", "samordnare"], "Missing columns: email. The file has: Inloggning, Slutförd."),
        (["--by", "samordnare", "--column", "email=Rubrik"], "--column email=Rubrik: no such field, or no such column"),
        (["--by", "samordnare", "--column", "datum=Slutförd"], "--column datum=Slutförd: no such field"),
        (["--by", "samordnare", "--without", "joiners"], "Unknown sort of change: joiners."),
    ],
)
def test_import_completions_without_what_it_needs_says_what(
    report: Path, coordinator: User, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError) as refused:
        run(report, *(coordinator.email if argument == "samordnare" else argument for argument in arguments))
    assert str(refused.value).startswith(sentence)


def test_import_completions_of_what_is_no_list_refuses_in_a_sentence(tmp_path: Path, coordinator: User) -> None:
    with pytest.raises(CommandError, match="can't be opened"):
        run(tmp_path / "finns-inte.csv", "--by", coordinator.email)
    (tmp_path / "tom.csv").write_bytes(b"")
    with pytest.raises(CommandError, match=r"Filen är tom|file is empty"):
        run(tmp_path / "tom.csv", "--by", coordinator.email)
