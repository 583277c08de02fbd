"""The archive package: a whole bag, readable without the portal, the same bytes from the same versions."""

import csv
import datetime as dt
import hashlib
import io
from xml.etree import ElementTree

import pytest
from pytest_django import Settings

from jarfalla import clock
from routines import actions, documents, queries
from routines.documents.archive import DCTERMS, OWN
from routines.models import Export, ExportKind, ExportState, RoutineVersion
from tests import factories
from tests.routines.shelves import in_force, made, unpacked
from units.models import Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(unit: Unit, coordinator: User, manager: User) -> list[RoutineVersion]:
    """One routine in its second version, one that has been withdrawn, and a draft."""
    first = in_force(unit, "Vår rutin", by=manager, change_note="Första <versionen> & mer")
    second = in_force(unit, "Vår rutin", by=manager, major=2, diary_number="KS 2026/17", applies_to="Alla")
    gone = in_force(factories.unit(name="Åkerns skola"), "=SUM(A1) rutin", by=manager)
    actions.withdraw_version(gone, reason="Enheten är stängd", by=coordinator)
    gone.routine.versions.create(major=7, created_by=manager, change_note="HEMLIGT UTKAST")
    return [first, second, gone]


def bag(export: Export) -> tuple[str, dict[str, bytes]]:
    """The bag's name and its files, by their paths in it."""
    files = unpacked(export)
    [name] = {path.split("/")[0] for path in files}
    return name, {path.removeprefix(f"{name}/"): content for path, content in files.items()}


def sums(files: dict[str, bytes], manifest: str) -> dict[str, str]:
    lines = files[manifest].decode().splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def test_package_is_a_whole_bag(versions: list[RoutineVersion], coordinator: User) -> None:
    """RFC 8493: one folder, every payload file in every manifest with the right sum and no other, and the tags too."""
    export = made(ExportKind.ARCHIVE, by=coordinator)
    name, files = bag(export)
    assert name == f"arkivpaket-{clock.today()}"
    assert files["bagit.txt"].decode() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    payload = {path: content for path, content in files.items() if path.startswith("data/")}
    for kind in ("sha256", "sha512"):
        expected = {path: hashlib.new(kind, content).hexdigest() for path, content in payload.items()}
        assert sums(files, f"manifest-{kind}.txt") == expected
        tags = {path for path in files if not path.startswith(("data/", "tagmanifest"))}
        assert sums(files, f"tagmanifest-{kind}.txt") == {
            path: hashlib.new(kind, files[path]).hexdigest() for path in tags
        }
    info = dict(line.split(": ", 1) for line in files["bag-info.txt"].decode().splitlines())
    assert info["Payload-Oxum"] == f"{sum(map(len, payload.values()))}.{len(payload)}"
    assert info["Bagging-Date"] == str(clock.today())
    assert info["Source-Organization"] == "Järfälla kommun"


def test_package_holds_every_version_that_was_ever_in_force(versions: list[RoutineVersion], coordinator: User) -> None:
    _name, files = bag(made(ExportKind.ARCHIVE, by=coordinator))
    rows = list(csv.DictReader(io.StringIO(files["data/metadata.csv"].decode())))
    assert [(row["titel"], row["version"], row["lage"]) for row in rows] == [
        ("Vår rutin", "1.0", "ersatt"),
        ("Vår rutin", "2.0", "gäller"),
        ("'=SUM(A1) rutin", "1.0", "upphävd"),  # no spreadsheet reckons it
    ]
    for row, version in zip(rows, versions, strict=True):
        pdf = files[f"data/{row['fil']}"]
        assert hashlib.sha256(pdf).hexdigest() == version.pdf_sha256 == row["sha256"]
    assert rows[2]["skal_till_upphavande"] == "Enheten är stängd"
    assert b"HEMLIGT UTKAST" not in b"".join(files.values())


