"""Asking for a file, and stopping it."""

from units.forms import PortalForm


class ExportForm(PortalForm):
    """A button: nothing is filled in, but a refusal needs a form to stand in."""
