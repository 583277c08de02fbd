"""The two registries: whom to call, and what the law says. Everybody reads them, the coordinator keeps them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from routines import actions, permissions, queries
from routines.forms import ContactForm, LawForm
from routines.models import Contact, LegalReference
from units.models import Refused, User
from units.permissions import PortalRequest, require_coordinator

# The page of an entry's form, by the page of its registry.
_FORMS = {"contacts": "routines/registry_contacts.html", "laws": "routines/registry_laws.html"}
# What is said when something is done: a contact is of common gender, a place in the law is neuter.
_SAID: dict[tuple[str, str], Promise] = {
    ("contacts", "saved"): _("%(entry)s är sparad."),
    ("contacts", "checked"): _("%(entry)s är kontrollerad i dag."),
    ("contacts", "retired"): _("%(entry)s är borttagen. Lägg till den igen med samma namn om den ska användas."),
    ("laws", "saved"): _("%(entry)s är sparat."),
    ("laws", "checked"): _("%(entry)s är kontrollerat i dag."),
    ("laws", "retired"): _("%(entry)s är borttaget. Lägg till det igen med samma beteckning om det ska användas."),
}


@require_safe
def contacts(request: PortalRequest) -> HttpResponse:
    """Whom to call, for everybody who has signed in."""
    context = {"groups": queries.contact_groups(), "stale_count": _stale_count(request.user)}
    return render(request, "routines/contacts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: PortalRequest) -> HttpResponse:
    """Put a contact in the registry."""
    require_coordinator(request.user)
    return _write(request, ContactForm(request.POST or None), page="contacts")


@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Change what the registry says about a contact."""
    contact = permissions.get_current_contact(request.user, pk)
    return _write(request, ContactForm(request.POST or None, entry=contact), page="contacts")


@require_POST
def contact_checked(request: PortalRequest, pk: int) -> HttpResponse:
    """The coordinator has made sure that a contact's details are right."""
    return _check(request, permissions.get_coordinated_contact(request.user, pk), page="contacts")


@require_POST
def contact_retire(request: PortalRequest, pk: int) -> HttpResponse:
    """Take a contact out of the registry."""
    return _retire(request, permissions.get_coordinated_contact(request.user, pk), page="contacts")


@require_safe
def laws(request: PortalRequest) -> HttpResponse:
    """What the law says and where, for everybody who has signed in."""
    context = {"laws": queries.laws(), "stale_count": _stale_count(request.user)}
    return render(request, "routines/laws.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def law_new(request: PortalRequest) -> HttpResponse:
    """Put a place in the law in the registry."""
    require_coordinator(request.user)
    return _write(request, LawForm(request.POST or None), page="laws")


@require_http_methods(["GET", "HEAD", "POST"])
def law_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Change what the registry says about a place in the law."""
    law = permissions.get_current_law(request.user, pk)
    return _write(request, LawForm(request.POST or None, entry=law), page="laws")


@require_POST
def law_checked(request: PortalRequest, pk: int) -> HttpResponse:
    """The coordinator has looked the law up, and it says so."""
    return _check(request, permissions.get_coordinated_law(request.user, pk), page="laws")


@require_POST
def law_retire(request: PortalRequest, pk: int) -> HttpResponse:
    """Take a place in the law out of the registry."""
    return _retire(request, permissions.get_coordinated_law(request.user, pk), page="laws")


def _stale_count(user: User) -> int:
    """How many PDFs show an older wording; only the coordinator does something about it."""
    return queries.stale_versions().count() if user.is_coordinator else 0


def _write(request: PortalRequest, form: ContactForm | LawForm, *, page: str) -> HttpResponse:
    """Save a new or changed entry, or show the form."""
    if form.is_valid():
        try:
            entry = _saved(form, by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
            if form.entry:
                form.entry.refresh_from_db()
                form.begin_again_from(form.entry)
        else:
            messages.success(request, str(_SAID[page, "saved"]) % {"entry": entry})
            return redirect(page)
    context = {
        "form": form,
        "entry": form.entry,
        "page": page,
        "printed_in": queries.printed_in(form.entry) if form.entry else 0,
    }
    return render(request, _FORMS[page], context)


def _saved(form: ContactForm | LawForm, *, by: User) -> Contact | LegalReference:
    is_checked = form.cleaned_data["is_checked"]
    if form.entry is None:
        new: Contact | LegalReference = form.instance
        return actions.add_entry(new, by=by, is_checked=is_checked)
    seen = form.cleaned_data["seen"]
    return actions.change_entry(form.entry, form.values(), by=by, seen=seen, is_checked=is_checked)


def _check(request: PortalRequest, entry: Contact | LegalReference, *, page: str) -> HttpResponse:
    try:
        actions.check_entry(entry, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, str(_SAID[page, "checked"]) % {"entry": entry})
    return redirect(page)


def _retire(request: PortalRequest, entry: Contact | LegalReference, *, page: str) -> HttpResponse:
    actions.retire_entry(entry, by=request.user)
    messages.success(request, str(_SAID[page, "retired"]) % {"entry": entry})
    return redirect(page)
