"""The month of a Swiss case: who is in the unit, by which permit, what it costs and what comes in, and the SKOS budget.

Fields: `version`, `application` (what the page was made of); `member-N-permit|izu|reimbursed_until`; `living`,
`household_size`, `claim`, `rent`, `notice_until`, `wealth`; for each line applied for `cost-N-mine|why` and
`income-N-mine|why`; new ones `new-cost-N-code|person|mine|why`, `new-income-N-…`.
`act` release: by the budget that holds for the month.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.casefile.models import Case, Period
from handslag.domain.decisions.models import Order
from handslag.domain.decisions.operations.releases import budget_of, release_month, why_not_released
from handslag.domain.decisions.queries import in_force, newest_decision, reductions_in, sanctions_in
from handslag.domain.entitlement.models import Assessment
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries import came_after, newest_application, newest_sheet, stored_calculation
from handslag.domain.entitlement.queries.swiss import budget_facts, moved_within
from handslag.domain.intake.queries import applications_for, came, inbox_items_of
from handslag.domain.payments.queries import restitution_in
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.web.caseworker.case import frame_of, seen_in, sheet_before
from handslag.web.caseworker.pages import attempt, base, language, page, require, typed
from handslag.web.caseworker.sheet import masked_of, names_of, shown_sheet
from handslag.web.caseworker.wording import CHANNELS, INBOX_STATES, OUTCOMES, REFUSALS, STATES, refusal
from handslag.web.ui.forms import AmountField, DayField

NEW_LINES = 3
PERMITS = {
    "CH": gettext_lazy("Swiss"),
    "B": gettext_lazy("B, residence"),
    "C": gettext_lazy("C, settlement"),
    "L": gettext_lazy("L, short stay"),
    "B-R": gettext_lazy("B, recognised refugee"),
    "F-R": gettext_lazy("F, provisionally admitted refugee"),
    "F-A": gettext_lazy("F, provisionally admitted foreigner"),
    "N": gettext_lazy("N, asylum seeker"),
    "S": gettext_lazy("S, protection"),
}
LIVING = {
    "own": gettext_lazy("Own household"),
    "purpose_flat": gettext_lazy("Flat shared for the rent only"),
    "family_like": gettext_lazy("Household shared like a family"),
    "with_parents": gettext_lazy("With parents"),
}


class MemberForm(forms.Form):
    """Somebody of the unit in this month."""

    permit = forms.ChoiceField(
        label=gettext_lazy("Permit"), choices=[("", gettext_lazy("Choose …")), *PERMITS.items()],
        error_messages={"required": gettext_lazy("Choose the permit that she has in this month.")},
    )  # fmt: skip
    izu = AmountField(label=gettext_lazy("Integration allowance (IZU)"), required=False)
    reimbursed_until = DayField(label=gettext_lazy("The canton reimburses until before"), required=False)


class UnitForm(forms.Form):
    """What holds for the whole unit."""

    living = forms.ChoiceField(label=gettext_lazy("How they live"), choices=list(LIVING.items()))
    household_size = forms.IntegerField(
        label=gettext_lazy("People in the household, if it is shared"), min_value=2, max_value=99, required=False
    )
    claim = forms.ChoiceField(
        label=gettext_lazy("Claim"),
        choices=[
            ("new", gettext_lazy("New or resumed: the entry is tested")),
            ("running", gettext_lazy("Running: the entry isn’t tested again")),
        ],
    )
    rent = AmountField(label=gettext_lazy("Rent with ancillary costs"), required=False)
    notice_until = DayField(label=gettext_lazy("Time given to find a cheaper flat, until before"), required=False)
    wealth = AmountField(label=gettext_lazy("Wealth of the unit"), required=False)


class LineForm(forms.Form):
    """A line that was applied for, or that the office knows of: its own figure, and why."""

    mine = AmountField(label=gettext_lazy("Mine"), required=False)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=80, required=False)

    def __init__(self, *args: Any, given: int | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.given = given

    def clean(self) -> dict[str, Any]:
        """Another figure than was given needs its reason."""
        told = super().clean() or self.cleaned_data
        if told.get("mine") is not None and told["mine"] != self.given and not told.get("why"):
            self.add_error("why", _("Say why in a few words."))
        return told


class NewLineForm(LineForm):
    """A line that the office adds."""

    code = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    person = forms.ChoiceField(label=gettext_lazy("Whose"), required=False)
    field_order = ["code", "person", "mine", "why"]

    def __init__(self, codes: Mapping[str, Any], people: list[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.codes = codes
        names = [(code, kind.name[language()]) for code, kind in codes.items()]
        self.fields["code"].choices = [("", _("Choose …")), *names]  # type: ignore[attr-defined]
        self.fields["person"].choices = [("", _("the household’s")), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Something or nothing; a wage is somebody's."""
        told = super().clean()
        if told.get("mine") is not None and not told.get("code"):
            self.add_error("code", _("Choose what it is."))
        if told.get("code") and told.get("mine") is None and "mine" not in self.errors:
            self.add_error("mine", _("Enter an amount. Enter 0 if there is none."))
        if getattr(self.codes.get(told.get("code", "")), "wage", False) and not told.get("person"):
            self.add_error("person", _("Choose whose work income this is."))
        return told


