"""Refusals: one domain exception with one sentence that the user can read."""


class Refused(Exception):  # noqa: N818  not an error: the portal says no, in a sentence
    """An action said no; `str()` is the Swedish (or English) sentence for the person who asked."""


class StepBlocked(Refused):
    """A step can't be completed or withdrawn as things stand."""
