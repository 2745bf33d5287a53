"""What goes to the court with an appeal: each file by its name, digest and size, fixed when the appeal is forwarded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from handslag.domain.casefile.models import Case
from handslag.domain.decisions.models import Appeal, Decision, Hearing, Letter
from handslag.domain.decisions.queries import TAKEN, appeal_files, hearings_of
from handslag.domain.documents.models import Document
from handslag.domain.documents.queries import text_for
from handslag.domain.documents.states import ScanState
from handslag.domain.entitlement.queries.evidence import standing_links
from handslag.domain.intake.models import Attachment
from handslag.domain.intake.queries import applications_for, attachments_of, receipt_of
from handslag.domain.lookups.queries import disputes_in, lines_of
from handslag.domain.people.queries import full_name, numbers_of
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Organisation
from handslag.kernel import canonical

#: The court's language.
LANGUAGE = "sv"


@dataclass(frozen=True)
class Part:
    """One file of a package: `content` where it is written here, `document` where it is stored; `left_out` says why
    it isn't there."""

    name: str
    content: str | None = None
    document: Document | None = None
    left_out: str = ""


def _parts_of(appeal: Appeal, case: Case) -> list[Part]:
    """Everything that belongs to an appeal, in the order in which it is read: the covering note, the appeal with its
    files, each decision taken on the month with its letter and calculation, the applications for the month with what
    was shown, what was put beside a line of it, what the authorities said with what is disputed of it, and what the
    adults said before a decision."""
    period = appeal.decision.period_id
    found = [
        Part("overlamnande.txt", _covering_note(appeal, case)),
        Part("overklagande.txt", _appeal_text(appeal)),
        *(_stored(one) for one in appeal_files(appeal.id)),
    ]
    decisions = Decision.objects.select_related("sheet", "decided_by", "replaces").filter(
        period_id=period, state__in=TAKEN
    )
    for decision in decisions.order_by("decided_at", "id"):
        letter = Letter.objects.select_related("document").get(decision=decision)
        found.append(
            Part(f"beslut-{decision.number}.pdf", document=letter.document)
            if letter.document
            else Part(f"beslut-{decision.number}.pdf", left_out="brevet finns inte som PDF")
        )
        found += [
            Part(f"beslut-{decision.number}.json", _json({"letter": letter.content, **_said(decision)})),
            Part(f"berakning-{decision.number}.json", _json(decision.sheet.body)),
        ]
    for application in applications_for(period):
        receipt = receipt_of(application.id)
        number = receipt.number if receipt else str(application.id)
        found.append(Part(f"ansokan-{number}.json", _json(application.document)))
        found += [_stored(one.document) for one in attachments_of(application.id)]
    asked = Attachment.objects.select_related("document").filter(request__period_id=period)
    found += [_stored(one.document) for one in asked.order_by("added_at", "id")]
    there = {one.document.id for one in found if one.document}
    beside = {key for key, _line in standing_links(period)} - there
    found += [_stored(one) for one in Document.objects.filter(id__in=beside).order_by("created_at", "id")]
    if fetched := _fetched(period):
        found.append(Part("uppgifter-fran-myndigheter.json", _json(fetched)))
    found += [Part("yttrande.txt", _heard(one)) for one in reversed(hearings_of(period))]
    return [Part(f"{n:02d}-{one.name}", one.content, one.document, one.left_out) for n, one in enumerate(found, 1)]


def _fetched(period: UUID) -> list[dict[str, Any]]:
    """Each payment that an authority said for the month and that counts, with what its person says is wrong in it, and
    what was answered."""
    disputed = disputes_in(period)
    told = []
    for line in lines_of(period):
        said = disputed.get(line.id)
        dispute, answer = (said.dispute, said.answer) if said else (None, None)
        told.append(
            {
                "authority": line.authority,
                "person": full_name(line.person),
                "name": line.name,
                "amount": line.amount,
                "paid_on": line.paid_on.isoformat(),
                "planned": line.planned,
                "disputed": {"reason": dispute.reason, "text": dispute.text, "amount": dispute.amount}
                if dispute
                else None,
                "answered": {"verdict": answer.verdict, "why": answer.why} if answer else None,
            }
        )
    return told


