"""Pages about units, people, withdrawn steps, the outbox and the programme."""

from units.views.imports import unit_import, unit_import_preview
from units.views.list_imports import (
    import_cancel,
    import_columns,
    import_exclude,
    import_new,
    import_save,
    imports,
    list_import,
)
from units.views.outbox import message, message_retry, outbox
from units.views.people import membership_end, unit_staff
from units.views.programme import programme, programme_logo
from units.views.steps import round_new, step_withdraw
from units.views.units import unit_edit, unit_new, unit_participation, units

__all__ = [
    "import_cancel",
    "import_columns",
    "import_exclude",
    "import_new",
    "import_save",
    "imports",
    "list_import",
    "membership_end",
    "message",
    "message_retry",
    "outbox",
    "programme",
    "programme_logo",
    "round_new",
    "step_withdraw",
    "unit_edit",
    "unit_import",
    "unit_import_preview",
    "unit_new",
    "unit_participation",
    "unit_staff",
    "units",
]
