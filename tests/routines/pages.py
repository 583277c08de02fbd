"""What a person sends from the pages of a routine, and what they then see."""

from typing import Any

from django.test import Client
from django.urls import reverse

from routines.forms import WriteForm
from routines.models import RoutineVersion, VersionState


def form_of(version: RoutineVersion, **changed: Any) -> dict[str, Any]:
    """What the page for writing sends, with some fields changed: `ansvar="…"` is the text of that section."""
    fields: dict[str, Any] = {}
    for row in WriteForm(version=version).rows():
        if row.seen is None:
            continue
        fields[row.seen.html_name] = row.seen.initial
        for field in row.fields:
            if field.use_fieldset and isinstance(field.initial, dict):
                fields |= {f"{field.html_name}_{name}": text for name, text in field.initial.items()}
            else:
                fields[field.html_name] = [*field.initial] if field.use_fieldset else field.initial
    return fields | {name if "-" in name else f"{name}-body": value for name, value in changed.items()}


def body(version: RoutineVersion, key: str) -> str:
    return version.sections.get(key=key).body


def send(client: Client, name: str, slug: str, data: dict[str, Any] | None = None) -> str:
    """The page that the click leads to."""
    answer = client.post(reverse(name, args=[slug]), data or {}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def state(version: RoutineVersion) -> VersionState:
    return RoutineVersion.objects.get(pk=version.pk).state
