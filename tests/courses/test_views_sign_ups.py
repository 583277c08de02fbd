"""Open occasions: the public pages, which never show who has signed up, and the coordinator's."""

import re
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import actions, queries
from courses.models import SignUp, SignUpMail, Training
from jarfalla import clock
from tests.conftest import SignIn
from tests.courses.rows import DAY
from units.models import Message, Unit, User

pytestmark = pytest.mark.django_db

GUEST = {"name": "Gun Gäst", "email": "gun@solna.example", "organisation": "Solna stad", "seats": "2"}


@pytest.fixture(autouse=True)
def _no_limits() -> None:
    """Every test begins with the patience that is there in the morning."""
    cache.clear()


@pytest.fixture
def training(coordinator: User) -> Training:
    """An open lecture in two weeks, with three places."""
    return lecture(coordinator)


def lecture(by: User, **fields: Any) -> Training:
    plan = {"title": "Tidiga tecken", "starts_at": clock.now() + 14 * DAY, "place": "Aspnässalen", "capacity": 3}
    return Training.objects.create(
        **plan | {"meeting_url": "https://moten.example/hemlig", "takes_sign_ups": True, "booked_by": by} | fields
    )


def sign_up(training: Training, name: str, *, seats: int = 1) -> SignUp:
    return actions.sign_up(
        training,
        name=name,
        email=f"{name.lower()}@solna.example",
        organisation="Solna stad",
        seats=seats,
        token=uuid.uuid4(),
        language="sv",
    )


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def address(training: Training) -> str:
    return reverse("sign_up", args=[training.pk])


def fresh_token(html: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', html)[1]  # type: ignore[index]  # it is there


def test_guest_signs_up_and_gets_a_place_and_a_mail(training: Training, sign_in: SignIn) -> None:
    client = sign_in(None)
    html = text(client.get(reverse("open_trainings")))
    assert "Tidiga tecken" in html
    assert "3 lediga platser av 3" in html
    html = text(client.get(address(training)))
    assert "Vi sparar namn, e-postadress och organisation" in html
    response = client.post(address(training), GUEST | {"token": fresh_token(html)}, follow=True)
    assert "Du har 2 platser. Välkomna!" in text(response)
    row = SignUp.objects.get()
    assert response.redirect_chain == [(reverse("sign_up_done", args=[row.token]), 302)]
    message = Message.objects.get()
    assert (message.to_name, message.to_email) == ("Gun Gäst", "gun@solna.example")
    assert f"/oppna-utbildningar/anmalan/{row.token}/" in message.text
    assert "METHOD:REQUEST" in message.calendar


def test_form_sent_twice_is_one_sign_up(training: Training, sign_in: SignIn) -> None:
    client = sign_in(None)
    data = GUEST | {"token": fresh_token(text(client.get(address(training))))}
    first, second = (client.post(address(training), data) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert SignUp.objects.count() == Message.objects.count() == 1


def test_full_training_says_so_before_and_after(training: Training, sign_in: SignIn) -> None:
    sign_up(training, "Anna", seats=3)
    client = sign_in(None)
    assert "Full, ingen på väntelistan" in text(client.get(reverse("open_trainings")))
    html = text(client.get(address(training)))
    assert "Utbildningen är full. Anmäl dig ändå, så står du på väntelistan" in html
    assert "Ställ mig på väntelistan" in html
    html = text(client.post(address(training), GUEST, follow=True))
    assert "Du har nummer 1 på väntelistan" in html
    assert "https://moten.example/hemlig" not in html
    assert "Full, 2 på väntelistan" in text(client.get(reverse("open_trainings")))


def test_same_address_again_is_refused_at_its_field(training: Training, sign_in: SignIn) -> None:
    client = sign_in(None)
    client.post(address(training), GUEST)
    html = text(client.post(address(training), GUEST | {"email": "GUN@solna.example"}))
    assert "Den adressen är redan anmäld." in html
    assert "<title>Fel: Anmälan" in html
    assert SignUp.objects.count() == 1


def test_stranger_can_not_ask_for_ever_whether_an_address_is_signed_up(training: Training, sign_in: SignIn) -> None:
    sign_up(training, "Gun")
    client = sign_in(None)
    answers = [text(client.post(address(training), GUEST)) for _ in range(12)]
    assert ["Den adressen är redan anmäld." in html for html in answers] == [True] * 10 + [False] * 2
    assert "Det har kommit många anmälningar på kort tid." in answers[-1]


def test_form_of_another_training_is_a_sign_up_of_its_own(
    training: Training, coordinator: User, sign_in: SignIn
) -> None:
    other, client, token = lecture(coordinator, title="Skydd"), sign_in(None), str(uuid.uuid4())
    for row in (training, other):
        assert "Du har 2 platser." in text(client.post(address(row), GUEST | {"token": token}, follow=True))
    assert sorted(SignUp.objects.values_list("training__title", flat=True)) == ["Skydd", "Tidiga tecken"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "İda@solna.example", "Det ser inte ut som en e-postadress"),
        ("email", "ſven@solna.example", "Det ser inte ut som en e-postadress"),
        ("name", "Gun 811218-9876", "personnummer"),
        ("organisation", "Familjen 811218-9876", "personnummer"),
        ("name", "Gun\r\nBcc: alla@example.org", "ett tecken som inte går att spara"),
        ("email", "gun@solna.example\nBcc: alla@example.org", "e-postadress"),
        ("email", "gun", "Det ser inte ut som en e-postadress"),
        ("seats", "0", "Anmäl minst en person."),
        ("seats", "21", "Anmäl högst 20 personer"),
        ("seats", "4", "Utbildningen har 3 platser. Anmäl högst så många."),
        ("name", "", "Fyll i det här."),
    ],
)
def test_bad_input_gets_a_sentence(training: Training, sign_in: SignIn, field: str, value: str, sentence: str) -> None:
    response = sign_in(None).post(address(training), GUEST | {field: value})
    assert sentence in text(response)
    assert list(response.context["form"].errors) == [field]
    assert not SignUp.objects.exists()
    assert not Message.objects.exists()


