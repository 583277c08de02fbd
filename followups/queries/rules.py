"""The rules that reminders follow: the coordinator's own, and the defaults of those that nobody has changed."""

from dataclasses import dataclass

from followups.models import Recipient, ReminderRule, RuleKind


@dataclass(frozen=True)
class Rule:
    """One rule as it holds now."""

    kind: RuleKind
    to: Recipient
    is_on: bool = True
    days: int | None = None  # ahead of, or after, what it is about; None where months are counted
    times: int | None = None  # how often at most, for what repeats each month

    def goes_to(self, role: Recipient) -> bool:
        """Whether those with that role get it."""
        both = (Recipient.COORDINATOR, Recipient.MANAGER)
        return self.is_on and (self.to == role or (self.to == Recipient.BOTH and role in both))


DEFAULTS = {
    rule.kind: rule
    for rule in (
        Rule(RuleKind.OPENS, Recipient.BOTH),
        Rule(RuleKind.TWO_MONTHS_LEFT, Recipient.COORDINATOR),
        Rule(RuleKind.ONE_MONTH_LEFT, Recipient.BOTH),
        Rule(RuleKind.OVERDUE, Recipient.COORDINATOR, times=3),
        Rule(RuleKind.ESCALATED, Recipient.SUPERIOR),
        Rule(RuleKind.MEETING, Recipient.BOTH, days=7),
        Rule(RuleKind.SUPPORT_ACTION, Recipient.COORDINATOR, days=1),
        Rule(RuleKind.NEW_MANAGER, Recipient.BOTH),
        Rule(RuleKind.ROUTINE_REVIEW, Recipient.BOTH, days=30, times=3),
        Rule(RuleKind.STALLED, Recipient.BOTH, days=90),
        Rule(RuleKind.COVERAGE_FELL, Recipient.MANAGER),
    )
}

# To whom a rule may go. What is said to the manager's manager is said to nobody else, and nothing else is said there.
_USUAL = (Recipient.COORDINATOR, Recipient.MANAGER, Recipient.BOTH)
RECIPIENTS = {kind: (Recipient.SUPERIOR,) if kind == RuleKind.ESCALATED else _USUAL for kind in RuleKind}


def current_rules() -> dict[RuleKind, Rule]:
    """Every rule as it holds now, most urgent first. One query."""
    changed = {RuleKind(row.kind): row for row in ReminderRule.objects.all()}
    return {kind: _of(changed[kind]) if kind in changed else DEFAULTS[kind] for kind in RuleKind}


def changed_rules() -> dict[RuleKind, ReminderRule]:
    """The rules that somebody has changed, with who did. One query."""
    return {RuleKind(row.kind): row for row in ReminderRule.objects.select_related("changed_by")}


def _of(row: ReminderRule) -> Rule:
    return Rule(RuleKind(row.kind), Recipient(row.to), row.is_on, row.days, row.times)
