"""What somebody may not read leaves no trace: no title, no word, no number, no other answer."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from routines import actions, queries
from routines.models import Routine, RoutineVersion
from tests import factories, world
from tests.conftest import SignIn
from tests.routines import shelf
from tests.world import World
from units.models import Unit, User

pytestmark = pytest.mark.django_db

TITLE, WORD, DRAFTED, OLD = "Hemligstämplad kvastrutin", "kvastskaftet", "utkastskvasten", "borttagna kvasten"
ALMOST = "kvastskaftte"  # what a slip of the finger makes of it


@pytest.fixture
def own(unit: Unit, manager: User) -> Routine:
    """What those who work in `unit` may read: it says nothing of all this but "kvar"."""
    return shelf.put(unit, "Vår rutin", "Stanna kvar hos barnet. Ring socialtjänsten.", by=manager)


@pytest.fixture
def secret(own: Routine, coordinator: User) -> Routine:
    """Another unit's routine, not shared: once in force, in force, and being written."""
    other = factories.unit(name="Kvastens skola")
    routine = shelf.put(other, TITLE, f"Om {OLD}.", by=coordinator)
    shelf.publish(routine, [f"Ställ {WORD} i hörnet. Ring socialtjänsten."], by=coordinator, major=2)
    shelf.draft(routine, f"Här står {DRAFTED}.", by=coordinator, major=3)
    return routine


@pytest.fixture
def drafted(own: Routine, manager: User) -> Routine:
    """The own unit's next version, which only its manager may see."""
    shelf.draft(own, f"Här står {DRAFTED}.", by=manager)
    return own


def pages(client: Client, *routines: Routine) -> Iterator[tuple[str, int, str]]:
    """Every address about routines that somebody could try, with what it answers."""
    addresses = [reverse(name) for name in ("start", "routines", "shared_routines", "contacts", "offline_list")]
    addresses += [
        reverse("routines") + f"?q={word}" for word in (TITLE, WORD, ALMOST, DRAFTED, OLD, "kvast", "Kvastens")
    ]
    names = [
        "routine",
        "routine_pdf",
        "receipts",
        "routine_adopt",
        "routine_write",
        "routine_versions",
        "routine_compare",
    ]
    for routine in routines:
        addresses += [reverse(name, args=[routine.slug]) for name in names]
        for version in routine.versions.all():
            addresses.append(reverse("routine_version", args=[routine.slug, version.number]))
            addresses.append(reverse("routine_version_pdf", args=[routine.slug, version.number]))
    for address in addresses:
        answer = client.get(address)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]  # either has it
        yield address, answer.status_code, content.decode(errors="replace")


def said_back(page: str) -> str:
    """The page without what the person typed: the field, the heading and the title repeat it."""
    typed = re.compile(r'value="[^"]*"|<title>[^<]*</title>|<h2>Sökning:[^<]*</h2>')
    return typed.sub("", page)


def without_tokens(content: bytes) -> str:
    """The page without what is new each time it is asked for."""
    return re.sub(r'(nonce|"csrfmiddlewaretoken" value)="[^"]*"', "", content.decode())


