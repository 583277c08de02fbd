"""The pages that import a list of people: file, columns, progress, preview, saved."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla.celery import app as celery_app
from tests import factories
from tests.conftest import SignIn
from units import actions
from units.models import ImportState, ListImport, Membership, Unit, User

pytestmark = pytest.mark.django_db

PERSONAL_NUMBER = "850709-9805"  # a test number
PAGE = "/importer/ny/personal/"
LIST = "E-post;Namn;Enhet\nny@x.se;Ny Person;Gården\nbo@x.se;Bo;Ingenstans\n"


@pytest.fixture
def garden(db: None) -> Unit:
    """A unit where one person works who is in none of the lists below."""
    garden = factories.unit(name="Gården")
    actions.add_person(garden, name="Siv Slutar", email="siv@x.se", by=factories.user())
    return garden


def upload(client: Client, text: str = LIST, name: str = "personal.csv") -> Any:
    return client.post(PAGE, {"file": SimpleUploadedFile(name, text.encode())})


def words(response: Any) -> str:
    """The words of the page, on one line."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def latest() -> ListImport:
    return ListImport.objects.latest("pk")


def read(client: Client, text: str = LIST, **columns: Any) -> str:
    """Upload, choose the columns that the portal proposes, and let the worker read; the address of the preview."""
    page = client.get(upload(client, text)["Location"])
    proposed = {name: value for name, value in page.context["form"].initial.items() if value is not False}
    answer = client.post(reverse("import_columns", args=[latest().pk]), {**proposed, **columns})
    assert answer.status_code == 302, page.context["form"].errors
    assert actions.read_import(latest().pk)
    return str(answer["Location"])


def test_pages_lead_from_the_file_to_saved_rows(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    columns = upload(client)["Location"]
    page = client.get(columns)
    assert "Visa vad som står var i personal.csv." in words(page)
    assert "ny@x.se Ny Person Gården" in words(page)
    assert page.context["form"].initial == {"email": 0, "name": 1, "unit": 2, "is_complete": True}
    preview = client.post(columns, {"email": "0", "name": "1", "unit": "2", "is_complete": "on"})["Location"]
    assert "Listan står på tur och läses inom en minut. Inget är sparat än." in words(client.get(preview))

    actions.read_import(latest().pk)
    page = client.get(preview)
    assert "personal.csv, 2 rader. Inget är sparat än." in words(page)
    assert "Börjar: 1 rad Slutar: 1 rad" in words(page)
    assert "1 av de 1 som arbetar i enheterna skulle sluta." in words(page)
    assert re.search(r'value="joiner"[^>]*checked', page.content.decode())
    assert not re.search(r'value="leaver"[^>]*checked', page.content.decode())
    assert "1 rad går inte att använda" in words(page)
    assert "Ny Person ny@x.se Gården" in words(page)
    refused = words(client.get(preview, {"visa": "refused"}))
    assert "3 Enhet Portalen har ingen enhet som heter ”Ingenstans”." in refused
    assert set(garden.memberships.present().values_list("user__email", flat=True)) == {"siv@x.se"}

    client.post(reverse("import_save", args=[latest().pk]), {"verdicts": ["joiner"]})
    assert "Inget är sparat än. Importen står på tur" in words(client.get(preview))
    actions.save_import(latest().pk)
    assert "Klart: 1 rad sparad. Börjar 1" in words(client.get(preview))
    assert set(garden.memberships.present().values_list("user__email", flat=True)) == {"siv@x.se", "ny@x.se"}
    listed = words(client.get(reverse("imports")))
    assert "personal.csv Personallista Sparad 1" in listed


def test_columns_are_remembered_for_the_next_file(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    upload(client, "Adress;Vem;Var\nny@x.se;Ny;Gården\n")
    address = reverse("import_columns", args=[latest().pk])
    assert set(client.get(address).context["form"].initial) == {"is_complete"}
    client.post(address, {"email": "0", "name": "1", "unit": "2"})
    upload(client, "Kod;Var;Vem;Adress\n1;Gården;Ny;ny@x.se\n")
    page = client.get(reverse("import_columns", args=[latest().pk]))
    assert page.context["form"].initial == {"email": 3, "name": 2, "unit": 1, "is_complete": True}
    upload(client, LIST)
    page = client.get(reverse("import_columns", args=[latest().pk]))
    assert page.context["form"].initial == {"email": 0, "name": 1, "unit": 2, "is_complete": True}


@pytest.mark.parametrize(
    ("chosen", "field", "sentence"),
    [
        ({"name": "1", "unit": "2"}, "email", "Välj den kolumn i filen där det står."),
        ({"email": "0", "name": "1"}, "unit", "Välj den kolumn i filen där det står."),
        ({"email": "0", "unit": "2"}, "name", "Välj kolumnen med hela namnet, eller både förnamn och efternamn."),
        ({"email": "0", "first_name": "1", "unit": "2"}, "name", "Välj kolumnen med hela namnet"),
        ({"email": "0", "name": "0", "unit": "2"}, "name", "Kolumnen är redan vald för e-postadress."),
        ({"email": "0", "name": "99", "unit": "2"}, "name", "Välj en av kolumnerna i filen."),
    ],
)
def test_columns_that_do_not_do_are_refused_at_their_field(
    garden: Unit, coordinator: User, sign_in: SignIn, chosen: dict[str, str], field: str, sentence: str
) -> None:
    client = sign_in(coordinator)
    page = client.post(upload(client)["Location"], chosen)
    assert sentence in page.context["form"].errors[field][0]
    assert sentence in words(page)
    assert page.content.decode().split("<title>")[1].startswith("Fel: ")
    assert latest().state == ImportState.UPLOADED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Filen är tom."),
        ("E-post;Namn;Enhet\n", "Listan har rubriker men inga rader."),
        (
            f"E-post;Pnr\na@x.se;{PERSONAL_NUMBER}\nb@x.se;{PERSONAL_NUMBER}\n",
            "Kolumnen ”Pnr” har personnummer. Ta bort den ur filen och välj filen igen.",
        ),
        (f"E-post;{PERSONAL_NUMBER}\na@x.se;b\n", "Texten ser ut att innehålla ett personnummer."),
    ],
)
def test_file_that_is_no_staff_list_is_refused_at_its_field(
    coordinator: User, sign_in: SignIn, text: str, sentence: str
) -> None:
    page = upload(sign_in(coordinator), text)
    assert page.context["form"].errors["file"] == [sentence] or sentence in page.context["form"].errors["file"][0]
    assert PERSONAL_NUMBER not in page.content.decode()
    assert not ListImport.objects.exists()