class BudgetForm:
    """All fields of a month together, over the facts that they start from."""

    def __init__(self, base: dict[str, Any], names: Mapping[str, str], data: QueryDict | None) -> None:
        self.base, self.names = base, names
        people = [(one["key"], names.get(one["key"], "")) for one in base["members"]]
        rent = base.get("rent") or {}
        self.unit = UnitForm(
            data,
            initial={
                **{name: base.get(name) for name in ("living", "household_size", "claim", "wealth")},
                "rent": rent.get("amount"), "notice_until": rent.get("notice_until"),
            },
        )  # fmt: skip
        self.members = [
            (one, names.get(one["key"], ""), MemberForm(data, prefix=f"member-{n}", initial=one))
            for n, one in enumerate(base["members"])
        ]
        self.costs = [self._line("cost", n, one, one["applied"], data) for n, one in enumerate(base["costs"])]
        self.incomes = [self._line("income", n, one, one["gross"], data) for n, one in enumerate(base["incomes"])]
        self.new_costs, self.new_incomes = (
            [NewLineForm(codes, people, data, prefix=f"new-{kind}-{n}") for n in range(NEW_LINES)]
            for kind, codes in (("cost", COSTS), ("income", INCOMES))
        )

    def _line(self, kind: str, place: int, one: dict[str, Any], given: int, data: QueryDict | None) -> dict[str, Any]:
        codes: Mapping[str, Any] = COSTS if kind == "cost" else INCOMES
        mine = one.get("effective")
        form = LineForm(
            data, prefix=f"{kind}-{place}", given=given,
            initial={"mine": mine, "why": one.get("note", "") if mine is not None else ""},
        )  # fmt: skip
        return {
            "row": one,
            "label": codes[one["code"]].name[language()],
            "person": self.names.get(one.get("person") or "", ""),
            "given": given,
            "form": form,
        }

    @property
    def forms(self) -> list[forms.Form]:
        """All its parts."""
        lines = [line["form"] for line in (*self.costs, *self.incomes)]
        return [self.unit, *(one[2] for one in self.members), *lines, *self.new_costs, *self.new_incomes]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """What is to be mended, each with its field."""
        return [
            (f"id_{form.add_prefix(name)}", str(text))
            for form in self.forms
            for name, texts in form.errors.items()
            for text in texts
        ]

    @property
    def adds_cost(self) -> bool:
        """Something is wrong in the lines for new costs: they stand open."""
        return any(form.errors for form in self.new_costs)

    @property
    def adds_income(self) -> bool:
        """The same of new incomes."""
        return any(form.errors for form in self.new_incomes)

    def facts(self) -> dict[str, Any]:
        """The facts that the valid forms say; Rappen, days as 2026-03-31."""
        told = self.unit.cleaned_data
        facts = {name: value for name, value in self.base.items() if name not in ("rent", "wealth", "household_size")}
        facts |= {"living": told["living"], "claim": told["claim"]}
        if told["rent"] is not None:
            before = self.base.get("rent") or {}
            same = before.get("amount") == told["rent"]
            facts["rent"] = {"amount": told["rent"], "source": before.get("source") if same else "caseworker"}
            if told["notice_until"]:
                facts["rent"]["notice_until"] = told["notice_until"].isoformat()
        for name in ("wealth", "household_size"):
            if told[name] is not None:
                facts[name] = told[name]
        facts["members"] = []
        for one, _name, form in self.members:
            said = form.cleaned_data
            until = said["reimbursed_until"]
            facts["members"].append(
                {
                    "key": one["key"], "birth_on": one["birth_on"], "permit": said["permit"], "izu": said["izu"] or 0,
                    "reimbursed_until": until.isoformat() if until else None,
                }
            )  # fmt: skip
        facts["costs"] = [self._cost(line) for line in self.costs] + [
            {"code": n["code"], "applied": 0, "effective": n["mine"], "source": "caseworker",
             "person": n["person"] or None, "note": n["why"]}
            for n in (form.cleaned_data for form in self.new_costs) if n["code"]
        ]  # fmt: skip
        facts["incomes"] = [self._income(line) for line in self.incomes] + [
            {"code": n["code"], "gross": n["mine"], "source": "caseworker", "person": n["person"] or None,
             "note": n["why"]}
            for n in (form.cleaned_data for form in self.new_incomes) if n["code"]
        ]  # fmt: skip
        return facts

    def _cost(self, line: dict[str, Any]) -> dict[str, Any]:
        said, row = line["form"].cleaned_data, dict(line["row"])
        if said["mine"] is None or said["mine"] == line["given"]:
            return row | {"effective": None}
        return row | {"effective": said["mine"], "note": said["why"]}

    def _income(self, line: dict[str, Any]) -> dict[str, Any]:
        said, row = line["form"].cleaned_data, dict(line["row"])
        if said["mine"] is None or said["mine"] == line["given"]:
            return row
        return row | {"gross": said["mine"], "note": said["why"], "source": "caseworker"}


