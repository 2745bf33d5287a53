"""Who may act for a person: registered with the evidence, ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.permissions import person_for_staff
from handslag.domain.people.operations.representations import end_representation, register_representation
from handslag.domain.people.queries import full_name, holds, person_by_number, representations_of, seen_by_staff
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, page, require, today, typed, who
from handslag.web.caseworker.wording import ACTS_BY, SCAN_STATES, refusal
from handslag.web.entry.pages import desk_page, opened, outside_desk_page
from handslag.web.entry.uploads import Refused, Taken, keep, too_large
from handslag.web.ui.forms import DayField

SCOPES = {
    "act": gettext_lazy("see, apply, sign and write"),
    "see": gettext_lazy("only see"),
}


class RepresentativeForm(forms.Form):
    """Somebody who may act for the person."""

    number = forms.CharField(
        label=gettext_lazy("Number of the representative"),
        max_length=60,
        help_text=gettext_lazy("Registered here before, as anybody who logs in."),
        error_messages={"required": gettext_lazy("Write the number of the representative.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    ground = forms.ChoiceField(label=gettext_lazy("On what ground"))
    scope = forms.ChoiceField(label=gettext_lazy("What she may do"), choices=list(SCOPES.items()))
    since = DayField(label=gettext_lazy("From"))
    last = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("As the evidence says. Empty: until it is ended."),
    )

    def __init__(self, data: Any, grounds: list[str], **options: Any) -> None:
        super().__init__(data, **options)
        choice = self.fields["ground"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(code, ACTS_BY[code]) for code in grounds]


@outside_desk_page("representatives")
def representatives(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Who acts for a person; POST another one: the form's fields and `files`, the evidence."""
    data = typed(request)
    with opened(request) as door:
        person_for_staff(person, **who(request))
        require(request, Role.REGISTRAR)
        grounds = list(setting("representation_grounds"))
        place, key = door.the_tenant.id, file_key()
        form = RepresentativeForm(data, grounds, initial={"since": today(request)})
    wrong = ""
    if request.method == "POST":
        found = keep(place, key, request.FILES.getlist("files")[:1])
        refused = [*too_large(request), *(one for one in found if isinstance(one, Refused))]
        taken = [one for one in found if isinstance(one, Taken)]
        if refused or not taken:
            wrong = _("Choose the evidence as a picture or a PDF of at most 15 MB, not locked with a password.")
        elif form.is_valid():
            with opened(request):
                if _registered(request, person, form, taken[0]):
                    return HttpResponseRedirect(f"/{tenant}/people/{person}/representatives/")
    with opened(request):
        return _shown(request, person, form, wrong)


def _registered(request: HttpRequest, person: UUID, form: RepresentativeForm, evidence: Taken) -> bool:
    told = dict(form.cleaned_data)
    agent = person_by_number(told.pop("number"), require(request, Role.REGISTRAR))
    if agent is None:
        form.add_error("number", _("Nobody with this number is registered here. Register the person first."))
        return False
    told |= {"person": person, "representative": agent.id, "title": evidence.title, "file": evidence.file}
    try:
        attempt(request, register_representation, **told)
    except NotPossible as trouble:
        places = {"ground of acting": "ground", "scope": "scope", "last day": "last"}
        form.add_error(places.get(trouble.code, "number"), refusal(trouble))
        return False
    return True


def _shown(request: HttpRequest, person: UUID, form: RepresentativeForm, wrong: str) -> HttpResponse:
    found, member = person_for_staff(person, **who(request))
    looked_at("person", found.id)
    rows = representations_of(found.id)
    seen = seen_by_staff(member, [row.representative for row in rows])
    on = today(request)
    errors = [(f"id_{name}", text) for name, texts in form.errors.items() for text in texts] if form.is_bound else []
    return page(
        request,
        "representatives.html",
        status=422 if errors or wrong else 200,
        person=found,
        name=full_name(found),
        rows=[
            {
                "row": row,
                "name": seen[row.representative_id].name or _("Protected person"),
                "ground": ACTS_BY.get(row.ground, row.ground),
                "scope": SCOPES[row.scope],
                "holds": holds(row, on),
                "over": row.ended_at is not None or (row.until is not None and row.until <= on),
                "locked": "" if row.document is None else SCAN_STATES[row.document.scan_state],
            }
            for row in rows
        ],
        form=form,
        errors=[*errors, *([("id_files", wrong)] if wrong else [])],
        wrong=wrong,
    )


@desk_page("representatives")
@require_POST
def end(request: HttpRequest, tenant: str, person: UUID, representation: UUID) -> HttpResponse:
    """End a representation at once."""
    person_for_staff(person, **who(request))
    try:
        attempt(request, end_representation, person=person, representation=representation)
    except NotPossible:
        pass  # it was over already: the page says so
    return HttpResponseRedirect(f"/{tenant}/people/{person}/representatives/")
