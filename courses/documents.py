"""The files of the material library: stored under names that say nothing, whole or not at all."""

import contextlib
import logging
import uuid
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from jarfalla import uploads
from units.models import Refused

logger = logging.getLogger(__name__)


def store_material_file(name: str, content: IO[bytes]) -> str:
    """Keep `content`; return the name that it got. Raises Refused when the disk does not take it."""
    kept = f"material/{uuid.uuid4().hex}{uploads.ending(name)}"
    try:
        content.seek(0)
        return default_storage.save(kept, File(content))
    except OSError as fault:
        logger.exception("a file of the material library could not be stored")
        remove_material_file(kept)  # half a file, if any
        raise Refused(
            _("Filen gick inte att spara just nu. Försök igen om en stund, eller lägg in en länk.")
        ) from fault


def remove_material_file(name: str) -> None:
    """Forget a stored file; one that is not there, or can't be reached, is no concern of the reader's."""
    with contextlib.suppress(OSError):
        default_storage.delete(name)
