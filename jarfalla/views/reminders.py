"""The rules of reminders, and who will be reminded of what: it asks every app, so it stands above them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from followups import actions, permissions, queries
from followups.forms import ReminderRuleForm, recipient_label
from followups.models import ReminderRule
from followups.queries import Foreseen, ForeseenMail, ForeseenMonth, Rule, Rules
from jarfalla import clock
from jarfalla.reminding import SOURCES
from units.models import Programme, Refused
from units.permissions import PortalRequest, require_coordinator

# Mails of the preview on one page, and of what a changed rule brings or takes away.
MAILS, MAILS_CHANGED = 40, 60


@dataclass(frozen=True)
class RuleRow:
    """A rule as the list shows it."""

    rule: Rule
    to: str
    when: str
    changed: ReminderRule | None  # who changed it and when, if it is not as the portal came with it


@require_safe
def reminders(request: PortalRequest) -> HttpResponse:
    """Every rule, who has paused, and a month of who gets what if nothing happens."""
    require_coordinator(request.user)
    rules, today = queries.current_rules(), clock.today()
    foreseen = _foreseen(rules, today)
    months = queries.months_ahead(foreseen, today)
    chosen = _chosen(request.GET.get("manad", ""), months)
    mails = queries.mails(row for row in foreseen if queries.month_of(row.day) == chosen.first)
    context = {
        "rows": _rows(rules),
        "months": months,
        "chosen": chosen,
        "page_obj": Paginator(mails, MAILS).get_page(request.GET.get("page")),
        "query": f"?manad={chosen.first:%Y-%m}&",
        "total": len(foreseen),
        "paused": queries.standing_pauses(today),
        "last_finished": queries.last_finished(),
    }
    return render(request, "jarfalla/reminders.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reminder_rule(request: PortalRequest, kind: str) -> HttpResponse:
    """One rule: change it, or first see what that would change in the coming months."""
    rule_kind = permissions.get_rule_kind(request.user, kind)
    rules = queries.current_rules()
    form = ReminderRuleForm(request.POST or None, rule=rules[rule_kind])
    context = {"form": form, "rule": rules[rule_kind], "when": queries.when_of(rules[rule_kind])}
    if form.is_valid() and "preview" in request.POST:
        context |= _change(rules, form.chosen())
    elif form.is_valid():
        try:
            actions.change_rule(form.chosen(), by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Regeln är sparad: %(rule)s.") % {"rule": rule_kind.label})
            return redirect("reminders")
    context |= {"default": _row(queries.DEFAULTS[rule_kind], None), "is_default": _is_default(rules[rule_kind])}
    return render(request, "jarfalla/reminder_rule.html", context)


@require_POST
def reminder_rule_reset(request: PortalRequest, kind: str) -> HttpResponse:
    """Let a rule be as the portal came with it."""
    rule = actions.reset_rule(permissions.get_rule_kind(request.user, kind), by=request.user)
    messages.success(request, _("Regeln är som från början igen: %(rule)s.") % {"rule": rule.kind.label})
    return redirect("reminders")


def _foreseen(rules: Rules, today: dt.date) -> Sequence[Foreseen]:
    return queries.preview(SOURCES, Programme.current(), rules, today)


def _change(rules: Rules, chosen: Rule) -> dict[str, Any]:
    """What the coming months would have more and less of with that rule."""
    today = clock.today()
    before, after = _foreseen(rules, today), _foreseen({**rules, chosen.kind: chosen}, today)
    come, gone = queries.difference(before, after)
    sides: list[tuple[str, int, list[ForeseenMail], int]] = []
    for heading, rows in ((_("Det här tillkommer"), come), (_("Det här försvinner"), gone)):
        mails = queries.mails(rows)
        sides.append((heading, len(rows), mails[:MAILS_CHANGED], max(0, len(mails) - MAILS_CHANGED)))
    return {"sides": sides, "before": len(before), "after": len(after), "is_same": not come and not gone}


def _chosen(asked: str, months: Sequence[ForeseenMonth]) -> ForeseenMonth:
    """The month that the address asks for (?manad=2026-12), or the first one with anything in it."""
    found = next((month for month in months if f"{month.first:%Y-%m}" == asked), None)
    return found or next((month for month in months if month.total), months[0])


def _rows(rules: Rules) -> list[RuleRow]:
    changed = queries.changed_rules()
    return [_row(rule, None if _is_default(rule) else changed.get(kind)) for kind, rule in rules.items()]


def _row(rule: Rule, changed: ReminderRule | None) -> RuleRow:
    return RuleRow(rule, recipient_label(rule.kind, rule.to), queries.when_of(rule), changed)


def _is_default(rule: Rule) -> bool:
    return rule == queries.DEFAULTS[rule.kind]