def _with_orders(case: Case, period: Period, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with the reductions and the instalment that were decided and hold in the period, and with no other."""
    sanctions = sanctions_in(case.id, period, {one["key"] for one in facts["members"]})
    told = {name: value for name, value in facts.items() if name != "restitution"}
    if kept := restitution_in(period):
        told["restitution"] = msgspec.to_builtins(kept)
    return told | {"sanctions": msgspec.to_builtins(sanctions)}


def _kept_back(case: Case, facts: dict[str, Any]) -> tuple[Order, int] | None:
    """The instalment that a month keeps back, with what is left to pay before it (Rappen)."""
    told = facts.get("restitution")
    return (Order.objects.get(case=case, number=told["order"]), told["remaining"]) if told else None


def show(request: HttpRequest, case: Case, period: Period, member: Member, trouble: str = "") -> HttpResponse:
    """The month of a Swiss case; POST calculates and saves its next sheet. `?from=application`: from what is applied
    for now, whatever was assessed."""
    there = came(period.id)
    application, assessment = newest_application(period.id), Assessment.objects.filter(period=period).first()
    seen, data = seen_in(case, period, member), typed(request)
    begun = "?from=application" if request.GET.get("from") == "application" else ""
    facts = _with_orders(case, period, budget_facts(case, period, afresh=bool(begun)))
    form = BudgetForm(facts, names_of(seen), data)
    made_of = str(application.id) if application else ""
    version = assessment.version if assessment else 0
    troubles = [trouble] if trouble else []
    stale = data is not None and (data.get("version"), data.get("application", "")) != (str(version), made_of)
    here = f"{base(request)}/cases/{case.id}/periods/{Month.of(period.since)}/"
    budget = budget_of(period)
    held_back = why_not_released(case, period, budget) if budget else ""
    if request.method == "POST" and request.POST.get("act") == "release":
        require(request, Role.CASEWORKER)
        try:
            made = attempt(request, release_month, period=period.id)
        except NotPossible as refused:
            troubles = [refusal(refused)]
        else:
            return HttpResponseRedirect(f"{base(request)}/decisions/{made.id}/")
    elif request.method == "POST" and not stale and not form.errors and not trouble:
        require(request, Role.CASEWORKER)
        if moved_within(case, period):
            troubles = [_("Somebody came or left inside the month: calculate the parts by hand until it is split.")]
        else:
            try:
                attempt(request, assess, period=period.id, facts=form.facts(), version=version, applications=there)
            except NotPossible as refused:
                troubles = [refusal(refused), *refused.facts.get("problems", [])]
            except Conflict:
                stale = True
            else:
                return HttpResponseRedirect(here)
    stored, decision, standing = newest_sheet(period.id), newest_decision(period.id), in_force(period.id)
    later = stored is not None and (standing is None or stored.number > standing.sheet.number)
    calculation = stored_calculation(stored) if stored else None
    items = inbox_items_of(case.id)
    frame = frame_of(request, case, member, period)
    return page(
        request,
        "budget.html",
        **frame,
        form=form,
        errors=form.errors if data is not None else [],
        trouble=troubles,
        stale=stale,
        begun=begun,
        version=version,
        made_of=made_of,
        newer=stored is not None and came_after(stored, application, there),
        application=application,
        sheet=shown_sheet(calculation, form.names, masked_of(seen), language(), sheet_before(period))
        if calculation
        else None,
        stored=stored,
        decision=decision,
        outcome=OUTCOMES[decision.outcome] if decision else "",
        state=STATES[decision.state] if decision else "",
        decided=standing is not None and not later and "change" not in request.GET and data is None,
        may_propose=later,
        budget=budget if budget and in_force(period.id) is None else None,
        held_back=REFUSALS[held_back] if held_back else "",
        reductions=[(one, full_name(one.person)) for one in reductions_in(case.id, Month.of(period.since))],
        kept_back=_kept_back(case, facts),
        items=[(item, INBOX_STATES[item.state]) for item in items],
        waiting=next((item for item in items if item.state == "waiting"), None),
        applications=[(one, CHANNELS[one.channel], "") for one in applications_for(period.id)],
        too_late=REFUSALS["conflict"],
    )
