"""The page of step 1, by role, and what its buttons do."""

import gzip
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import queries
from courses.models import Completion, GroupSession
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY
from tests.together import together
from units.models import MembershipRole, Message, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


def url(name: str, unit: Unit, *args: int) -> str:
    return reverse(name, args=[unit.slug, *args])


def page(client: Client, unit: Unit) -> str:
    response = client.get(url("step_1", unit))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def figures(html: str) -> dict[str, str]:
    """The arithmetic as it is printed beside the figure."""
    table = re.findall(r'<table class="sum">(.*?)</table>', html)[0]
    rows_ = re.findall(r'<th scope="row">(.*?)</th> ?<td>(.*?)</td>', table)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in rows_}


def test_manager_sees_the_arithmetic_and_who_lacks_the_course(unit: Unit, manager: User, sign_in: SignIn) -> None:
    ann, _, _ = rows.crew(unit, 3)
    lacking = factories.staff(unit, name="Lisa Lacking")
    rows.session(unit, members=[ann], headcount=2)
    html = page(sign_in(manager), unit)
    assert "60 %" in html
    assert f"3 av 5 har gått kursen, räknat den {clock.today().day} " in html
    assert figures(html) == {
        "Registrerade med namn": "1",
        "Räknade utan namn på gruppträffar": "+ 2",
        "Har gått kursen": "= 3",
        "Arbetar här, enligt personallistan": "5",
        "Täckning": "3 / 5 = 60 %",
    }
    assert "Gränsen är 80 procent, alltså 4 av 5. Det fattas 1 person." in html
    assert lacking.name in html
    assert 'href="https://www.webbkursheder.se"' in html


