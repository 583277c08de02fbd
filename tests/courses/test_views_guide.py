"""The discussion guide: whose questions, for whom, and how much paper."""

import io
import re
from typing import Any

import pytest
from django.urls import reverse
from pypdf import PdfReader

from courses.views.guide import Audience, audience_of
from tests.browser import chromium
from tests.browser import sign_in as browser_session
from tests.conftest import SignIn
from units.models import Kind, User

pytestmark = pytest.mark.django_db

ADDRESS = "/webbkurs/samtalsguide/"


def page(sign_in: SignIn, user: User | None, kind: str = "") -> str:
    response = sign_in(user).get(ADDRESS, {"verksamhet": kind})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def questions(html: str) -> list[str]:
    listed = re.findall(r'<ol class="guide__questions">(.*?)</ol>', html)[0]
    return re.findall(r"<li>(.*?)</li>", listed)


def test_everybody_who_has_signed_in_reads_the_guide(
    coordinator: User, manager: User, member: User, reader: User, outsider: User, sign_in: SignIn
) -> None:
    assert reverse("discussion_guide") == ADDRESS
    for user in (coordinator, manager, member, reader, outsider):
        html = page(sign_in, user)
        assert 'href="https://www.webbkursheder.se"' in html
        assert "Följ enhetens rutin." in html
        assert "Skriv inga namn och inga händelser i portalen." in html
        assert "registrera gruppträffen" in html
    assert "/logga-in/" in sign_in(None).get(ADDRESS)["Location"]


def test_each_audience_has_nine_questions_of_which_three_are_its_own(member: User, sign_in: SignIn) -> None:
    asked = [questions(page(sign_in, member, audience)) for audience in Audience.values]
    assert [len(of_one) for of_one in asked] == [9] * 7
    shared = set.intersection(*(set(of_one) for of_one in asked))
    assert len(shared) == 6
    own = [question for of_one in asked for question in of_one if question not in shared]
    assert len(set(own)) == 3 * 7


@pytest.mark.parametrize(
    ("kind", "audience"),
    [
        (Kind.PRESCHOOL, "Förskola"),
        (Kind.OPEN_PRESCHOOL, "Förskola"),
        (Kind.UPPER_SECONDARY, "Skola"),
        (Kind.SOCIAL_SERVICES, "Socialtjänst"),
        (Kind.YOUTH_CENTRE, "Fritidsverksamhet"),
        (Kind.HOUSING_COMPANY, "Bostadsbolag"),
        (Kind.ASSOCIATION, "Förening"),
        (Kind.HEALTH_CARE, "Alla verksamheter"),
        ("'\"<script>", "Alla verksamheter"),
    ],
)
def test_kind_of_unit_gets_the_questions_of_its_audience(
    kind: str, audience: str, member: User, sign_in: SignIn
) -> None:
    html = page(sign_in, member, kind)
    assert f"Steg 1: Webbkurs · {audience}" in html
    assert f'aria-current="true">{audience}</a>' in html


def test_every_kind_of_unit_has_an_audience() -> None:
    assert {audience_of(kind) for kind in Kind.values} == set(Audience)


def test_school_law_is_named_to_those_whom_it_concerns(member: User, sign_in: SignIn) -> None:
    assert "skollagen (2010:800), 29 kap. 13 §" in page(sign_in, member, "preschool")
    assert "skollagen" not in page(sign_in, member, "social_services")
    assert "socialtjänstlagen (2025:400), 19 kap. 1 §" in page(sign_in, member, "social_services")
    assert "Skyldigheten att anmäla" not in page(sign_in, member, "association")


@pytest.mark.django_db(transaction=True)
def test_guide_is_two_a4_pages_without_the_menus(member: User, live_server: Any) -> None:
    with chromium() as browser:
        context = browser.new_context(locale="sv-SE")
        browser_session(context, live_server.url, member)
        tab = context.new_page()
        for audience in Audience.values:
            tab.goto(f"{live_server.url}{ADDRESS}?verksamhet={audience}")
            pdf = PdfReader(io.BytesIO(tab.pdf(prefer_css_page_size=True)))
            assert len(pdf.pages) == 2, audience
            assert (round(pdf.pages[0].mediabox.width), round(pdf.pages[0].mediabox.height)) == (595, 842)
    text = " ".join(pdf_page.extract_text() for pdf_page in pdf.pages)
    assert "Frågor att prata om" in text
    assert "Det här ska vi göra:" in text  # a line to write on, only on paper
    assert "Utbildningar" not in text
