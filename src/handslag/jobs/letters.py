"""Letters are set once, from what the decision fixed; their bytes are kept."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Letter
from handslag.domain.decisions.operations import record_letter, refuse_letter
from handslag.domain.documents.operations import StoredFile
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import store_of
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import canonical, clock
from handslag.kernel.ids import uuid7

BY = system("letters")


@tasks.task(name="render_letter", retry=AWAY)
def render_letter(tenant: int, letter: str) -> None:
    """Set a decision's letter as PDF, store it, record it. Done before: does nothing."""
    with acting(tenant, BY, "render_letter"):
        row = Letter.objects.get(id=UUID(letter))
        if row.document_id is not None:
            return
        content, key = row.content, file_key()
    try:
        pdf = port.for_tenant().letter(letter_from(content))
    except port.LetterRefused as refusal:
        refuse_letter(tenant=tenant, by=BY, now=clock.now(), letter=UUID(letter), trouble=str(refusal))
        return
    stored = store_of(tenant, key).write(uuid7(), io.BytesIO(pdf.content))
    file = StoredFile(stored.file_id, stored.digest, stored.size, "application/pdf")
    with suppress(NotPossible):  # another run of this job was first: its letter stands
        record_letter(tenant=tenant, by=BY, now=clock.now(), letter=UUID(letter), file=file)


_TOTALS = {
    "sv": {
        "FamilyCost": "Personliga kostnader",
        "CommonHouseholdCost": "Gemensamma kostnader",
        "NormSum": "Riksnorm",
        "ExpenseSum": "Skäliga kostnader",
        "SpecialExpenseSum": "Livsföring i övrigt",
        "IncomeSum": "Inkomster",
        "granted": "Att få",
        "surplus": "Överskott",
        "title": "Bilaga: beräkning {n}",
        "intro": "Så här har vi räknat, rad för rad, med stöd av lagen.",
        "reasons": "Skäl för beslutet",
        "appeal": "Om du vill överklaga",
        "decided": "Beslutet har fattats av",
        "law": "Lagrum",
        "person": "Ett personligt beslut: ingen dator har beslutat.",
    },
    "en": {
        "FamilyCost": "Personal costs",
        "CommonHouseholdCost": "Common costs",
        "NormSum": "National norm",
        "ExpenseSum": "Reasonable costs",
        "SpecialExpenseSum": "Other living costs",
        "IncomeSum": "Income",
        "granted": "To receive",
        "surplus": "Surplus",
        "title": "Annex: calculation {n}",
        "intro": "This is how we calculated, line by line, on the basis of the law.",
        "reasons": "Reasons for the decision",
        "appeal": "If you want to appeal",
        "decided": "The decision was taken by",
        "law": "Legal basis",
        "person": "A person took this decision, not a computer.",
    },
}


def letter_from(content: dict[str, Any]) -> port.Letter:
    """The letter to set, from the content that the decision fixed."""
    words = _TOTALS[content["language"]]
    totals = [
        port.SheetLine(words[name], content["totals"][name], kind="sum")
        for name in ("NormSum", "ExpenseSum", "SpecialExpenseSum", "IncomeSum")
        if content["totals"].get(name)
    ]
    result = "granted" if content["granted"] or not content["surplus"] else "surplus"
    sections = [port.Section("", content["grounds"])]
    if content["reasons"]:
        sections.append(port.Section(words["reasons"], content["reasons"]))
    sections.append(port.Section(words["law"], content["legal_basis"] + ". " + words["person"]))
    return port.Letter(
        organisation=port.Organisation(
            name=content["organisation"]["name"],
            address=tuple(content["organisation"]["address"]),
            contact=tuple(filter(None, [content["organisation"]["telephone"]])),
            colour=content["organisation"]["colour"],
        ),
        recipient=tuple(content["recipient"]),
        reference=content["number"],
        written_on=date.fromisoformat(content["date"]),
        language=content["language"],
        heading=content["heading"],
        outcome=content["outcome"],
        outcome_amount=content["granted"] or None,
        paragraphs=tuple(sections),
        lines=tuple(
            port.DecisionLine(line["text"], line["amount"], section=content["legal_basis"]) for line in content["lines"]
        ),
        decided_by=(content["decider"],),
        delegation=content["delegation"],
        appeal=port.Section(words["appeal"], content["appeal"]),
        annex=port.Annex(
            title=words["title"].format(n=content["sheet_number"]),
            introduction=words["intro"],
            lines=(
                *(
                    port.SheetLine(f"{x['text']}" + (f" ({x['who']})" if x["who"] else ""), x["amount"], x["section"])
                    for x in content["sheet"]
                ),
                *totals,
                port.SheetLine(words[result], content[result], kind="sum"),
            ),
            data=canonical.dumps(
                {
                    "sheet": content["sheet"],
                    "totals": content["totals"],
                    "granted": content["granted"],
                    "digest": content["sheet_digest"],
                }
            ).decode(),
        ),
        currency=content["currency"],
    )
