"""Whatever is typed into an address or a form, the portal answers with a page or a sentence, never with an error."""

import uuid
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from followups import actions as followups
from followups.models import Decision
from jarfalla import clock
from tests.test_roles import EXPECTED
from tests.world import World
from units import actions
from units.models import ParticipationState, User

pytestmark = pytest.mark.django_db

LONG_NUMBER = "9" * 5000  # longer than int() reads
NASTY = [
    "",
    "\x00",
    "Rad 1\r\nBcc: alla@example.org",
    "😀 \u202e'\"<script>%s%(x)s{{ x }}\\",
    "x" * 25_000,
    "-1",
    LONG_NUMBER,
    "9223372036854775808",
    "9999-12-31",
    "0001-01-01",
]
NASTY_IN_ADDRESS = ["\x00", "😀'\"<script>%s{{ x }}\\", "-1", LONG_NUMBER]
NASTY_KEYS = ["0", "2147483648", "9223372036854775808", LONG_NUMBER]
# The address of a secret takes nothing but a UUID: this one is nobody's.
NASTY_BY_TYPE: dict[type, Any] = {uuid.UUID: uuid.UUID(int=0)}
NASTY_SLUGS = ["-", "ny", "finns-inte", "x" * 400]
# What the pages read from their address.
PARAMETERS = [
    "page",
    "manad",
    "q",
    "sort",
    "status",
    "done",
    "visa",
    "kind",
    "department",
    "district",
    "state",
    "next",
    "verksamhet",
    "typ",
]
# Posted by buttons and menus of the frame around the pages, or by a form that only some see.
EXTRA_FORMS = {
    "set_language": {"språk": "en", "next": "/"},
    "demo_login": {"konto": "chef", "next": "/"},
    "account_login": {"email": "person1@example.org", "next": "/"},
    "support_action_done": {"from": "list"},
    "support_action_reopen": {},
    "contact_withdraw": {"round": "1", "number": "1"},
    "protocol_save": {"round": "1", "number": "2", "seen": "", "effect": "Vi vågar fråga", "held_on": "2026-01-01"},
    "section_save": {"akut-seen": "0::", "akut-body": "Ring 112"},
    "section_presence": {"left": "1"},
    "training_reopen": {"reason": "Fel enhet"},
    "lesson_share": {},
    "follow_up_pdf_again": {},
}


@pytest.fixture(params=["coordinator", "manager"])
def visitor(request: pytest.FixtureRequest) -> Client:
    """Somebody who may do a lot, and a browser that shows the error page instead of raising."""
    user: User = request.getfixturevalue(request.param)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def status(client: Client, method: str, address: str, data: Any = None) -> int:
    """What the address answers in the end, with whatever it wrote taken back."""
    with transaction.atomic():
        response: HttpResponse = getattr(client, method)(address, data, follow=True)
        transaction.set_rollback(True)
    return response.status_code


def nasty_addresses(world_: World) -> Iterator[str]:
    """Every address that takes arguments, first with all of them wrong, then with a unit that exists."""
    for name, (arguments, *_answers) in EXPECTED.items():
        right = arguments(world_)
        for key, slug in zip(NASTY_KEYS, NASTY_SLUGS, strict=True) if right else []:
            wrong = [
                NASTY_BY_TYPE.get(type(argument), slug if isinstance(argument, str) else key) for argument in right
            ]
            yield reverse(name, args=wrong)
            yield reverse(name, args=[*right[:-1], wrong[-1]])


class Forms(HTMLParser):
    """The forms of a page that post: where to, and what stands in each of their fields."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address = address
        self.found: list[tuple[str, dict[str, str]]] = []
        self.fields: dict[str, str] | None = None
        self.select = self.textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.fields = {}
            if values.get("method", "get").lower() == "post":
                self.found.append((values.get("action") or self.address, self.fields))
        elif self.fields is None:
            return
        elif tag == "input" and values.get("name"):
            ticked = values.get("type") not in ("checkbox", "radio") or "checked" in values
            self.note(values["name"], values.get("value", ""), chosen=ticked)
        elif tag == "select":
            self.select = values["name"]
            self.note(self.select, "", chosen=False)
        elif tag == "option" and self.select:
            self.note(self.select, values.get("value", ""), chosen="selected" in values)
        elif tag == "textarea":
            self.textarea = values["name"]
            self.note(self.textarea, "Det här gör rektor Eva.", chosen=True)
        elif tag == "button" and values.get("name"):
            self.note(values["name"], values.get("value", ""), chosen=False)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.fields = None
        elif tag == "select":
            self.select = ""

    def note(self, name: str, value: str, *, chosen: bool) -> None:
        """Keep the field's name, and its value when it is the chosen one or the first that there is."""
        assert self.fields is not None
        if chosen or not self.fields.get(name):
            self.fields[name] = value