def _heard(hearing: Hearing) -> str:
    today = acting_door().the_tenant.today
    answer = hearing.answer if hearing.answered_at else "Inget svar."
    answered = f", svar {today(hearing.answered_at).isoformat()}" if hearing.answered_at else ""
    days = f"Frågan {today(hearing.asked_at).isoformat()}, svar senast {hearing.answer_by.isoformat()}{answered}"
    return f"{full_name(hearing.person)}\n{days}\n\n{hearing.about}\n\n{answer}\n"


def package_of(appeal: Appeal, case: Case) -> tuple[dict[str, Any], dict[str, str]]:
    """What goes to the court with an appeal, as it stands now: the manifest, and the words of each file that is
    written here, by its name."""
    organisation = _sender()
    parts = _parts_of(appeal, case)
    manifest = {
        "appeal": appeal.number,
        "decision": appeal.decision.number,
        "case": case.number,
        "organisation": {"name": organisation.name, organisation.code_type: organisation.code},
        "received_on": appeal.received_on.isoformat(),
        "timeliness": appeal.timeliness,
        "told_on": appeal.told_on.isoformat() if appeal.told_on else None,
        "why": appeal.why,
        "files": [_listed(part) for part in parts if not part.left_out],
        "left_out": [{"name": part.name, "why": part.left_out} for part in parts if part.left_out],
    }
    return manifest, {part.name: part.content for part in parts if part.content is not None}


def _listed(part: Part) -> dict[str, Any]:
    if part.document is not None:
        document = part.document
        return {"name": part.name, "digest": document.digest, "size": document.size, "document": str(document.id)}
    content = (part.content or "").encode()
    return {"name": part.name, "digest": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _json(value: object) -> str:
    return canonical.dumps(value).decode()


def _stored(document: Document) -> Part:
    why = {ScanState.INFECTED: "filen har ett virus", ScanState.WAITING: "filen är inte kontrollerad mot virus"}
    return Part(document.title, document=document, left_out=why.get(ScanState(document.scan_state), ""))


def _sender() -> Organisation:
    return Organisation.objects.get(id=acting_door().the_tenant.id)


def _covering_note(appeal: Appeal, case: Case) -> str:
    organisation = _sender()
    told = {
        "number": appeal.number,
        "decision": appeal.decision.number,
        "case": case.number,
        "day": appeal.received_on.isoformat(),
    }
    body = text_for(case.legal_order, "appeal.forward", LANGUAGE, appeal.received_on).body.format(**told)
    sender = "\n".join([organisation.name, *organisation.address_lines, organisation.telephone]).strip()
    return f"{sender}\n\n{body}\n"


def _appeal_text(appeal: Appeal) -> str:
    numbers = [number.value for number in numbers_of([appeal.person_id]).get(appeal.person_id, [])]
    who = ", ".join([full_name(appeal.person), *numbers])
    return f"{appeal.number}\n{who}\n{appeal.received_on.isoformat()}\n\n{appeal.text}\n"


def _said(decision: Decision) -> dict[str, Any]:
    assert decision.decided_at is not None
    return {
        "number": decision.number,
        "decided_on": acting_door().the_tenant.today(decision.decided_at).isoformat(),
        "outcome": decision.outcome,
        "refused_on": decision.refused_on,
        "amount": decision.amount,
        "currency": decision.currency,
        "reasons": decision.reasons,
        "reasons_co": decision.reasons_co,
        "legal_basis": decision.legal_basis,
        "delegation": decision.delegation,
        "decided_by": decision.decided_by.name if decision.decided_by else "automatiserat beslut",
        "replaces": decision.replaces.number if decision.replaces else None,
        "unheard": decision.unheard,
    }
