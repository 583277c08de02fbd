"""What the service worker may keep, for whom, and that a copy can do nothing but be read."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from jarfalla.views import offline
from routines.models import Contact
from tests.conftest import SignIn
from tests.world import DRAFT_TITLE, World
from units.models import Membership, MembershipRole, User

pytestmark = pytest.mark.django_db


def listed(client: Client) -> dict[str, Any]:
    return dict(json.loads(client.get(reverse("offline_list")).content))


def tags(client: Client) -> dict[str, str]:
    return {page["address"]: page["tag"] for page in listed(client)["pages"]}


def test_list_holds_the_own_routines_in_force_and_no_draft(
    rows: World, sign_in: SignIn, member: User, manager: User, coordinator: User, outsider: User, reader: User
) -> None:
    own = {"/offline/"} | {row.get_absolute_url() for row in rows.unit.routines.all() if row.in_force}
    assert rows.in_force.get_absolute_url() in own
    assert not {rows.draft.get_absolute_url(), rows.in_review.get_absolute_url()} & own
    assert set(tags(sign_in(member))) == own
    # Who writes the drafts gets them no more than the others do.
    assert set(tags(sign_in(manager))) == own
    for user in (coordinator, outsider, reader):
        assert list(tags(sign_in(user))) == ["/offline/"]


def test_reader_who_is_on_a_staff_list_gets_no_routine(rows: World, sign_in: SignIn, reader: User) -> None:
    rows.unit.memberships.create(user=reader, role=MembershipRole.MEMBER, started_on=clock.today())
    client, copy = sign_in(reader), reverse("offline_routine", args=[rows.in_force.slug])

    assert list(tags(client)) == ["/offline/"]
    assert client.get(copy).status_code == 404
    assert rows.in_force.title not in client.get(reverse("offline_start")).content.decode()


def test_list_says_neither_name_nor_title_nor_key_of_the_user(rows: World, sign_in: SignIn, member: User) -> None:
    said = sign_in(member).get(reverse("offline_list")).content.decode()
    for secret in (member.name, member.email, DRAFT_TITLE, rows.in_force.title):
        assert secret not in said
    assert listed(sign_in(member))["reader"] != str(member.pk)


def test_two_people_are_two_readers_and_one_person_is_always_the_same(
    rows: World, sign_in: SignIn, member: User, manager: User
) -> None:
    assert listed(sign_in(member))["reader"] == listed(sign_in(member))["reader"]
    assert listed(sign_in(member))["reader"] != listed(sign_in(manager))["reader"]


def test_copy_carries_the_tag_that_the_list_promises_and_is_kept_by_no_other_cache(
    rows: World, sign_in: SignIn, member: User
) -> None:
    client = sign_in(member)
    for page in listed(client)["pages"]:
        copy = client.get(page["copy"])
        assert copy.headers["X-Copy-Tag"] == page["tag"]
        assert "no-store" in copy.headers["Cache-Control"]
    assert "no-store" in client.get(reverse("offline_list")).headers["Cache-Control"]


def test_copy_has_the_text_and_the_numbers_and_nothing_to_press(rows: World, sign_in: SignIn, manager: User) -> None:
    page = sign_in(manager).get(reverse("offline_routine", args=[rows.in_force.slug])).content.decode()
    assert "Du är offline" in page
    assert "Så här såg rutinen ut" in page
    assert "Vårdnadshavare: kontakta dem inte på egen hand" in page
    assert 'href="tel:112"' in page
    for forbidden in ("<form", "<script", "<button", "csrf", manager.email, DRAFT_TITLE, "Ny version"):
        assert forbidden not in page, forbidden


def test_copy_of_the_start_has_routines_and_numbers_and_nothing_to_press(
    rows: World, sign_in: SignIn, coordinator: User, member: User
) -> None:
    page = sign_in(member).get(reverse("offline_start")).content.decode()
    assert rows.in_force.get_absolute_url() in page
    assert DRAFT_TITLE not in page
    # Her own page of contacts has buttons.
    seen = sign_in(coordinator).get(reverse("offline_start")).content.decode()
    assert rows.in_force.title not in seen
    for text in (page, seen):
        assert 'href="tel:116111"' in text or "116 111" in text
        assert not re.search(r"<form|<script|<button|csrf", text)


def test_draft_has_no_copy_for_anybody(rows: World, sign_in: SignIn, manager: User, member: User) -> None:
    for draft in (rows.draft, rows.in_review, rows.endorsed):
        for user in (manager, member):
            assert sign_in(user).get(reverse("offline_routine", args=[draft.slug])).status_code == 404


def test_who_has_left_the_unit_keeps_nothing(rows: World, sign_in: SignIn, member: User) -> None:
    client = sign_in(member)
    address = reverse("offline_routine", args=[rows.in_force.slug])
    assert client.get(address).status_code == 200
    Membership.objects.filter(user=member).update(ended_on=clock.today())
    assert client.get(address).status_code == 404
    assert list(tags(client)) == ["/offline/"]


def test_changed_number_changes_the_tags_of_what_shows_it(rows: World, sign_in: SignIn, member: User) -> None:
    client = sign_in(member)
    before = tags(client)
    contact = Contact.objects.earliest("position")
    Contact.objects.filter(pk=contact.pk).update(phone="113", revision=contact.revision + 1)
    after = tags(client)
    assert set(before) == set(after)
    assert not set(before.values()) & set(after.values())


def test_tags_change_with_the_language(rows: World, sign_in: SignIn, member: User) -> None:
    client = sign_in(member)
    before = tags(client)
    client.post(reverse("set_language"), {"språk": "en"})
    assert not set(before.values()) & set(tags(client).values())


def test_list_costs_the_same_however_many_routines_there_are(rows: World, sign_in: SignIn, member: User) -> None:
    client = sign_in(member)
    before = tags(client)
    with CaptureQueriesContext(connection) as with_few:
        client.get(reverse("offline_list"))
    for draft in (rows.draft, rows.in_review):
        in_force_like(draft, rows)
    assert len(tags(client)) == len(before) + 2
    with CaptureQueriesContext(connection) as with_more:
        client.get(reverse("offline_list"))
    assert len(with_few) == len(with_more)


def in_force_like(routine: Any, rows: World) -> None:
    """The routine with a version in force, written straight into the table."""
    old = rows.in_force.in_force
    assert old is not None
    now = clock.now()
    routine.versions.create(
        major=9,
        created_by=old.created_by,
        approved_by=old.approved_by,
        approved_at=now,
        in_force_at=now,
        pdf=old.pdf.name,
        pdf_sha256=old.pdf_sha256,
    )


def test_worker_is_not_kept_by_the_browser_and_has_another_version_when_it_changes(
    client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/sw.js")
    assert first.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert first.headers["Cache-Control"] == "no-cache"
    assert client.get("/sw.js").content == first.content
    newer = tmp_path / "worker.js"
    newer.write_text(offline.WORKER.read_text() + "\n// another release\n")
    monkeypatch.setattr(offline, "WORKER", newer)
    [before, after] = [re.search(rb'VERSION = "(\w+)"', body) for body in (first.content, client.get("/sw.js").content)]
    assert before
    assert after
    assert before[1] != after[1]


def test_everything_that_a_copy_needs_is_on_the_list(rows: World, sign_in: SignIn, member: User) -> None:
    client = sign_in(member)
    found = listed(client)
    for page in found["pages"]:
        text = client.get(page["copy"]).content.decode()
        assert set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text)) <= set(found["files"])


def test_signing_out_tells_the_browser_to_forget(rows: World, sign_in: SignIn, member: User) -> None:
    client = sign_in(member)
    assert "Clear-Site-Data" not in client.get(reverse("account_logout")).headers
    assert client.post(reverse("account_logout")).headers["Clear-Site-Data"] == '"cache", "storage"'


def test_pages_say_whether_somebody_is_signed_in(rows: World, sign_in: SignIn, member: User) -> None:
    assert 'data-reader="in"' in sign_in(member).get("/").content.decode()
    assert 'data-reader="out"' in Client().get(reverse("account_login")).content.decode()
