"""The words that searches know."""

from django.db import connection, transaction

from routines.models import RoutineVersion

# A version's stems as its search column has them; no numbers, addresses or words that nobody types.
_NEW_WORDS = """
    INSERT INTO routines_searchword (word)
    SELECT lexeme FROM routines_routineversion AS version, unnest(tsvector_to_array(version.search)) AS lexeme
    WHERE version.id = ANY(%s::bigint[]) AND length(lexeme) BETWEEN 2 AND 60 AND lexeme !~ '[^[:alpha:]]'
        AND NOT EXISTS (SELECT 1 FROM routines_searchword AS known WHERE known.word = lexeme)
    GROUP BY lexeme ORDER BY lexeme
    ON CONFLICT (word) DO NOTHING
"""


@transaction.atomic
def note_words(*versions: RoutineVersion) -> int:
    """Let searches know the words of versions that are saved with them; return how many were new.

    In alphabetical order, so that two publications at once never wait for each other in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEW_WORDS, [[version.pk for version in versions]])
        return int(cursor.rowcount)


def note_all_words() -> int:
    """Let searches know the words of every version in force, also those published before searches learned words."""
    return note_words(*RoutineVersion.objects.in_force().only("pk"))
