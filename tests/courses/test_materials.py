"""The material library: for whom, as links and as files, and what happens when the disk does not play along."""

import datetime as dt
import resource
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions import add_material, retire_material, seed_materials, update_material
from courses.models import Material, MaterialType, Training
from courses.queries import find_materials, grouped_by_audience
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla.test_uploads import DOCX, PNG
from tests.together import together
from units.models import Kind, MembershipRole, Unit, User

pytestmark = pytest.mark.django_db

LIBRARY = "/material/"
NEW = "/material/nytt/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """A folder of the test's own for files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def page(client: Client, path: str = LIBRARY) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def typed(**values: Any) -> dict[str, Any]:
    """What the coordinator fills in."""
    return {"title": "Affisch i trapphuset", "kind": MaterialType.POSTERS.value, "web": "", **values}


def sent(client: Client, path: str = NEW, **values: Any) -> Any:
    return client.post(path, typed(**values), follow=True)


def stored(media: Path) -> list[Path]:
    """The files in the folder."""
    return [path for path in media.rglob("*") if path.is_file()]


# --- What the library starts with ---------------------------------------------------------------------------------


def test_seed_gives_each_material_its_verksamhetstyper() -> None:
    assert seed_materials() == 9
    kinds = {material.title: material.kinds for material in Material.objects.all()}
    assert kinds["Webbkurs Heder"] == []
    assert kinds["Liten och trygg"] == ["preschool", "pedagogical_care", "open_preschool"]
    assert kinds["Inte ensam"] == ["housing_company"]
    assert kinds["Myndighetsgemensam vägledning vid hedersrelaterad brottslighet"] == [
        "social_services",
        "health_care",
        "compulsory_school",
        "adapted_school",
        "upper_secondary",
        "adult_education",
    ]


def test_seed_gives_material_of_the_first_version_its_verksamhetstyper() -> None:
    seed_materials()
    Material.objects.update(kinds=[])
    assert seed_materials() == 0
    assert Material.objects.get(title="Inte ensam").kinds == ["housing_company"]


def test_seed_leaves_what_the_municipality_has_changed() -> None:
    seed_materials()
    own = Material.objects.get(title="Inte ensam")
    update_material(own, kinds=["association"], description="Vår egen text.", web="https://jarfalla.example/egen")
    everybody = Material.objects.get(title="Liten och trygg")
    update_material(everybody, kinds=[])
    retire_material(Material.objects.get(title="Våga stå kvar"))
    assert seed_materials() == 0
    own.refresh_from_db()
    everybody.refresh_from_db()
    assert (own.kinds, own.description, own.web) == (["association"], "Vår egen text.", "https://jarfalla.example/egen")
    assert (everybody.kinds, everybody.audience_label) == ([], "")
    assert not Material.objects.in_library().filter(title="Våga stå kvar").exists()


# --- What each person sees --------------------------------------------------------------------------------------


def test_library_shows_what_fits_the_own_units_first(member: User, sign_in: SignIn) -> None:
    seed_materials()
    html = page(sign_in(member))
    order = [html.index(text) for text in (">För förskola<", "Liten och trygg", ">För alla verksamheter<")]
    order += [html.index(text) for text in ("Webbkurs Heder", ">För andra verksamheter<", "Inte ensam")]
    assert order == sorted(order)


def test_library_of_a_housing_company_begins_with_its_posters(sign_in: SignIn) -> None:
    seed_materials()
    company = factories.unit(name="Järfällahus", kind=Kind.HOUSING_COMPANY)
    html = page(sign_in(factories.staff(company, role=MembershipRole.MANAGER)))
    assert html.index(">För bostadsbolag<") < html.index("Inte ensam") < html.index(">För alla verksamheter<")
    assert "Affischer och utbildningspaket" in html


