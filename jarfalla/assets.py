"""Which files of the installed packages `collectstatic` takes along. Imports no app."""

from collections.abc import Iterable, Iterator

from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.core.files.storage import Storage

# The packages carry every variant; the pages use bootstrap.min.css (whose map it names) and htmx 2. Hashing and
# compressing all of them took half a minute instead of a few seconds.
UNUSED = ["*.rtl.*", "bootstrap-*", "bootstrap.css*", "bootstrap*.js*", "ext", "htm*-4*", "htmx-2.js", "account"]
# Of the editor only the script, with its map: the look is our own (static/css/editor.css).
UNUSED += ["django_prose_editor/[!e]*", "django_prose_editor/editor.css*"]


class UsedFilesFinder(AppDirectoriesFinder):
    """Django's finder of the apps' own static files, without the variants that no page uses."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """What collectstatic copies."""
        return super().list([*(ignore_patterns or []), *UNUSED])  # type: ignore[return-value]  # stubs: any iterable