def test_member_sees_coverage_but_no_colleague_by_name(
    unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    lacking, has_it = factories.staff(unit, name="Lisa Lacking"), factories.staff(unit, name="Hanna Hasit")
    rows.session(unit, members=[has_it], headcount=1)
    assert {lacking.name, has_it.name} <= set(re.findall(r"Lisa Lacking|Hanna Hasit", page(sign_in(manager), unit)))
    html = page(sign_in(member), unit)
    assert "2 av 4 har gått kursen" in html
    assert "Du är inte registrerad än." in html
    assert "1 med namn, 1 utan namn" in html
    names = (lacking.name, has_it.name, manager.name, lacking.email)
    for hidden in (*names, "checklist", 'name="members"', 'name="users"', "Återta", 'name="token"', "Spara antalet"):
        assert hidden not in html


def test_member_reads_the_own_registration(unit: Unit, member: User, sign_in: SignIn) -> None:
    rows.taken(unit, [member])
    assert "Du är registrerad: du gick kursen den" in page(sign_in(member), unit)


def test_manager_never_sees_a_protected_person(unit: Unit, manager: User, sign_in: SignIn) -> None:
    hidden, registered = factories.staff(unit, name="Hemlig Person"), factories.staff(unit, name="Dold Person")
    rows.taken(unit, [registered])
    User.objects.filter(pk__in=[hidden.pk, registered.pk]).update(is_protected=True)
    html = page(sign_in(manager), unit)
    assert "Hemlig" not in html
    assert "Dold" not in html
    assert "1 av 3 har gått kursen" in html


def test_unit_without_staff_says_what_to_do_first(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    html = page(sign_in(coordinator), unit)
    assert "Portalen vet inte hur många som arbetar här" in html
    assert f'href="{url("unit_staff", unit)}"' in html
    assert 'href="#antal"' in html
    assert f'action="{url("headcount_declare", unit)}"' in html
    assert f'action="{url("group_session_new", unit)}"' not in html
    assert "Skäl till undantag" in html  # the coordinator can still make an exception


def test_unit_without_an_open_round_shows_no_form_to_log_the_step(
    coordinator: User, manager: User, unit: Unit, sign_in: SignIn
) -> None:
    other = factories.unit(declared_headcount=10)
    html = page(sign_in(coordinator), other)
    assert "Enheten har ingen omgång som pågår." in html
    assert "Registrera steg 1 som klart" not in html
    assert f'action="{url("group_session_new", other)}"' in html  # what is learnt counts from the first day


def test_manager_records_a_group_session(unit: Unit, manager: User, sign_in: SignIn) -> None:
    ann, _, _ = rows.crew(unit, 3)
    client = sign_in(manager)
    token = re.findall(r'name="token" value="([^"]+)"', page(client, unit))[0]
    data = {"held_on": str(clock.today()), "members": [ann.pk], "headcount": "2", "token": token}
    for _attempt in range(2):  # the button pressed twice
        response = client.post(url("group_session_new", unit), data, follow=True)
        assert "Gruppträffen är registrerad. Tack!" in response.content.decode()
    assert GroupSession.objects.count() == 1
    assert queries.coverage(unit).covered == 3


def test_group_session_error_stands_at_its_field_and_keeps_what_was_filled_in(
    unit: Unit, manager: User, sign_in: SignIn
) -> None:
    ann = rows.crew(unit, 1)[0]
    data = {"held_on": str(clock.today()), "members": [ann.pk], "headcount": "7"}
    response = sign_in(manager).post(url("group_session_new", unit), data)
    html = " ".join(response.content.decode().split())
    assert response.status_code == 200
    assert "<title>Fel: Steg 1" in html
    assert html.count("Högst 1 kan räknas utan namn: enheten har 2 anställda") == 2  # summary and field
    assert f'name="members" value="{ann.pk}" class="form-check-input" id="id_members_1" checked' in html
    assert not GroupSession.objects.exists()


def test_group_session_refused_by_the_action_is_a_sentence(unit: Unit, manager: User, sign_in: SignIn) -> None:
    rows.crew(unit, 4)
    client = sign_in(manager)
    token = re.findall(r'name="token" value="([^"]+)"', page(client, unit))[0]
    for headcount in ("1", "2"):
        data = {"held_on": str(clock.today()), "headcount": headcount, "token": token}
        response = client.post(url("group_session_new", unit), data)
    assert response.status_code == 200
    assert "Formuläret är redan skickat en gång." in response.content.decode()
    assert token not in response.content.decode()  # so that sending again is a session of its own
    assert GroupSession.objects.get().headcount == 1


def test_manager_records_single_completions(unit: Unit, manager: User, sign_in: SignIn) -> None:
    people = rows.crew(unit, 2)
    data = {"users": [person.pk for person in people], "completed_on": str(clock.today())}
    response = sign_in(manager).post(url("course_completions", unit), data, follow=True)
    assert "2 personer är registrerade." in response.content.decode()
    assert Completion.objects.standing().count() == 2


def test_person_counted_without_a_name_gets_one_and_is_not_counted_twice(
    unit: Unit, manager: User, sign_in: SignIn
) -> None:
    ann = rows.crew(unit, 3)[0]
    session = rows.session(unit, headcount=2, on=clock.today() - 9 * DAY)
    client = sign_in(manager)
    html = page(client, unit)
    assert "Var någon av dem redan räknad utan namn på en gruppträff?" in html
    assert 'name="counted_in" value="" class="form-check-input" id="id_counted_in_0" checked> ' in html
    assert "(2 utan namn)" in html
    data = {"users": [ann.pk], "completed_on": str(clock.today()), "counted_in": session.pk}
    client.post(url("course_completions", unit), data)
    completion = Completion.objects.get()
    assert (completion.counted_in, completion.completed_on) == (session, session.held_on)
    html = page(client, unit)
    assert figures(html)["Har gått kursen"] == "= 2"
    assert "2 utan namn, varav 1 har fått namn sedan dess" in html
    assert "(1 utan namn)" in html


def test_more_people_than_the_session_counted_is_an_error_at_the_question(
    unit: Unit, manager: User, sign_in: SignIn
) -> None:
    people = rows.crew(unit, 3)
    session = rows.session(unit, headcount=1)
    data = {"users": [person.pk for person in people], "completed_on": str(clock.today()), "counted_in": session.pk}
    response = sign_in(manager).post(url("course_completions", unit), data)
    sentence = f"är {session.headcount} person räknad utan namn. Välj högst så många."
    assert sentence in response.context["form"].errors["counted_in"][0]
    assert sentence in response.content.decode()
    assert not Completion.objects.exists()


def test_session_of_another_unit_is_not_offered(unit: Unit, manager: User, outsider: User, sign_in: SignIn) -> None:
    other = rows.session(outsider.memberships.get().unit, headcount=1)
    ann = rows.crew(unit, 1)[0]
    client = sign_in(manager)
    assert "redan räknad utan namn" not in page(client, unit)
    rows.session(unit, headcount=1)
    data = {"users": [ann.pk], "completed_on": str(clock.today()), "counted_in": other.pk}
    response = client.post(url("course_completions", unit), data)
    assert "Gruppträffen finns inte längre. Välj igen." in response.content.decode()
    assert not Completion.objects.exists()


def test_page_helps_to_hold_a_group_session(unit: Unit, member: User, sign_in: SignIn) -> None:
    html = page(sign_in(member), unit)
    assert f'href="{reverse("discussion_guide")}?verksamhet=preschool"' in html
    assert 'href="https://www.webbkursheder.se"' in html
    assert f'href="{url("coverage_trend", unit)}"' in html


def test_completions_error_opens_the_form(unit: Unit, manager: User, sign_in: SignIn) -> None:
    response = sign_in(manager).post(url("course_completions", unit), {"completed_on": str(clock.today())})
    html = " ".join(response.content.decode().split())
    assert '<details class="reveal" open>' in html
    assert "Välj minst en person." in html


def test_manager_withdraws_a_session_and_a_completion(unit: Unit, manager: User, sign_in: SignIn) -> None:
    ann, bo = rows.crew(unit, 2)
    session = rows.session(unit, members=[ann])
    rows.taken(unit, [bo])
    client = sign_in(manager)
    first = client.post(url("group_session_withdraw", unit, session.pk), follow=True)
    assert "Gruppträffen är återtagen och räknas inte längre." in first.content.decode()
    second = client.post(url("completion_withdraw", unit, bo.course_completions.get().pk), follow=True)
    assert f"{bo.name} räknas inte längre." in second.content.decode()
    assert queries.coverage(unit).covered == 0


def test_rows_of_another_unit_can_not_be_withdrawn(unit: Unit, manager: User, outsider: User, sign_in: SignIn) -> None:
    other = outsider.memberships.get().unit
    session = rows.session(other, members=[outsider])
    completion = outsider.course_completions.get()
    client = sign_in(manager)
    assert client.post(url("group_session_withdraw", unit, session.pk)).status_code == 404
    assert client.post(url("completion_withdraw", unit, completion.pk)).status_code == 404
    assert client.post(url("completion_withdraw", other, completion.pk)).status_code == 404
    assert Completion.objects.standing().get() == completion


def test_manager_logs_the_step(unit: Unit, manager: User, sign_in: SignIn) -> None:
    round_ = rows.covered_round(unit)
    client = sign_in(manager)
    assert "Tillräckligt många har gått kursen." in page(client, unit)
    response = client.post(url("web_course_complete", unit), {"on": str(clock.today() - DAY)})
    assert response["Location"] == unit.get_absolute_url()
    assert round_.standing()[Step.WEB_COURSE].completed_on == clock.today() - DAY
    html = page(client, unit)
    assert "Steg 1 är klart" in html
    assert "Registrera steg 1 som klart" not in html


def test_manager_below_the_threshold_reads_the_figures(unit: Unit, manager: User, sign_in: SignIn) -> None:
    rows.taken(unit, rows.crew(unit, 4)[:2])
    response = sign_in(manager).post(url("web_course_complete", unit), {"on": str(clock.today())})
    html = " ".join(response.content.decode().split())
    assert "hade 2 av 5 gått kursen (40 %). Det krävs 80 %, alltså 4 av 5: 2 till." in html
    assert "Skäl till undantag" not in html
    assert not StepCompletion.objects.exists()


def test_coordinator_overrides_with_a_reason(unit: Unit, coordinator: User, manager: User, sign_in: SignIn) -> None:
    data = {"on": str(clock.today()), "override_reason": "Nystartad enhet"}
    sign_in(coordinator).post(url("web_course_complete", unit), data)
    assert StepCompletion.objects.get().override_reason == "Nystartad enhet"
    assert "Undantag: Nystartad enhet" in page(sign_in(manager), unit)


def test_forms_of_step_1_are_closed_to_others(
    unit: Unit, member: User, outsider: User, reader: User, manager: User, sign_in: SignIn
) -> None:
    rows.covered_round(unit)
    rows.taken(unit, [member])
    session, completion = GroupSession.objects.get(), Completion.objects.get()
    posts = [
        (url("group_session_new", unit), {"held_on": str(clock.today()), "headcount": "1"}),
        (url("course_completions", unit), {"users": [manager.pk], "completed_on": str(clock.today())}),
        (url("group_session_withdraw", unit, session.pk), {}),
        (url("completion_withdraw", unit, completion.pk), {}),
        (url("web_course_complete", unit), {"on": str(clock.today())}),
    ]
    for user, status in ((member, 403), (outsider, 404), (reader, 403)):
        client = sign_in(user)
        assert [client.post(path, data).status_code for path, data in posts] == [status] * len(posts)
    assert sign_in(outsider).get(url("step_1", unit)).status_code == 404
    assert sign_in(reader).get(url("step_1", unit)).status_code == 404
    assert "/logga-in/" in sign_in(None).get(url("step_1", unit))["Location"]
    assert (list(GroupSession.objects.standing()), list(Completion.objects.standing())) == ([session], [completion])
    assert not StepCompletion.objects.exists()


def test_page_makes_the_same_queries_for_1_and_3_rows(unit: Unit, manager: User, sign_in: SignIn) -> None:
    client, counted = sign_in(manager), []
    for count in (1, 2):
        for person in rows.crew(unit, count):
            rows.session(unit, members=[person], on=clock.today() - DAY)
        rows.crew(unit, count)
        page(client, unit)
        with CaptureQueriesContext(connection) as queries_made:
            page(client, unit)
        counted.append(len(queries_made))
    assert counted[0] == counted[1] <= 26


def test_completions_come_in_pages(unit: Unit, manager: User, sign_in: SignIn) -> None:
    rows.taken(unit, rows.crew(unit, 26))
    client = sign_in(manager)
    pages = [client.get(url("step_1", unit), {"page": number}).content.decode() for number in (1, 2)]
    assert [html.count("/genomforda/") - 1 for html in pages] == [25, 1]
    assert 'href="?page=2"' in pages[0]
    assert 'href="?page=1"' in pages[1]


def test_page_of_400_people_shows_each_once_in_each_form_and_asks_no_more_than_for_one(
    unit: Unit, manager: User, sign_in: SignIn
) -> None:
    client, counted = sign_in(manager), []
    for count in (0, 399):
        people = User.objects.bulk_create(User(email=f"p{n}@example.org", name=f"Person {n:03}") for n in range(count))
        unit.memberships.bulk_create(unit.memberships.model(unit=unit, user=person) for person in people)
        page(client, unit)
        with CaptureQueriesContext(connection) as queries_made:
            html = page(client, unit)
        counted.append(len(queries_made))
    assert (html.count('name="members"'), html.count('name="users"')) == (400, 400)
    assert counted[0] == counted[1]
    assert len(html) < 250_000
    assert len(gzip.compress(html.encode())) < 25_000


@pytest.mark.django_db(transaction=True)
def test_20_logs_of_step_1_at_once_are_one_row_and_one_mail(
    unit: Unit, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    second_manager = factories.staff(unit, role=MembershipRole.MANAGER)
    rows.covered_round(unit)
    Message.objects.all().delete()
    clients = [sign_in(manager if number % 2 else coordinator) for number in range(20)]

    def log(number: int) -> int:
        return clients[number].post(url("web_course_complete", unit), {"on": str(clock.today())}).status_code

    assert set(together(20, log)) <= {200, 302}
    completion = StepCompletion.objects.get()
    others = {manager, second_manager, coordinator} - {completion.recorded_by}
    recipients = [message.recipient for message in Message.objects.select_related("recipient")]
    assert (set(recipients), len(recipients)) == (others, len(others))