def test_public_pages_never_show_who_has_signed_up(training: Training, member: User, sign_in: SignIn) -> None:
    rows = [sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan")]
    pages = [reverse("open_trainings"), address(training), *(reverse("sign_up_done", args=[r.token]) for r in rows)]
    for client in (sign_in(None), sign_in(member)):
        for page in pages:
            html = text(client.get(page)).replace(member.name, "").replace(member.email, "")
            for words in ("Anna", ">Bo", "Cia", "Dan", "@solna.example", "Solna stad"):
                assert words not in html, page


def test_meeting_link_is_only_for_those_with_a_place(training: Training, sign_in: SignIn) -> None:
    row = sign_up(training, "Anna")
    client = sign_in(None)
    for page in (reverse("open_trainings"), address(training)):
        assert "moten.example" not in text(client.get(page))
    assert "moten.example/hemlig" in text(client.get(reverse("sign_up_done", args=[row.token])))
    actions.withdraw_sign_up(row)
    assert "moten.example" not in text(client.get(reverse("sign_up_done", args=[row.token])))


def test_own_sign_up_is_found_by_its_secret_only_and_kept_by_nobody(training: Training, sign_in: SignIn) -> None:
    row = sign_up(training, "Anna")
    client = sign_in(None)
    response = client.get(reverse("sign_up_done", args=[row.token]))
    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]
    assert client.get(reverse("sign_up_done", args=[uuid.uuid4()])).status_code == 404
    SignUp.objects.update(erased_at=clock.now())
    assert client.get(reverse("sign_up_done", args=[row.token])).status_code == 404


def test_withdrawing_gives_the_place_to_the_next(training: Training, sign_in: SignIn) -> None:
    anna, bo = sign_up(training, "Anna", seats=3), sign_up(training, "Bo")
    client = sign_in(None)
    for _ in range(2):
        html = text(client.post(reverse("sign_up_withdraw", args=[anna.token]), {"from": "list"}, follow=True))
        assert "Du är avanmäld." in html
    bo.refresh_from_db()
    assert bo.placed_at is not None
    assert "Du har en plats. Välkommen!" in text(client.get(reverse("sign_up_done", args=[bo.token])))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"starts_at": clock.now() - DAY}, "har redan börjat"),
        ({"cancelled_at": clock.now()}, "Utbildningen är inställd."),
    ],
)
def test_training_that_is_over_is_not_listed_and_takes_nobody(
    training: Training, coordinator: User, sign_in: SignIn, fields: dict[str, Any], sentence: str
) -> None:
    if "cancelled_at" in fields:
        fields = fields | {"cancelled_by": coordinator, "cancelled_reason": "Sjukdom"}
    Training.objects.update(**fields)
    client = sign_in(None)
    assert "Just nu finns inga öppna utbildningar." in text(client.get(reverse("open_trainings")))
    assert sentence in text(client.get(address(training)))
    assert sentence in text(client.post(address(training), GUEST))
    assert not SignUp.objects.exists()


def test_training_that_takes_no_sign_ups_does_not_exist_for_the_public(coordinator: User, sign_in: SignIn) -> None:
    closed = lecture(coordinator, takes_sign_ups=False, title="Bara för Tallbacken")
    client = sign_in(None)
    assert "Bara för Tallbacken" not in text(client.get(reverse("open_trainings")))
    for response in (client.get(address(closed)), client.post(address(closed), GUEST)):
        assert response.status_code == 404
        assert "Bara för Tallbacken" not in response.content.decode()


def test_form_is_filled_in_for_somebody_who_has_signed_in(
    training: Training, unit: Unit, member: User, sign_in: SignIn
) -> None:
    client = sign_in(member)
    html = text(client.get(address(training)))
    for value in (member.name, member.email, unit.name):
        assert f'value="{value}"' in html
    data = {"name": member.name, "email": member.email, "organisation": unit.name, "seats": "1"}
    client.post(address(training), data)
    assert SignUp.objects.get().user == member
    assert Message.objects.get().recipient == member