def test_sample_hides_the_row_of_a_protected_person(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    User.objects.filter(email="siv@x.se").update(is_protected=True)
    client = sign_in(coordinator)
    page = client.get(upload(client, LIST + "SIV@x.se;Siv Slutar;Gården\n")["Location"])
    assert "ny@x.se Ny Person Gården" in words(page)
    assert "… … …" in words(page)
    assert "siv" not in words(page).lower()


def test_sample_does_not_repeat_a_personnummer(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    page = client.get(upload(client, LIST + f"eva@x.se;Eva {PERSONAL_NUMBER};Gården\n")["Location"])
    assert "eva@x.se … Gården" in words(page)
    assert PERSONAL_NUMBER not in str(latest().sample)


def test_row_is_left_out_and_taken_in_again(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    preview = read(client)
    row = latest().rows.get(verdict="joiner")
    exclude = reverse("import_exclude", args=[latest().pk, row.pk])
    answer = client.post(exclude, {"is_excluded": "1", "page": "1"})
    assert answer["Location"] == f"{preview}?visa=joiner&page=1#rad-{row.pk}"
    assert "Börjar: 0 rader (1 tas inte med)" in words(client.get(preview))
    assert "Ta med igen" in words(client.get(preview))
    client.post(exclude, {"is_excluded": "0"})
    assert "Börjar: 1 rad " in words(client.get(preview))


def test_save_without_a_choice_says_so(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    read(client)
    page = client.post(reverse("import_save", args=[latest().pk]))
    assert page.context["form"].errors == {"verdicts": ["Välj minst en sorts ändringar."]}
    assert latest().state == ImportState.READY


def test_protected_persons_are_counted_and_not_shown(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    user = factories.user(email="hemlig@x.se", name="Hemlig Person", is_protected=True)
    client = sign_in(coordinator)
    preview = read(client, LIST + "hemlig@x.se;Hemlig Person;Gården\n")
    page = words(client.get(preview))
    assert "Börjar: 2 rader" in page
    assert "1 rad visas inte här, men räknas: personen har skyddade personuppgifter." in page
    for verdict in ("joiner", "leaver", "refused", "unchanged"):
        assert "emlig" not in words(client.get(preview, {"visa": verdict}))
    hidden = latest().rows.get(is_hidden=True)
    assert client.post(reverse("import_exclude", args=[latest().pk, hidden.pk])).status_code == 404
    assert not user.memberships.exists()


def test_import_is_cancelled_and_its_file_forgotten(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    preview = read(client)
    page = client.post(reverse("import_cancel", args=[latest().pk]), follow=True)
    assert "Importen är avbruten. Inget är sparat, och filen är borttagen ur portalen." in words(page)
    assert (latest().content, latest().sample, latest().rows.count()) == (None, [], 0)
    assert "Inget sparades." in words(client.get(preview))
    late = client.post(reverse("import_columns", args=[latest().pk]), {"email": "0", "name": "1", "unit": "2"})
    assert "Kolumnerna kan inte ändras nu." in words(late)
    assert set(garden.memberships.present().values_list("user__email", flat=True)) == {"siv@x.se"}


def test_progress_asks_again_with_htmx_and_reloads_the_page_when_it_is_over(
    garden: Unit, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    columns = upload(client)["Location"]
    preview = client.post(columns, {"email": "0", "name": "1", "unit": "2"})["Location"]
    part = client.get(preview, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    ListImport.objects.update(rows_read=1, rows_total=2)
    assert "Läsningen avbröts och tas om av sig själv." in words(client.get(preview))
    actions.read_import(latest().pk)
    assert client.get(preview, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_save_that_was_interrupted_says_that_nothing_is_saved(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    preview = read(client)
    client.post(reverse("import_save", args=[latest().pk]), {"verdicts": ["joiner"]})
    ListImport.objects.update(rows_read=1)
    assert "Inget är sparat än. Importen avbröts och tas om av sig själv." in words(client.get(preview))
    celery_app.loader.import_default_modules()
    celery_app.tasks["units.tasks.tend_imports"]()
    assert "Klart: 1 rad sparad." in words(client.get(preview))


def test_file_that_breaks_further_down_is_unreadable_and_says_why(
    garden: Unit, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    text = LIST + "".join(f"p{number}@x.se;P;Gården\n" for number in range(500)) + 'x@x.se;"aldrig slut;Gården\n'
    answer = upload(client, text)
    if answer.status_code == 302:
        page = words(client.get(read(client, text)))
        assert "Gick inte att läsa" in page
        assert "Inget är sparat." in page
        assert latest().rows.count() == 0
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("verdict", ["joiner", "refused"])
def test_preview_makes_the_same_queries_for_1_and_3_rows(
    garden: Unit, coordinator: User, sign_in: SignIn, verdict: str
) -> None:
    client = sign_in(coordinator)
    counts = []
    for people in (1, 3):
        rows = "".join(f"p{number}@x.se;P;Gården\nq{number}@x.se;Q;Ingenstans\n" for number in range(people))
        preview = read(client, f"E-post;Namn;Enhet\n{rows}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(preview, {"visa": verdict}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_list_of_imports_makes_the_same_queries_for_1_and_3(garden: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    counts = []
    for more in (1, 2):
        for _number in range(more):
            upload(client)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("imports"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("role", "status"), [("manager", 404), ("member", 404), ("outsider", 404), ("reader", 403)])
def test_pages_are_the_coordinators(
    request: pytest.FixtureRequest, garden: Unit, coordinator: User, sign_in: SignIn, role: str, status: int
) -> None:
    preview = read(sign_in(coordinator))
    row = latest().rows.earliest("pk")
    client = sign_in(request.getfixturevalue(role))
    pages = [preview, reverse("imports"), reverse("import_columns", args=[latest().pk])]
    posts = [reverse(name, args=[latest().pk]) for name in ("import_save", "import_cancel")]
    answers = [client.get(page) for page in pages] + [client.post(page, {"verdicts": ["joiner"]}) for page in posts]
    answers.append(client.post(reverse("import_exclude", args=[latest().pk, row.pk]), {"is_excluded": "1"}))
    for answer in answers:
        assert answer.status_code == status
        assert "ny@x.se" not in answer.content.decode()
    assert latest().state == ImportState.READY
    assert not latest().rows.filter(is_excluded=True).exists()
