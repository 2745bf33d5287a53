"""What if: a person changes the amounts behind a decision about her and sees what that would give. Nothing is kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from handslag.domain.audit.operations import looked_at
from handslag.domain.decisions.operations import facts_of
from handslag.domain.entitlement.queries import calculated, stored_calculation
from handslag.domain.intake.forms import kinds_of
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormMissing
from handslag.rules.sheet import Sheet
from handslag.web.citizen.document import code_name
from handslag.web.citizen.overview import decision_of, names_in, shown_groups, shown_results
from handslag.web.citizen.person import me
from handslag.web.entry.pages import citizen_page
from handslag.web.ui.forms import AmountField


class WhatIfForm(forms.Form):
    """The amounts of the decided costs (in Switzerland the rent too) and incomes, each by its place in the facts, and
    one more income. What is of a member who isn't in `names` isn't told here, as on the decision's page, and stays."""

    use_required_attribute = False

    def __init__(self, law: str, facts: Any, names: dict[str, str], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        rent = getattr(facts, "rent", None)
        self.rows = {
            **({"costs-rent": ("costs", "RENT", rent.amount, None)} if rent else {}),
            **{f"costs-{n}": ("costs", cost.code, cost.applied, cost.person) for n, cost in enumerate(facts.costs)},
            **{f"incomes-{n}": ("incomes", row.code, row.gross, row.person) for n, row in enumerate(facts.incomes)},
        }
        seen = {None, *names}
        self.rows = {field: row for field, row in self.rows.items() if row[3] in seen}
        for field, (kind, code, amount, person) in self.rows.items():
            label = code_name(law, kind, code)
            whose = names.get(person or "", "") if len(facts.members) > 1 else ""
            self.fields[field] = AmountField(label=f"{label}, {whose}" if whose else label, initial=amount)
        self.fields["more_code"] = forms.ChoiceField(
            label=gettext("What kind of income?"),
            required=False,
            choices=[
                ("", gettext("Choose")),
                *((code, code_name(law, "incomes", code)) for code in kinds_of(law)["incomes"]),
            ],
        )
        self.fields["more_amount"] = AmountField(label=gettext("Amount after tax"), required=False)

    def clean(self) -> dict[str, Any]:
        """One more income has a kind and an amount, or neither."""
        typed = super().clean() or {}
        if typed.get("more_amount") is not None and not typed.get("more_code"):
            self.add_error("more_code", gettext("Choose what it is."))
        if typed.get("more_code") and typed.get("more_amount") is None and "more_amount" not in self.errors:
            self.add_error("more_amount", gettext("Write the amount, or remove the line."))
        return typed

    def costs(self) -> list[Any]:
        """The fields of the costs."""
        return [self[field] for field in self.rows if field.startswith("costs")]

    def incomes(self) -> list[Any]:
        """The fields of the incomes."""
        return [self[field] for field in self.rows if field.startswith("incomes")]


def changed(facts: Any, typed: dict[str, Any], person: UUID) -> Any:
    """The facts with other amounts; FactsError. A cost whose amount is another loses what the caseworker had set for
    it."""
    told = facts.to_json()
    if "costs-rent" in typed:
        told["rent"]["amount"] = typed["costs-rent"]
    for n, cost in enumerate(told["costs"]):
        if typed.get(f"costs-{n}", cost["applied"]) != cost["applied"]:
            cost |= {"applied": typed[f"costs-{n}"], "effective": None}
    for n, row in enumerate(told["incomes"]):
        row["gross"] = typed.get(f"incomes-{n}", row["gross"])
    if typed["more_code"]:
        mine = str(person) if any(member.key == str(person) for member in facts.members) else None
        more = {"code": typed["more_code"], "gross": typed["more_amount"], "source": "given", "person": mine}
        told["incomes"].append(more)
    return type(facts).from_json(told)


@require_http_methods(["GET", "HEAD", "POST"])
@citizen_page("what if", whose=("what-if", "tenant", "decision"))
def what_if(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """POST other amounts: the calculation that they would give, marked as no decision; nothing is stored."""
    person = me(request)
    found = decision_of(decision, request.door.the_actor)  # type: ignore[attr-defined]
    if found.refused_on:  # other amounts would change nothing
        raise Http404
    looked_at("decision", found.case_id)
    names = names_in(found, person)
    facts, law = facts_of(found.sheet), found.sheet.pack
    decided = stored_calculation(found.sheet)
    posted = request.POST if request.method == "POST" else request.kept  # type: ignore[attr-defined]
    form = WhatIfForm(law, facts, names, posted)
    result: Sheet | None = None
    trouble = ""
    if posted is not None and form.is_valid():
        try:
            today = request.door.the_tenant.today(request.now)  # type: ignore[attr-defined]
            result = calculated(changed(facts, form.cleaned_data, person.id), today, law)
        except (FactsError, NormMissing):
            trouble = gettext("This can’t be calculated here. Ask your caseworker.")
    shown: dict[str, Any] = {}
    if result is not None:
        shown = {
            "groups": shown_groups(result, names),
            **shown_results(result),
            "more": max(0, result.granted - decided.granted),
            "less": max(0, decided.granted - result.granted),
        }
    page = {"decision": found, "month": found.period.since, "form": form, "trouble": trouble}
    return render(request, "citizen/what_if.html", {**page, **shown}, status=422 if form.errors or trouble else 200)
