"""What the letters of this app say."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from courses import actions, mail
from courses.models import Training
from tests import factories
from units.models import Unit, User

pytestmark = pytest.mark.django_db

STARTS = dt.datetime(2999, 6, 3, 13, 15, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.fixture
def training(unit: Unit, coordinator: User) -> Training:
    """A training whose text would break HTML that is not escaped."""
    return actions.book_training(
        factories.open_round(unit),
        title="Heder & <barn>",
        starts_at=STARTS,
        place="Aspnässalen",
        leader="Eva Ledare",
        by=coordinator,
    )


def envelope(training: Training, to: User, number: int = 0) -> mail.Envelope:
    """A letter to somebody in the training's unit."""
    return mail.Envelope(to, training.rounds.get().unit, number)


def test_training_booked_says_what_when_where(training: Training, manager: User) -> None:
    Training.objects.update(ends_at=STARTS + dt.timedelta(hours=2), meeting_url="https://meet.example/?a=1&b=2")
    letter = mail.training_booked(mail.occasion(training), envelope(training, manager))
    assert letter.subject == "Inbjudan: Heder & <barn>, 3 juni 2999"
    assert letter.key == f"training:{training.pk}:0:{manager.pk}"
    for line in (
        "Hej Cia Chef!",
        "Du är inbjuden till en riktad utbildning för Tallbackens förskola. Den är steg 2 av 4.",
        "Heder & <barn>",
        "När: måndag 3 juni 2999 kl. 13:15–15:15",
        "Var: Aspnässalen",
        "Möteslänk: https://meet.example/?a=1&b=2",
        "Leds av: Eva Ledare",
        "Inbjudan har gått till dig som chef. Berätta gärna för dem som ska vara med.",
        f"http://localhost:8000/utbildningar/{training.pk}/",
        "Järfällamodellen, Järfälla kommun",
    ):
        assert line in letter.text.splitlines()
    assert "Heder &amp; &lt;barn&gt;" in letter.html
    assert f'href="http://localhost:8000/utbildningar/{training.pk}/"' in letter.html
    assert 'href="https://meet.example/?a=1&amp;b=2"' in letter.html
    assert not re.search(r"<barn>|{{|{%", letter.html)


def test_training_booked_leaves_out_what_is_not_decided(unit: Unit, manager: User, coordinator: User) -> None:
    bare = actions.book_training(factories.open_round(unit), title="Heder", starts_at=STARTS, by=coordinator)
    text = mail.training_booked(mail.occasion(bare), envelope(bare, manager)).text
    for left_out in ("Var:", "Leds av:", "Möteslänk:", "För:", "Del ", "–"):
        assert left_out not in text


def test_training_booked_says_that_all_staff_and_a_series_are_invited(
    unit: Unit, member: User, coordinator: User
) -> None:
    times = [(STARTS, None), (STARTS + dt.timedelta(days=7), None)]
    _, second = actions.plan_trainings(
        [factories.open_round(unit)], times=times, title="Heder", invites_staff=True, by=coordinator
    )
    text = mail.training_booked(mail.occasion(second), envelope(second, member)).text
    assert "All personal på enheten har fått samma inbjudan." in text
    assert "Del 2 av 2 i en serie" in text


def test_training_changed_says_what_was_and_what_is(training: Training, manager: User, coordinator: User) -> None:
    actions.change_training(
        training,
        rounds=list(training.rounds.all()),
        title="Heder & <barn>",
        starts_at=STARTS + dt.timedelta(days=1),
        ends_at=None,
        place="",
        leader="Bo <b>",
        invites_staff=True,
        by=coordinator,
    )
    letter = mail.training_changed(mail.occasion(training), envelope(training, manager, 1), since=0)
    assert letter.subject == "Ändrad utbildning: Heder & <barn>, 4 juni 2999"
    for line in (
        "Något har ändrats i den utbildning för Tallbackens förskola som du är inbjuden till.",
        "- Ny tid: tisdag 4 juni 2999 kl. 13:15. Tidigare: måndag 3 juni 2999 kl. 13:15.",
        "- Ny plats: inte bestämt. Tidigare: Aspnässalen.",
        "- Ny ledare: Bo <b>. Tidigare: Eva Ledare.",
        "- Nu är all personal inbjuden, inte bara cheferna.",
        "Så här gäller nu:",
        "När: tisdag 4 juni 2999 kl. 13:15",
    ):
        assert line in letter.text.splitlines()
    assert "Ny rubrik" not in letter.text
    assert "Bo &lt;b&gt;" in letter.html
    assert "<b>." not in letter.html


def test_training_cancelled_says_why(training: Training, manager: User, coordinator: User) -> None:
    training = actions.cancel_training(training, reason="Ledaren är sjuk", by=coordinator)
    letter = mail.training_cancelled(mail.occasion(training), envelope(training, manager, 1))
    assert letter.subject == "Inställd utbildning: Heder & <barn>, 3 juni 2999"
    assert "Den här utbildningen för Tallbackens förskola är inställd:" in letter.text
    assert "Skulle ha hållits: måndag 3 juni 2999 kl. 13:15" in letter.text
    assert "Varför: Ledaren är sjuk" in letter.text
    assert "http://localhost:8000/enheter/tallbackens-forskola/steg-2/" in letter.text
    assert "Ledaren är sjuk" in letter.html


def test_person_who_is_no_longer_invited_is_not_told_that_it_is_cancelled(training: Training, manager: User) -> None:
    letter = mail.training_cancelled(mail.occasion(training), envelope(training, manager, 1))
    assert letter.subject == "Inbjudan gäller inte längre: Heder & <barn>, 3 juni 2999"
    assert "Du är inte längre inbjuden till den här utbildningen:" in letter.text
    assert "inställd" not in letter.text.lower()
    assert "steg-2" not in letter.text


def test_letters_about_trainings_are_in_the_language_of_who_reads_them(training: Training, manager: User) -> None:
    manager.language = "en"
    text = mail.training_booked(mail.occasion(training), envelope(training, manager)).text
    assert "Monday 3 June 2999" in text
