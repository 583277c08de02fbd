"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from courses.actions.attendance import Roll, attend, record_attendance
from courses.actions.imports import COMPLETIONS
from courses.actions.invitations import send_all_invitations, send_invitations
from courses.actions.materials import add_material, retire_material, seed_materials, update_material
from courses.actions.refills import note_refills, note_refills_if_due
from courses.actions.sign_up_mails import (
    erase_sign_ups,
    tend_sign_ups,
    tend_sign_ups_of,
    write_sign_up_mail,
    write_to_signed_up,
)
from courses.actions.sign_ups import (
    AddressTaken,
    place_waiting,
    require_open,
    sign_up,
    tell_of_change,
    withdraw_sign_up,
)
from courses.actions.surveys import (
    add_statement,
    answer_survey,
    close_survey,
    move_statement,
    open_evaluation,
    open_pulse,
    retire_statement,
    seed_statements,
    show_survey,
)
from courses.actions.trainings import (
    book_training,
    cancel_training,
    change_training,
    complete_training,
    hold_training,
    plan_trainings,
    reopen_training,
)
from courses.actions.web_course import (
    complete_web_course,
    record_completions,
    record_group_session,
    record_own_completion,
    withdraw_completion,
    withdraw_group_session,
    withdraw_own_completion,
)

__all__ = [
    "COMPLETIONS",
    "AddressTaken",
    "Roll",
    "add_material",
    "add_statement",
    "answer_survey",
    "attend",
    "book_training",
    "cancel_training",
    "change_training",
    "close_survey",
    "complete_training",
    "complete_web_course",
    "erase_sign_ups",
    "hold_training",
    "move_statement",
    "note_refills",
    "note_refills_if_due",
    "open_evaluation",
    "open_pulse",
    "place_waiting",
    "plan_trainings",
    "record_attendance",
    "record_completions",
    "record_group_session",
    "record_own_completion",
    "reopen_training",
    "require_open",
    "retire_material",
    "retire_statement",
    "seed_materials",
    "seed_statements",
    "send_all_invitations",
    "send_invitations",
    "show_survey",
    "sign_up",
    "tell_of_change",
    "tend_sign_ups",
    "tend_sign_ups_of",
    "update_material",
    "withdraw_completion",
    "withdraw_group_session",
    "withdraw_own_completion",
    "withdraw_sign_up",
    "write_sign_up_mail",
    "write_to_signed_up",
]
