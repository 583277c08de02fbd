"""When a rule reminds, in words: what the coordinator reads beside it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from followups.models import RuleKind
from followups.queries.rules import Rule


def when_of(rule: Rule) -> str:
    """When the rule reminds: one or two sentences in the active language."""
    days, times = rule.days or 1, rule.times or 1
    if rule.kind == RuleKind.OVERDUE:
        first = _("Dagen efter sista dagen, och sedan en gång i månaden.")
        return f"{first} {_most(times)}"
    if rule.kind == RuleKind.ROUTINE_REVIEW:
        before = ngettext(
            "%(n)s dag innan rutinen ska ses över, och sedan en gång i månaden när dagen har passerat.",
            "%(n)s dagar innan rutinen ska ses över, och sedan en gång i månaden när dagen har passerat.",
            days,
        ) % {"n": days}
        return f"{before} {_most(times)}"
    return _counted(rule.kind, days) or _PLAIN[rule.kind]()


def _most(times: int) -> str:
    return ngettext("Högst %(n)s gång.", "Högst %(n)s gånger.", times) % {"n": times}


def _counted(kind: RuleKind, days: int) -> str:
    """The sentences that say a number of days; nothing for the other rules."""
    sentences = {
        RuleKind.MEETING: ngettext("%(n)s dag före samtalet.", "%(n)s dagar före samtalet.", days),
        RuleKind.SUPPORT_ACTION: ngettext(
            "%(n)s dag efter att insatsen skulle ha varit klar.",
            "%(n)s dagar efter att insatsen skulle ha varit klar.",
            days,
        ),
        RuleKind.STALLED: ngettext(
            "När inget har registrerats på %(n)s dag.", "När inget har registrerats på %(n)s dagar.", days
        ),
    }
    return sentences[kind] % {"n": days} if kind in sentences else ""


_PLAIN = {
    RuleKind.OPENS: lambda: _("Den första dag då samtalet kan hållas, om ingen tid är bokad."),
    RuleKind.TWO_MONTHS_LEFT: lambda: _("Två månader före sista dagen, om ingen tid är bokad."),
    RuleKind.ONE_MONTH_LEFT: lambda: _("En månad före sista dagen, om ingen tid är bokad."),
    RuleKind.ESCALATED: lambda: _("En gång, när månaderna för påminnelser om att uppföljningen är försenad har gått."),
    RuleKind.NEW_MANAGER: lambda: _("När någon har blivit chef för en enhet som är på väg genom de fyra stegen."),
    RuleKind.COVERAGE_FELL: lambda: _("När täckningen har sjunkit under gränsen efter att steg 1 blev klart."),
}
