"""Who has looked at my file: each day, which unit of the office, and what of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.audit.queries import Told, looks_at, told_of
from handslag.domain.casefile.queries import cases_of
from handslag.domain.documents.models import Document
from handslag.domain.people.models import Person
from handslag.domain.people.queries import kept_for, records_of, representations_of
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.policies import setting
from handslag.web.citizen.acting import who_acts_for
from handslag.web.citizen.person import me, name_of, who_represents
from handslag.web.entry.pages import citizen_page

#: So far back the page tells; so many looks at most.
SPAN, MOST = timedelta(days=365), 2_000


@require_safe
@citizen_page("who looked")
def looked(request: HttpRequest, tenant: str) -> HttpResponse:
    """The looks of the last year at my cases and at me, newest day first; my own are left out.

    Staff stand by their unit, and by name only where the office's setting `staff_named` says so; as the office alone
    where somebody of the case is protected. What the other adult looked at, and whether there is something that only
    she has sent, isn't told.
    """
    person = me(request)
    now: datetime = request.now  # type: ignore[attr-defined]
    cases = cases_of(person.id)
    keys = [case.id for case in cases]
    for key in keys:
        looked_at("who looked", key)
    documents = Document.objects.filter(Q(created_by=None) | Q(created_by=person.id) | ~Q(provenance="applicant"))
    homes = {case.household_id for case in cases}
    records = records_of(kept_for(person.id))
    subjects = [*records, *keys, *homes, *documents.filter(subject_id__in=keys).values_list("id", flat=True)]
    found = looks_at(subjects, now - SPAN, MOST, other_than=records)
    adults: dict[UUID | None, Person] = {
        one.id: one for case in cases for one in (case.applicant, case.co_applicant) if one is not None
    }
    staff = _staff(masked=any(one.protection_level for one in adults.values()))
    agents: dict[UUID | None, str] = {
        one.representative_id: who_represents(one.representative) for one in representations_of(person.id)
    }
    days: dict[date, dict[str, dict[str, None]]] = {}
    for look in found:
        if look.actor_name.startswith("for "):
            # who acts for the other adult is hers to know
            hers = look.actor_name == f"for {person.id}"
            who = agents.get(look.actor_id, gettext("Your representative")) if hers else gettext("The other adult")
            what = gettext("the case")
        elif look.actor_kind == "citizen":
            other = adults.get(look.actor_id)
            who = name_of(other, person.id) if other else gettext("The other adult")
            what = gettext("the case")
        else:
            who = staff.get(look.actor_id) or gettext("The office")
            what = _what(look.what, hers=look.subject in records)
        days.setdefault(timezone.localtime(look.at).date(), {}).setdefault(who, {}).setdefault(what)
    facts = {
        "days": [(day, [(name, list(what)) for name, what in sorted(people.items())]) for day, people in days.items()],
        "more": len(found) == MOST,
        "passed_on": [_passed_on(one) for one in told_of(person.id, "passed on", now - SPAN)],
        "representatives": who_acts_for(person.id, request),
    }
    return render(request, "citizen/looked.html", facts)


def _passed_on(told: Told) -> dict[str, Any]:
    """What was told to another organisation, in words: nothing of how it went there."""
    body = told.body
    return {
        "on": timezone.localtime(told.at).date(),
        "to": body.get("to", ""),
        "what": {
            "question": gettext("a question about you"),
            "answer": gettext("an answer to a question about you"),
            "documents": gettext("documents about you"),
            "case": gettext("your case, as you move there"),
            "assignment": gettext("which municipality is responsible for you"),
            "mutation": gettext("that something changed for you"),
            "claim": gettext("that support for you is claimed back from the canton"),
            "case change": gettext("that something changed in your support"),
            "cost": gettext("that somebody else is asked to bear a cost for you"),
        }.get(body.get("what", ""), gettext("something more about the same matter")),
        "names": body.get("names", []),
        "ground": body.get("ground", ""),
        "consented_on": date.fromisoformat(body["consented_on"]) if body.get("consented_on") else None,
    }


def _staff(*, masked: bool) -> dict[UUID | None, str]:
    """How members of staff are called, by their log-in."""
    if masked:
        return {}
    named = bool(setting("staff_named"))
    rows = StaffMember.objects.select_related("unit")
    return {one.user_id: f"{one.name}, {one.unit.name}" if named else one.unit.name for one in rows}


def _what(what: str, *, hers: bool) -> str:
    """What was looked at, in words; anything of the case that has no own word is the case, and so is what only one of
    its adults is told of, where it isn't a look at herself (`hers`)."""
    if what.startswith(("other help", "order")) and not hers:
        return gettext("the case")
    return {
        "person": gettext("your details"),
        "household": gettext("your household"),
        "application": gettext("an application"),
        "receipt": gettext("a receipt"),
        "draft": gettext("an application that isn’t sent"),
        "decision": gettext("a decision"),
        "decision letter": gettext("a decision"),
        "recovery": gettext("what is to be paid back"),
        "recoveries": gettext("what is to be paid back"),
        "recovery letter": gettext("what is to be paid back"),
        "order": gettext("a decision"),
        "order letter": gettext("a decision"),
        "other help": gettext("a decision"),
        "other help letter": gettext("a decision"),
        "messages": gettext("messages"),
        "document": gettext("a photo or document"),
        "case account": gettext("payments"),
        "direct payments": gettext("payments"),
        "request": gettext("something that was asked for"),
    }.get(what, gettext("the case"))
