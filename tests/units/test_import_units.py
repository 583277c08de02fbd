"""`manage.py import_units`."""

import io
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from units.models import Ownership, Unit, UnitImport

REAL_LIST = Path("static/exempel/enheter-jarfalla.csv")
PERSONAL_NUMBER = "850709-9805"  # a test number


def run(*arguments: object) -> str:
    """What the command says, on both channels."""
    out = io.StringIO()
    call_command("import_units", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_import_command_takes_the_real_list_whole_and_a_second_time_changes_nothing() -> None:
    assert run(REAL_LIST) == "60 nya enheter, 0 finns redan, 0 fel.\n60 enheter är inlästa.\n"
    before = list(Unit.objects.order_by("pk").values())
    assert len(before) == 60
    assert Unit.objects.get(name="Järfällahus AB").ownership == Ownership.MUNICIPAL_COMPANY
    assert run(REAL_LIST) == "0 nya enheter, 60 finns redan, 0 fel.\nInget nytt att läsa in.\n"
    assert list(Unit.objects.order_by("pk").values()) == before
    assert UnitImport.objects.count() == 1


@pytest.mark.django_db
def test_import_command_dry_run_saves_nothing() -> None:
    assert run(REAL_LIST, "--dry-run") == "60 nya enheter, 0 finns redan, 0 fel.\nInget är sparat (--dry-run).\n"
    assert not Unit.objects.exists()
    assert not UnitImport.objects.exists()


@pytest.mark.django_db
def test_import_command_with_a_bad_row_refuses_the_whole_file_unless_told_to_skip_it(tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text(f"namn;verksamhetstyp;rektor\nA;Förskola;x\n;Förskola;\nB {PERSONAL_NUMBER};Förskola;\n")
    out = io.StringIO()
    with pytest.raises(
        CommandError, match=r"Inget är inläst\. Rätta raderna, eller hoppa över dem med --skip-bad\."
    ) as refused:
        call_command("import_units", str(file), stdout=out, stderr=out)
    assert refused.value.returncode == 1
    assert out.getvalue().startswith(
        "1 nya enheter, 0 finns redan, 2 fel.\nAnvänds inte: rektor.\n"
        "Rad 3, namn: Namnet saknas.\nRad 4, namn: Texten ser ut att innehålla ett personnummer."
    )
    assert PERSONAL_NUMBER not in out.getvalue()
    assert not Unit.objects.exists()
    assert run(file, "--skip-bad").endswith("1 enheter är inlästa.\n")
    assert [unit.name for unit in Unit.objects.all()] == ["A"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("saknas.csv", None, "saknas.csv går inte att öppna: No such file or directory."),
        ("lista.csv", b"namn\nA\n", "Kolumnen ”verksamhetstyp” saknas."),
        ("lista.csv", bytes(21 * 1024 * 1024), "Filen är för stor. Den får vara högst 20 MB."),
    ],
    ids=["missing", "column", "too big"],
)
@pytest.mark.django_db
def test_import_command_with_an_unreadable_file_says_why(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run(tmp_path / name)