def test_too_many_sign_ups_from_one_network_get_a_sentence(
    coordinator: User, member: User, sign_in: SignIn, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"open_training": "2/h/ip"}
    training = lecture(coordinator, capacity=None)
    client = sign_in(None)
    pages = [client.post(address(training), GUEST | {"email": f"gun{n}@solna.example"}, follow=True) for n in range(3)]
    assert "Det har kommit många anmälningar på kort tid." in text(pages[2])
    assert SignUp.objects.count() == 2
    sign_in(member).post(address(training), GUEST | {"email": "gun9@solna.example"})
    assert SignUp.objects.count() == 3


def test_one_address_is_written_to_ten_times_a_day_at_most(coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(None)
    for n in range(12):
        client.post(address(lecture(coordinator, title=f"Föreläsning {n}")), GUEST)
    assert Message.objects.count() == 10


def test_coordinator_sees_who_has_a_place_and_who_waits(
    training: Training, member: User, coordinator: User, sign_in: SignIn
) -> None:
    for name, seats in (("Anna", 2), ("Bo", 2), ("Cia", 1)):
        sign_up(training, name, seats=seats)
    html = text(sign_in(coordinator).get(reverse("sign_ups", args=[training.pk])))
    placed, waiting = html.split("<h2>Väntelista</h2>")
    assert [name in placed for name in ("Anna", "Bo<", "Cia")] == [True, False, True]
    assert "Bo" in waiting
    assert "<dd>3 personer, 2 anmälningar</dd>" in html
    assert "<dd>2 personer, 1 anmälan</dd>" in html
    for user in (member, None):
        assert "Anna" not in sign_in(user).get(reverse("sign_ups", args=[training.pk])).content.decode()


def test_coordinator_withdraws_somebody_and_is_back_at_the_list(
    training: Training, coordinator: User, sign_in: SignIn
) -> None:
    anna = sign_up(training, "Anna")
    response = sign_in(coordinator).post(reverse("sign_up_withdraw", args=[anna.token]), {"from": "list"}, follow=True)
    assert response.redirect_chain == [(reverse("sign_ups", args=[training.pk]), 302)]
    assert "Anmälan är borttagen." in text(response)
    assert queries.places(training).placed == 0


def test_protected_person_is_not_named_in_the_list(
    training: Training, member: User, coordinator: User, sign_in: SignIn
) -> None:
    User.objects.filter(pk=member.pk).update(is_protected=True)
    client = sign_in(coordinator)
    data = {"name": member.name, "email": member.email, "organisation": "Hemlig skola", "seats": "1"}
    client.post(address(training), data)
    html = text(client.get(reverse("sign_ups", args=[training.pk])))
    assert "skyddad person" in html
    for words in (member.name, member.email, "Hemlig skola"):
        assert words not in html


def test_coordinator_writes_to_those_who_wait(training: Training, coordinator: User, sign_in: SignIn) -> None:
    for name in ("Anna", "Bo", "Cia", "Dan"):
        sign_up(training, name)
    client = sign_in(coordinator)
    html = text(client.get(reverse("sign_ups", args=[training.pk])))
    for label in ("De som har plats (3)", "De som står på väntelistan (1)", "Alla anmälda (4)"):
        assert label in html
    data = {"audience": "waiting", "subject": "Vi byter sal", "text": "Välkommen!", "token": fresh_token(html)}
    for _ in range(2):
        html = text(client.post(reverse("sign_ups_mail", args=[training.pk]), data, follow=True))
        assert "Mejlet går till 1 anmäld." in html
        assert "Vi byter sal" in html
    actions.write_sign_up_mail(SignUpMail.objects.get().pk)
    assert [message.to_name for message in Message.objects.filter(subject="Vi byter sal")] == ["Dan"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("text", "Samtal om 811218-9876", "personnummer"),
        ("subject", "Rad\nRad", "ett tecken som inte går att spara"),
        ("audience", "alla", "Välj vilka mejlet ska gå till."),
        ("audience", "waiting", "Det finns ingen att skriva till."),
    ],
)
def test_mail_with_bad_input_is_not_sent(
    training: Training, coordinator: User, sign_in: SignIn, field: str, value: str, sentence: str
) -> None:
    sign_up(training, "Anna")
    data = {"audience": "placed", "subject": "Hej", "text": "Hej!"} | {field: value}
    html = text(sign_in(coordinator).post(reverse("sign_ups_mail", args=[training.pk]), data))
    assert sentence in html
    assert "<title>Fel: Anmälningar" in html
    assert not SignUpMail.objects.exists()


@pytest.mark.parametrize("page", ["open_trainings", "sign_ups"])
def test_lists_ask_as_much_for_one_as_for_three(
    training: Training, coordinator: User, sign_in: SignIn, page: str
) -> None:
    client, counts = sign_in(coordinator), []
    for total in (1, 3):
        while Training.objects.count() < total and page == "open_trainings":
            sign_up(lecture(coordinator), "Anna")
        while SignUp.objects.filter(training=training).count() < total:
            sign_up(training, f"Person{SignUp.objects.count()}")
        with CaptureQueriesContext(connection) as asked:
            text(client.get(reverse(page, args=[training.pk] if page == "sign_ups" else [])))
        counts.append(len(asked))
    assert counts[0] == counts[1]