def test_metadata_beside_each_pdf_is_dublin_core(versions: list[RoutineVersion], coordinator: User) -> None:
    _name, files = bag(made(ExportKind.ARCHIVE, by=coordinator))
    paths = sorted(path for path in files if path.endswith(".xml"))
    assert [path.removesuffix(".xml") + ".pdf" for path in paths] == sorted(p for p in files if p.endswith(".pdf"))
    slug = versions[0].routine.slug
    first, second = (ElementTree.fromstring(files[f"data/rutiner/{slug}/v{n}.0.xml"]) for n in (1, 2))
    assert first.findtext(f"{{{DCTERMS}}}title") == "Vår rutin"
    assert first.findtext(f"{{{DCTERMS}}}creator") == "Tallbackens förskola"
    assert first.findtext(f"{{{DCTERMS}}}contributor") == "Cia Chef"
    assert first.findtext(f"{{{DCTERMS}}}description") == "Första <versionen> & mer"
    assert first.findtext(f"{{{OWN}}}lage") == "ersatt"
    assert "end=2" in str(first.findtext(f"{{{DCTERMS}}}valid"))
    assert second.findtext(f"{{{OWN}}}diarienummer") == "KS 2026/17"
    assert second.findtext(f"{{{OWN}}}sha256") == versions[1].pdf_sha256
    assert "end=;" in str(second.findtext(f"{{{DCTERMS}}}valid"))
    assert second.find(f"{{{DCTERMS}}}description") is None


def test_protected_person_stands_nowhere_in_the_metadata(
    versions: list[RoutineVersion], coordinator: User, manager: User
) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    for kind in (ExportKind.ARCHIVE, ExportKind.ALL):
        written = b"".join(unpacked(made(kind, by=coordinator)).values()).decode("utf-8")
        assert "Cia Chef" not in written
        assert manager.email not in written
        assert "enhetens chef" in written


def test_same_versions_on_the_same_day_are_the_same_bytes(versions: list[RoutineVersion], coordinator: User) -> None:
    packed = queries.versions_to_export(ExportKind.ARCHIVE)
    written = []
    for _ in range(2):
        out = io.BytesIO()
        documents.write_archive(out, packed, name="arkivpaket", day="2026-03-01", on_step=lambda _done, _total: None)
        written.append(out.getvalue())
    assert written[0] == written[1]
    assert documents.input_sha256(packed, day="1") != documents.input_sha256(packed, day="2")
    assert documents.input_sha256(packed) != documents.input_sha256(packed[:-1])


@pytest.mark.parametrize("kind", [ExportKind.ARCHIVE, ExportKind.ALL])
def test_pdf_that_is_gone_or_another_one_ends_the_work_with_its_name(
    kind: ExportKind, versions: list[RoutineVersion], coordinator: User
) -> None:
    """No package with a hole in it: the archive must be able to trust every one."""
    storage, name = versions[1].pdf.storage, str(versions[1].pdf.name)
    with storage.open(name) as file:
        content = file.read()
    for bad in (None, content[:-1]):
        storage.delete(name)
        if bad is not None:
            with open(storage.path(name), "wb") as file:  # noqa: PTH123  half a file, as a broken disk leaves it
                file.write(bad)
        export = made(kind, by=coordinator)
        assert export.state == ExportState.FAILED
        assert export.error == "PDF:en till Vår rutin, version 2.0 (Tallbackens förskola), saknas eller är skadad."
        assert not export.file


def test_file_of_everything_in_force_holds_that_and_no_more(
    versions: list[RoutineVersion], coordinator: User, settings: Settings
) -> None:
    files = unpacked(made(ExportKind.ALL, by=coordinator))
    slug = versions[1].routine.slug
    assert set(files) == {f"tallbackens-forskola/{slug}-v2.0.pdf", "innehall.csv"}
    [row] = csv.DictReader(io.StringIO(files["innehall.csv"].decode("utf-8-sig")), delimiter=";")
    assert row["fil"] in files
    assert row["kontrolladress"] == settings.BASE_URL + versions[1].check_path
    assert dt.date.fromisoformat(row["ses_over_senast"]) == versions[1].review_on


def test_listing_costs_one_query_for_any_number_of_versions(
    versions: list[RoutineVersion], django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django gives a context manager
        rows = [documents.archive.facts(version) for version in queries.versions_to_export(ExportKind.ARCHIVE)]
    assert len(rows) == 3
