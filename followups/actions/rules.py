"""The rules of reminders, changed by the coordinator."""

from django.db import transaction
from django.utils.translation import gettext as _

from followups import queries
from followups.models import ReminderRule, RuleKind
from followups.queries import RECIPIENTS, Rule
from jarfalla import clock
from units.models import Refused, User


@transaction.atomic
def change_rule(rule: Rule, *, by: User) -> Rule:
    """Let reminders of that kind follow `rule` from now on; letters that wait and no longer hold are taken back within
    a minute. Raises Refused for a rule that nobody could follow."""
    default = queries.DEFAULTS[rule.kind]
    counts = (rule.days is None) == (default.days is None) and (rule.times is None) == (default.times is None)
    if rule.to not in RECIPIENTS[rule.kind] or not counts:
        raise Refused(_("Så kan den regeln inte se ut. Ladda om sidan och försök igen."))
    ReminderRule.objects.select_for_update().filter(kind=rule.kind).first()
    if queries.current_rules()[rule.kind] == rule:
        return rule
    ReminderRule.objects.update_or_create(
        kind=rule.kind,
        defaults={
            "is_on": rule.is_on,
            "to": rule.to,
            "days": rule.days,
            "times": rule.times,
            "changed_by": by,
            "changed_at": clock.now(),
        },
    )
    return rule


def reset_rule(kind: RuleKind, *, by: User) -> Rule:
    """Let reminders of that kind follow the rule that the portal came with. The row stays: its history says who."""
    return change_rule(queries.DEFAULTS[kind], by=by)