@pytest.mark.parametrize("who", ["outsider", "member", "reader"])
def test_no_address_tells_of_a_routine_that_is_not_shared(
    who: str, secret: Routine, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    for address, status, page in pages(sign_in(request.getfixturevalue(who)), secret):
        if secret.slug in address:
            assert status in (403, 404), address
        for leaked in (TITLE, WORD, DRAFTED, OLD, "Kvastens skola"):
            assert leaked.lower() not in said_back(page).lower(), (address, leaked)


@pytest.mark.parametrize("who", ["outsider", "member", "reader"])
def test_no_address_tells_of_a_draft_in_the_own_unit(
    who: str, drafted: Routine, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    for address, _status, page in pages(sign_in(request.getfixturevalue(who)), drafted):
        assert DRAFTED not in said_back(page), address
        assert "utkast" not in said_back(page).replace("utkastskvast", ""), address


@pytest.mark.parametrize(
    "text",
    [
        WORD,
        "kvast",
        ALMOST,
        "kvastskaft",
        "kvestskaft",
        TITLE,
        "Kvastens skola",
        DRAFTED,
        OLD,
        "socialtjänsten",
        "kvra",
    ],
)
@pytest.mark.parametrize("who", ["member", "outsider", "reader"])
def test_search_answers_as_if_the_rest_did_not_exist(
    text: str, who: str, own: Routine, coordinator: User, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    """The very same page, byte for byte, before and after another unit has published and drafted all this."""
    client = sign_in(request.getfixturevalue(who))
    before = client.get(reverse("routines"), {"q": text})
    request.getfixturevalue("secret")
    after = client.get(reverse("routines"), {"q": text})
    assert before.status_code == after.status_code
    assert without_tokens(after.content) == without_tokens(before.content)


def test_search_of_the_coordinator_finds_it_all(secret: Routine, coordinator: User) -> None:
    """The negative tests above would pass if nobody found anything."""
    for text in (WORD, "kvast", ALMOST, TITLE):
        assert [hit.routine for hit in queries.search(coordinator, text).hits] == [secret]


def test_shared_routine_is_found_while_it_is_shared(
    secret: Routine, member: User, coordinator: User, reader: User
) -> None:
    actions.share_routine(secret, by=coordinator)
    assert [hit.routine for hit in queries.search(member, ALMOST).hits] == [secret]
    assert queries.search(member, DRAFTED).hits in ([], ())
    assert queries.search(reader, WORD).total == 0
    actions.stop_sharing(secret, by=coordinator)
    assert queries.search(member, ALMOST).total == 0


def test_former_colleague_finds_nothing(own: Routine, member: User) -> None:
    assert queries.search(member, "socialtjänsten").total == 1
    membership = member.memberships.get()
    membership.ended_on = membership.started_on
    membership.save()
    assert queries.search(member, "socialtjänsten").total == 0


def test_search_looks_only_into_what_may_be_read(
    own: Routine, secret: Routine, member: User, coordinator: User
) -> None:
    """How long it takes can't depend on others' texts: they are not looked into, and the index over all isn't asked."""
    asked: dict[str, list[str]] = {}
    for user in (member, coordinator):
        with CaptureQueriesContext(connection) as captured:
            queries.search(user, WORD)
        asked[user.role] = [row["sql"] for row in captured if "@@" in row["sql"]]
    assert len(asked[member.role]) == 2  # as typed, and then what it is like
    for sql in asked[member.role]:
        assert "|| ''::tsvector) @@" in sql  # no index holds that
        assert f'"id" IN ({shelf.in_force(own).pk})' in sql
    assert all('"search" @@' in sql and '"id" IN (SELECT' in sql for sql in asked[coordinator.role])


def test_word_of_others_costs_as_much_as_a_word_of_nobodys(own: Routine, secret: Routine, member: User) -> None:
    """As many questions to the database, whether or not another unit's routine has the word, or one like it."""
    counts = []
    for text in (WORD, ALMOST, "xylofonen"):
        with CaptureQueriesContext(connection) as captured:
            assert queries.search(member, text).total == 0
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_unknown_and_forbidden_are_the_same_answer(secret: Routine, member: User, sign_in: SignIn) -> None:
    client = sign_in(member)
    for name in ("routine", "routine_pdf", "receipts"):
        forbidden = client.get(reverse(name, args=[secret.slug]))
        unknown = client.get(reverse(name, args=["finns-inte"]))
        assert forbidden.status_code == unknown.status_code == 404
        told, untold = without_tokens(forbidden.content), without_tokens(unknown.content)
        assert told.replace(secret.slug, "") == untold.replace("finns-inte", "")


@pytest.mark.parametrize("who", ["member", "manager", "outsider", "reader"])
def test_search_finds_what_may_be_read_and_nothing_else(
    request: pytest.FixtureRequest, unit: Unit, manager: User, coordinator: User, who: str
) -> None:
    """The search asks for it in a way of its own; here it is compared with the rule that every page goes by."""
    other = factories.unit(name="Andra enheten")
    shared, once_shared = (
        shelf.put(other, title, "Ring polisen.", by=coordinator) for title in ("Delad", "Förr delad")
    )
    for row in (shared, once_shared):
        actions.share_routine(row, by=coordinator)
    actions.stop_sharing(once_shared, by=coordinator)
    shelf.put(unit, "Egen", "Ring polisen.", by=manager)
    shelf.put(other, "Andras", "Ring polisen.", by=coordinator)
    ended = shelf.put(unit, "Upphävd", "Ring polisen.", by=manager)
    actions.withdraw_version(shelf.in_force(ended), reason="Gäller inte.", by=manager)
    user: User = request.getfixturevalue(who)
    may_read = RoutineVersion.objects.in_force().filter(routine__in=Routine.objects.readable_by(user))
    found = {hit.routine.title for hit in queries.search(user, "polisen").hits}
    assert found == set(may_read.values_list("routine__title", flat=True))
    assert found == {"member": {"Egen", "Delad"}, "manager": {"Egen", "Delad"}, "outsider": {"Delad"}}.get(who, set())


def test_draft_does_not_exist_for_those_who_do_not_write_it(
    rows: World, sign_in: SignIn, member: User, reader: User, outsider: User
) -> None:
    """The draft's title is on no page that they can open, and its address is not found."""
    pages = ["start", "units", "routines", "contacts", "materials"]
    for user in (member, reader, outsider):
        client = sign_in(user)
        for name in ("routine", "routine_pdf"):
            assert client.get(reverse(name, args=[rows.draft.slug])).status_code == 404
        assert not [page for page in pages if world.DRAFT_TITLE in client.get(reverse(page)).content.decode()]
    own = sign_in(member).get(reverse("step_3", args=[rows.unit.slug])).content.decode()
    assert "Vår rutin" in own
    assert world.DRAFT_TITLE not in own
