"""Nothing that is stored, sent or logged ties an answer to a person or to a moment (docs/decisions/0015)."""

import logging
import re
import uuid
from typing import Any

import pghistory.models
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import actions
from courses.models import Comment, Survey, SurveyAnswer, Tally
from tests.conftest import SignIn
from tests.courses import pulses
from units.models import Unit, User

pytestmark = pytest.mark.django_db

# What an answer leaves behind: these tables, these columns, of these types, and nothing else.
COLUMNS = {
    "courses_surveyanswer": {"id": "uuid", "survey_id": "bigint", "answered_on": "date"},
    "courses_comment": {"id": "uuid", "survey_id": "bigint", "text": "character varying"},
    "courses_tally": {
        "id": "bigint",
        "survey_id": "bigint",
        "statement_id": "bigint",
        "value": "smallint",
        "count": "integer",
        "shown": "integer",
    },
}


def rows_of(sql: str, *values: str | int | list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def contents() -> dict[str, object]:
    """A fingerprint of every table in the database."""
    tables = connection.introspection.table_names()
    sql = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
    return {table: rows_of(sql.format(connection.ops.quote_name(table))) for table in tables}


def send(client: Client, survey: Survey, value: int = 4, **more: object) -> int:
    """Answer through the page as a browser does; the status of what comes back."""
    address = reverse("survey", args=[survey.code])
    token = re.search(r'name="token" value="([^"]+)"', client.get(address).content.decode())
    assert token
    fields = {f"statement_{pk}": value for pk in pulses.ratings(survey, value)}
    return client.post(address, fields | {"token": token[1]} | more).status_code


@pytest.fixture
def evaluation(unit: Unit, manager: User, coordinator: User) -> Survey:
    """An open evaluation: the survey that leaves most behind."""
    actions.seed_statements()
    return actions.open_evaluation(pulses.begun(unit), by=coordinator)


# --- What is stored -----------------------------------------------------------------------------------------------


def test_tables_have_no_column_that_could_tell_who_or_when() -> None:
    for table, columns in COLUMNS.items():
        found = rows_of(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND table_schema = current_schema()",
            table,
        )
        assert dict(found) == columns


def test_only_these_tables_know_of_answers() -> None:
    """Another table that pointed at an answer would be the tie."""
    pointing = {
        relation.related_model for model in (SurveyAnswer, Comment, Tally) for relation in model._meta.related_objects
    }
    assert pointing == set()
    named = {model for model in apps.get_app_config("courses").get_models() if model._meta.db_table in COLUMNS}
    assert named == {SurveyAnswer, Comment, Tally}


def test_answers_are_not_in_the_history() -> None:
    tracked = {model.pgh_tracked_model for model in apps.get_models() if issubclass(model, pghistory.models.Event)}
    assert tracked
    assert not tracked & {Survey, SurveyAnswer, Comment, Tally}


def test_tables_have_no_trigger_of_ours() -> None:
    triggers = rows_of(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY(%s::regclass[])", list(COLUMNS)
    )
    assert triggers == []


@pytest.mark.parametrize("who", ["anonymous", "manager"])
def test_answer_changes_no_row_of_any_other_table(who: str, evaluation: Survey, manager: User, sign_in: SignIn) -> None:
    client = sign_in(manager if who == "manager" else None)
    before = contents()
    assert send(client, evaluation, comment="Mer tid.") == 302
    after = contents()
    assert len(before) > 40
    assert {table for table in after if after[table] != before[table]} == set(COLUMNS)


def test_answer_of_a_signed_in_person_is_the_same_as_a_strangers(
    evaluation: Survey, manager: User, sign_in: SignIn
) -> None:
    send(sign_in(manager), evaluation)
    send(Client(), evaluation)
    assert set(evaluation.tallies.filter(value=4).values_list("count", flat=True)) == {2}
    assert len(evaluation.answers.values("answered_on").distinct()) == 1


# --- How the rows lie ---------------------------------------------------------------------------------------------


def test_tallies_are_all_there_before_the_first_answer(evaluation: Survey) -> None:
    """A row that came with an answer would have told, by its key, what was chosen first."""
    keys = set(evaluation.tallies.values_list("pk", flat=True))
    pulses.answer(evaluation, 5)
    pulses.answer(evaluation, 1)
    assert set(evaluation.tallies.values_list("pk", flat=True)) == keys


@pytest.mark.django_db(transaction=True)
def test_closing_takes_away_which_rows_were_written_together_and_in_which_order(evaluation: Survey) -> None:
    """PostgreSQL marks each row with its transaction (xmin) and keeps rows in the order they came (ctid)."""
    for number in range(6):
        pulses.answer(evaluation, 5, comment=f"Kommentar {number}")
    marks = "SELECT DISTINCT xmin::text FROM {} WHERE survey_id = %s"
    assert len(rows_of(marks.format("courses_comment"), evaluation.pk)) == 6  # what there was to take away
    actions.close_survey(evaluation)
    assert len({row for table in COLUMNS for row in rows_of(marks.format(table), evaluation.pk)}) == 1
    for table in ("courses_surveyanswer", "courses_comment"):
        lying = [key for (key,) in rows_of(f"SELECT id FROM {table} WHERE survey_id = %s ORDER BY ctid", evaluation.pk)]
        assert lying == sorted(lying, key=lambda key: uuid.UUID(str(key)))
        assert len(lying) == 6


def test_database_notes_no_moment_of_a_commit() -> None:
    assert rows_of("SHOW track_commit_timestamp") == [("off",)]


# --- What is sent and logged --------------------------------------------------------------------------------------


def test_database_is_not_told_who_is_signed_in(evaluation: Survey, manager: User, sign_in: SignIn) -> None:
    """pghistory names the user in each statement that writes; a database that logs statements would keep it."""
    client = sign_in(manager)
    client.get(reverse("survey", args=[evaluation.code]))
    with CaptureQueriesContext(connection) as captured:
        assert send(client, evaluation, comment="Mer tid.") == 302
    told = [query["sql"] for query in captured if "pghistory.context_metadata" in query["sql"]]
    assert told, "pghistory writes its context otherwise now: look at this test again"
    assert [sql for sql in told if not re.search(r'"user": null, "url": null', sql)] == []


def test_stranger_gets_no_session(evaluation: Survey) -> None:
    client = Client()
    send(client, evaluation)
    client.get(reverse("survey_thanks", args=[evaluation.code]))
    assert set(client.cookies) <= {"besvarad", settings.CSRF_COOKIE_NAME}


def test_mark_says_only_that_the_device_has_answered(evaluation: Survey) -> None:
    """The same on every device, for this survey's pages only, out of reach of scripts."""
    one, two = Client(), Client()
    send(one, evaluation, 1)
    send(two, evaluation, 5)
    mark = one.cookies["besvarad"]
    assert mark.value == two.cookies["besvarad"].value
    assert mark.value.startswith("ja:")
    assert mark["path"] == reverse("survey", args=[evaluation.code])
    assert (mark["httponly"], mark["samesite"]) == (True, "Lax")


def test_log_says_nothing_of_an_answer(evaluation: Survey, manager: User, caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    client.force_login(manager)
    with caplog.at_level(logging.INFO):
        assert send(client, evaluation, comment="Mer tid.") == 302
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("page", ["survey", "survey_thanks"])
def test_page_is_kept_by_no_cache_and_found_by_no_search_engine(page: str, evaluation: Survey) -> None:
    response = Client().get(reverse(page, args=[evaluation.code]))
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    # Not even the portal's own log learns from which page its styles are fetched.
    assert response["Referrer-Policy"] == "strict-origin"


def test_page_shows_a_signed_in_person_as_a_stranger(evaluation: Survey, manager: User, sign_in: SignIn) -> None:
    html = sign_in(manager).get(reverse("survey", args=[evaluation.code])).content.decode()
    assert manager.name not in html
    assert manager.email not in html
    assert "Du svarar anonymt." in html
