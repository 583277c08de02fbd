"""The municipality's mark on printed documents."""

import hashlib
import logging

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from units.models import Programme, Refused, User

logger = logging.getLogger(__name__)


@transaction.atomic
def change_logo(content: bytes, *, by: User) -> Programme:
    """Put `content`, a PNG (jarfalla.images), in the head of the documents that are made from now on; b"" takes the
    mark away.

    The file's name is made of what it is, so the same picture is one file, and a document that is being made keeps
    the one that it began with. Raises Refused when the disk does not take it.
    """
    programme, _made = Programme.objects.select_for_update().get_or_create(pk=1)
    programme.logo.name = _stored(programme, content) if content else ""
    programme.save()
    return programme


def _stored(programme: Programme, content: bytes) -> str:
    storage = programme.logo.storage
    name = f"programme/logo-{hashlib.sha256(content).hexdigest()[:16]}.png"
    try:
        if storage.exists(name):
            if storage.size(name) == len(content):
                return name
            storage.delete(name)  # half a file, left by a full disk
        return storage.save(name, ContentFile(content))
    except OSError as fault:
        logger.exception("the logo could not be stored")
        raise Refused(_("Bilden gick inte att spara just nu. Försök igen om en stund.")) from fault