def forms_of_all_pages(client: Client, world_: World) -> dict[str, dict[str, str]]:
    """Every form that the user can find by opening every page, by the address that it posts to."""
    found: dict[str, dict[str, str]] = {}
    for name, (arguments, *_answers) in EXPECTED.items():
        address = reverse(name, args=arguments(world_))
        if name in EXTRA_FORMS:
            found[address] = found.get(address, {}) | EXTRA_FORMS[name]
        response = client.get(address)
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            for action, fields in Forms(address, response.content.decode()).found:
                found[action] = found.get(action, {}) | fields
    return found


def test_pages_with_nasty_parameters_answer(visitor: Client, rows: World) -> None:
    failed = []
    for name, (arguments, *_answers) in EXPECTED.items():
        address = reverse(name, args=arguments(rows))
        for value in NASTY_IN_ADDRESS:
            code = status(visitor, "get", address, dict.fromkeys(PARAMETERS, value))
            if code >= 500:
                failed.append((name, value[:40], code))
    assert failed == []


def test_addresses_that_lead_nowhere_answer(visitor: Client, rows: World) -> None:
    addresses = set(nasty_addresses(rows))
    assert len(addresses) > 100
    asked = [(method, address) for address in addresses for method in ("get", "post")]
    answers = [(method, address[:80], status(visitor, method, address)) for method, address in asked]
    assert [answer for answer in answers if answer[2] >= 500] == []


def test_forms_with_one_nasty_field_answer(visitor: Client, rows: World) -> None:
    forms = forms_of_all_pages(visitor, rows)
    assert len(forms) > 10
    failed = []
    for address, good in forms.items():
        for field in good:
            for value in NASTY:
                if (code := status(visitor, "post", address, good | {field: value})) >= 500:
                    failed.append((address, field, value[:40], code))
    assert failed == []


def test_forms_with_a_field_missing_answer(visitor: Client, rows: World) -> None:
    failed = []
    for address, good in forms_of_all_pages(visitor, rows).items():
        for field in [*good, None]:
            data = {name: value for name, value in good.items() if name != field}
            if (code := status(visitor, "post", address, data)) >= 500:
                failed.append((address, field, code))
    assert failed == []


def pause(world_: World, by: User) -> None:
    actions.record_participation(world_.unit, state=ParticipationState.PAUSED, by=by)


def finish(world_: World, by: User) -> None:
    followups.record_follow_up(world_.round, held_on=clock.today(), decision=Decision.DONE, by=by)


def begin_again(world_: World, by: User) -> None:
    followups.record_follow_up(world_.round, held_on=clock.today(), decision=Decision.BACK_TO_TRAINING, by=by)


def everybody_leaves(world_: World, by: User) -> None:
    for membership in world_.unit.memberships.present():
        actions.end_membership(membership, on=clock.today(), by=by)


@pytest.mark.parametrize("meanwhile", [pause, finish, begin_again, everybody_leaves])
def test_forms_that_come_too_late_answer(
    visitor: Client,
    rows: World,
    coordinator: User,
    meanwhile: Callable[[World, User], None],
) -> None:
    """The page was opened before somebody else changed what it is about; the button is pressed twice after that."""
    forms = forms_of_all_pages(visitor, rows)
    meanwhile(rows, coordinator)
    failed = []
    for address, good in forms.items():
        with transaction.atomic():
            codes = [visitor.post(address, good, follow=True).status_code for _ in range(2)]
            transaction.set_rollback(True)
        if max(codes) >= 500:
            failed.append((address, codes))
    assert failed == []
