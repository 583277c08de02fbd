"""`manage.py import_staff`."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from units import actions
from units.models import ListImport, Membership, Message, Unit, User

pytestmark = pytest.mark.django_db

PERSONAL_NUMBER = "850709-9805"  # a test number
LIST = (
    "E-post;Namn;Enhet\nny@x.se;Ny Person;Gården\nbo@x.se;Bo;Ingenstans\n"
    f"eva@x.se;Eva {PERSONAL_NUMBER};Gården\nSumma;;2\n"
)


def run(*arguments: object) -> str:
    """What the command says, on both channels."""
    out = io.StringIO()
    call_command("import_staff", *map(str, arguments), stdout=out, stderr=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "personal.csv"
    path.write_text(LIST)
    garden: Unit = factories.unit(name="Gården")
    actions.add_person(garden, name="Slutar", email="slutar@x.se", by=factories.user())
    return path


def present() -> set[str]:
    return set(Membership.objects.present().values_list("user__email", flat=True))


def test_command_saves_the_good_rows_and_names_the_others(file: Path) -> None:
    said = run(file).splitlines()
    assert said[0] == "1 joiners, 0 moves, 1 leavers, 0 renamed, 0 unchanged, 3 refused."
    assert [line.split(":")[0] for line in said[1:4]] == ["Line 3, Enhet", "Line 4, Namn", "Line 5"]
    assert said[-1] == "2 rows are saved."
    assert PERSONAL_NUMBER not in "".join(said)
    assert present() == {"ny@x.se"}
    assert not Message.objects.exists()
    assert run(file).splitlines()[-1] == "0 rows are saved."
    assert present() == {"ny@x.se"}


def test_command_dry_run_keeps_nothing(file: Path) -> None:
    assert run(file, "--dry-run").endswith("Nothing is saved (--dry-run).\n")
    assert present() == {"slutar@x.se"}
    assert not ListImport.objects.exists()


def test_command_leaves_out_what_it_is_told_to(file: Path) -> None:
    assert run(file, "--without", "leavers").endswith("1 rows are saved.\n")
    assert present() == {"slutar@x.se", "ny@x.se"}
    with pytest.raises(CommandError, match="Unknown sort of change: lavers"):
        run(file, "--without", "lavers")


def test_command_with_a_partial_list_lets_nobody_leave(file: Path) -> None:
    assert run(file, "--partial").startswith("1 joiners, 0 moves, 0 leavers")
    assert present() == {"slutar@x.se", "ny@x.se"}


def test_command_takes_columns_by_any_heading(tmp_path: Path) -> None:
    factories.unit(name="Gården")
    path = tmp_path / "x.csv"
    path.write_text("Adress;Vem;Var\nny@x.se;Ny Person;Gården\n")
    with pytest.raises(
        CommandError, match=r"Missing columns: email, unit, name\. The file has: Adress, Vem, Var\."
    ) as no:
        run(path)
    assert no.value.returncode == 1
    with pytest.raises(CommandError, match="--column vem=Vem: no such field"):
        run(path, "--column", "vem=Vem")
    assert run(path, "--column", "email=Adress", "--column", "name=vem", "--column", "unit=Var").endswith(
        "1 rows are saved.\n"
    )
    assert present() == {"ny@x.se"}


def test_command_with_an_unreadable_file_says_why(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"saknas.csv can't be opened: No such file or directory\."):
        run(tmp_path / "saknas.csv")


def test_command_says_who_imported_when_it_is_told(file: Path, coordinator: User) -> None:
    with pytest.raises(CommandError, match=r"No coordinator has the address bo@x\.se\."):
        run(file, "--by", "bo@x.se")
    run(file, "--by", coordinator.email.upper())
    assert ListImport.objects.get().chosen_by == coordinator