def test_library_is_filtered_by_audience_type_and_words(coordinator: User, sign_in: SignIn) -> None:
    seed_materials()
    client = sign_in(coordinator)
    for_company = page(client, f"{LIBRARY}?verksamhet=housing_company")
    assert "Inte ensam" in for_company
    assert "Webbkurs Heder" in for_company
    assert "Liten och trygg" not in for_company
    posters = page(client, f"{LIBRARY}?typ=affischer+och+utbildningspaket")
    assert "Inte ensam" in posters
    assert "Webbkurs Heder" not in posters
    assert "1 träff" in posters
    assert "En månad fri från våld" in page(client, f"{LIBRARY}?typ=kampanj")
    words = page(client, f"{LIBRARY}?q=nck+kurs")
    assert "Webbkurs om våld" in words
    assert "Webbkurs Heder" not in words
    assert "Inget material stämmer" in page(client, f"{LIBRARY}?q=finns+inte")
    assert "Webbkurs Heder" in page(client, f"{LIBRARY}?verksamhet=nonsens&typ=nonsens")


def test_library_takes_as_many_queries_for_three_as_for_one(member: User, coordinator: User, sign_in: SignIn) -> None:
    client, counts = sign_in(member), []
    for wanted in (1, 3):
        while Material.objects.count() < wanted:
            factories.material(by=coordinator, title=f"Affisch {Material.objects.count()}")
        with CaptureQueriesContext(connection) as queries:
            html = page(client)
        assert html.count('<li class="card">') == wanted
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_only_the_coordinator_sees_how_to_keep_the_library(
    member: User, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    material = factories.material(by=coordinator)
    for user in (member, manager):
        html = page(sign_in(user))
        assert material.title in html
        assert "Lägg till material" not in html
        assert f"{LIBRARY}{material.pk}/andra/" not in html
    assert f'href="{LIBRARY}{material.pk}/andra/"' in page(sign_in(coordinator))


def test_groups_without_own_units_are_for_all_and_for_some(coordinator: User) -> None:
    factories.material(by=coordinator, title="Alla")
    factories.material(by=coordinator, title="Några", kinds=[Kind.SAFETY.value])
    groups = grouped_by_audience(find_materials(), [])
    assert [(group.heading, [row.title for row in group.materials]) for group in groups] == [
        ("För alla verksamheter", ["Alla"]),
        ("För vissa verksamheter", ["Några"]),
    ]


# --- Adding, changing and taking away ---------------------------------------------------------------------------


def test_coordinator_adds_a_link(coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    response = sent(
        client,
        title="  Se  hela bilden ",
        description="Tjugo minuter till APT.",
        publisher="Jämställdhetsmyndigheten",
        kind="kurs",
        kinds=["preschool", "safety"],
        web="jamstalldhetsmyndigheten.example/kurs",
    )
    assert "Se hela bilden finns nu i biblioteket." in response.content.decode()
    material = Material.objects.get()
    assert (material.title, material.web) == ("Se hela bilden", "https://jamstalldhetsmyndigheten.example/kurs")
    assert (material.kinds, material.added_by, material.file.name) == (["preschool", "safety"], coordinator, "")
    html = page(client)
    assert "För: Förskola, Trygghet" in html
    assert "Tjugo minuter till APT." in html


def test_coordinator_adds_a_file_that_everybody_can_fetch(
    coordinator: User, member: User, sign_in: SignIn, media: Path
) -> None:
    sent(sign_in(coordinator), file=factories.pdf("Mapp\\Affisch åäö.PDF", "Hej"))
    material = Material.objects.get()
    assert material.file_name == "Affisch åäö.pdf"
    [kept] = stored(media)
    assert "Affisch" not in kept.name
    assert (kept.suffix, len(kept.stem)) == (".pdf", 32)
    client = sign_in(member)
    assert "Hämta filen Affisch åäö.pdf" in page(client)
    response = client.get(f"{LIBRARY}{material.pk}/fil/")
    assert b"".join(response.streaming_content) == kept.read_bytes()  # type: ignore[attr-defined]  # a FileResponse
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Affisch%20%C3%A5%C3%A4%C3%B6.pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in response["Cache-Control"]


def test_form_that_is_sent_twice_makes_one_material(coordinator: User, sign_in: SignIn, media: Path) -> None:
    client = sign_in(coordinator)
    for _ in range(2):
        assert "finns nu i biblioteket" in sent(client, file=factories.pdf()).content.decode()
    assert Material.objects.count() == 1
    assert len(stored(media)) == 1


@pytest.mark.django_db(transaction=True)
def test_form_that_is_sent_by_four_at_once_makes_one_material(coordinator: User, media: Path) -> None:
    rows = together(4, lambda _: factories.material(by=coordinator).pk)
    assert len(set(rows)) == 1
    assert len(stored(media)) == 1


@pytest.mark.parametrize(
    ("field", "values", "sentence"),
    [
        ("web", {}, "Lägg in en länk eller välj en fil."),
        ("web", {"web": "ftp://exempel.se/x"}, "Länken måste börja med https://"),
        ("web", {"web": "javascript:alert(1)"}, "giltig"),
        ("title", {"title": "", "web": "https://a.example"}, "Fyll i det här."),
        ("title", {"title": "LITEN OCH TRYGG", "web": "https://a.example"}, "Det finns redan ett material"),
        ("title", {"title": "Våga stå kvar", "web": "https://a.example"}, "har tagits bort"),
        ("description", {"description": "Eva 640823-3234", "web": "https://a.example"}, "personnummer"),
        ("file", {"file": factories.pdf("Eva 640823-3234.pdf")}, "personnummer"),
        ("file", {"file": SimpleUploadedFile("sida.html", b"<script>")}, "måste vara en PDF"),
        ("file", {"file": SimpleUploadedFile("sida.pdf", b"<script>")}, "men är något annat"),
        ("file", {"file": SimpleUploadedFile("tom.pdf", b"")}, "Filen är tom."),
        ("kind", {"kind": "nonsens", "web": "https://a.example"}, "nonsens"),
        ("kinds", {"kinds": ["nonsens"], "web": "https://a.example"}, "nonsens"),
    ],
)
def test_mistakes_get_a_sentence_at_their_field_and_change_nothing(
    coordinator: User, sign_in: SignIn, media: Path, field: str, values: dict[str, Any], sentence: str
) -> None:
    seed_materials()
    retire_material(Material.objects.get(title="Våga stå kvar"))
    if upload := values.get("file"):
        upload.seek(0)
    response = sent(sign_in(coordinator), **values)
    assert response.status_code == 200
    assert sentence in " ".join(response.context["form"].errors[field])
    assert response.content.decode().split("<title>")[1].startswith("Fel: ")
    assert Material.objects.count() == 9
    assert stored(media) == []


def test_file_that_is_too_big_is_refused(coordinator: User, sign_in: SignIn, settings: Any, media: Path) -> None:
    settings.MATERIAL_MAX_BYTES = 1024**2
    response = sent(sign_in(coordinator), file=factories.pdf(text="x" * (1024**2)))
    assert response.context["form"].errors["file"] == ["Filen är för stor. Den får vara högst 1 MB."]
    assert stored(media) == []


@pytest.mark.django_db(transaction=True)
def test_coordinator_changes_a_material_and_its_file(coordinator: User, sign_in: SignIn, media: Path) -> None:
    material = factories.material(by=coordinator)
    [old] = stored(media)
    client = sign_in(coordinator)
    address = f"{LIBRARY}{material.pk}/andra/"
    html = page(client, address)
    assert "Filen som finns nu: <strong>Affisch åäö.pdf</strong>" in html
    sent(client, address, description="Ny text", file=SimpleUploadedFile("ny.docx", DOCX))
    material.refresh_from_db()
    assert (material.description, material.file_name) == ("Ny text", "ny.docx")
    [new] = stored(media)
    assert (new.suffix, new != old) == (".docx", True)
    response = client.get(f"{LIBRARY}{material.pk}/fil/")
    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    response.close()
    sent(client, address, web="https://a.example", remove_file="on")
    material.refresh_from_db()
    assert (material.file.name, material.file_name, stored(media)) == ("", "", [])
    assert client.get(f"{LIBRARY}{material.pk}/fil/").status_code == 404


def test_material_can_keep_its_own_title_and_not_take_anothers(coordinator: User, sign_in: SignIn) -> None:
    material = factories.material(by=coordinator)
    factories.material(by=coordinator, title="En annan")
    client, address = sign_in(coordinator), f"{LIBRARY}{material.pk}/andra/"
    assert "är sparat." in sent(client, address).content.decode()
    assert sent(client, address, title="en annan").context["form"].errors["title"] == [
        "Det finns redan ett material med den titeln."
    ]


def test_material_with_a_word_of_the_seeds_own_keeps_it(coordinator: User, sign_in: SignIn) -> None:
    seed_materials()
    material = Material.objects.get(title="En månad fri från våld")
    client, address = sign_in(coordinator), f"{LIBRARY}{material.pk}/andra/"
    assert '<option value="kampanj (november)" selected>Kampanj (november)</option>' in page(client, address)
    sent(client, address, title=material.title, kind="kampanj (november)", web=material.web)
    material.refresh_from_db()
    assert (material.kind, material.audience) == ("kampanj (november)", "alla")


def test_retired_material_is_gone_and_its_file_is_refused(
    coordinator: User, member: User, unit: Unit, sign_in: SignIn
) -> None:
    material = factories.material(by=coordinator)
    client = sign_in(coordinator)
    for _ in range(2):
        response = client.post(f"{LIBRARY}{material.pk}/ta-bort/", follow=True)
        assert "är borttaget ur biblioteket." in response.content.decode()
        assert "Hämta filen" not in response.content.decode()
    for user in (coordinator, member):
        assert sign_in(user).get(f"{LIBRARY}{material.pk}/fil/").status_code == 404
    assert client.get(f"{LIBRARY}{material.pk}/andra/").status_code == 404
    material.refresh_from_db()
    assert material.retired_at is not None


def test_training_still_names_material_that_has_been_retired(
    coordinator: User, member: User, unit: Unit, sign_in: SignIn
) -> None:
    material = factories.material(by=coordinator)
    starts = clock.now() + dt.timedelta(days=3)
    training = Training.objects.create(title="Tidiga tecken", starts_at=starts, booked_by=coordinator)
    training.rounds.add(factories.open_round(unit))
    training.materials.add(material)
    address, file = f"/utbildningar/{training.pk}/", f"{LIBRARY}{material.pk}/fil/"
    assert file in page(sign_in(member), address)
    retire_material(material)
    html = page(sign_in(member), address)
    assert material.title in html
    assert file not in html


# --- When the disk does not play along ----------------------------------------------------------------------------


def test_file_that_can_not_be_stored_gets_a_sentence_and_no_row(
    coordinator: User, sign_in: SignIn, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "no_folder"
    (tmp_path / "no_folder").write_text("a file stands where the folder should be")
    response = sent(sign_in(coordinator), file=factories.pdf())
    assert response.status_code == 200
    assert "Filen gick inte att spara just nu." in response.content.decode()
    assert not Material.objects.exists()


def test_file_that_only_half_fits_on_the_disk_leaves_nothing(coordinator: User, sign_in: SignIn, media: Path) -> None:
    client = sign_in(coordinator)
    file = factories.pdf(text="x" * 300_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # the operating system stops the write in the middle
    try:
        response = sent(client, file=file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Filen gick inte att spara just nu." in response.content.decode()
    assert (Material.objects.count(), stored(media)) == (0, [])


def test_change_that_can_not_be_stored_keeps_the_old_file(
    coordinator: User, sign_in: SignIn, media: Path, settings: Any, tmp_path: Path
) -> None:
    material = factories.material(by=coordinator)
    before = default_storage.open(str(material.file.name)).read()
    (tmp_path / "no_folder").write_text("a file stands where the folder should be")
    settings.MEDIA_ROOT = tmp_path / "no_folder"
    response = sent(sign_in(coordinator), f"{LIBRARY}{material.pk}/andra/", file=SimpleUploadedFile("ny.png", PNG))
    assert "Filen gick inte att spara just nu." in response.content.decode()
    settings.MEDIA_ROOT = media
    material.refresh_from_db()
    assert default_storage.open(str(material.file.name)).read() == before


def test_file_that_is_lost_gets_a_page_with_a_sentence(coordinator: User, member: User, sign_in: SignIn) -> None:
    material = factories.material(by=coordinator)
    default_storage.delete(str(material.file.name))
    response = sign_in(member).get(f"{LIBRARY}{material.pk}/fil/")
    assert response.status_code == 404
    assert "Filen till Affisch i trapphuset går inte att hitta just nu." in response.content.decode()


def test_add_material_returns_the_twin_only_when_all_is_the_same(coordinator: User) -> None:
    first = factories.material(by=coordinator)
    assert factories.material(by=coordinator) == first
    with pytest.raises(Exception, match="Det finns redan ett material med den titeln"):
        add_material(by=coordinator, title=first.title, kind="kurs", kinds=[], description="", publisher="", web="x")
