"""The examples of every message: what must be taken is taken whole, what must be refused is for its reason."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from handslag.kernel import canonical
from handslag.messages.application.message import Application
from handslag.messages.approval_change.message import ApprovalChange
from handslag.messages.assignment.message import Assignment
from handslag.messages.case_change.message import CaseChange
from handslag.messages.case_notification.message import CaseNotification
from handslag.messages.case_status.message import CaseStatus
from handslag.messages.case_transfer.message import CaseTransfer
from handslag.messages.client.message import Client
from handslag.messages.cost_approval.message import CostApproval
from handslag.messages.document_request.message import DocumentRequest
from handslag.messages.mutation.message import Mutation
from handslag.messages.payment_advice.message import PaymentAdvice
from handslag.messages.provider_bill.message import ProviderBill
from handslag.messages.question.message import Question
from handslag.messages.receipt.message import Receipt
from handslag.messages.reclaim.message import Reclaim
from handslag.messages.reconciliation.message import Reconciliation
from handslag.messages.settlement.message import Settlement
from handslag.messages.social_statistics.message import SocialStatistics
from tests.bed import ROOT

FOLDER = ROOT / "src/handslag/messages"
KINDS: dict[str, type[Any]] = {
    "application": Application,
    "client": Client,
    "case_status": CaseStatus,
    "question": Question,
    "case_transfer": CaseTransfer,
    "document_request": DocumentRequest,
    "assignment": Assignment,
    "mutation": Mutation,
    "case_notification": CaseNotification,
    "case_change": CaseChange,
    "cost_approval": CostApproval,
    "approval_change": ApprovalChange,
    "provider_bill": ProviderBill,
    "payment_advice": PaymentAdvice,
    "reclaim": Reclaim,
    "reconciliation": Reconciliation,
    "settlement": Settlement,
    "social_statistics": SocialStatistics,
    "receipt": Receipt,
}
#: What is wrong with each example that must be refused, as the refusal names it.
WRONG = {
    "question/no-ground": "ground",
    "question/amount-with-decimals": "$.asked.points[...].line.amount",
    "question/action-recall": "don't fit together",
    "question/answer-without-reply": "don't fit together",
    "question/answer-and-reason": "an answer or a reason why not",
    "question/state-that-does-not-follow": "don't follow from the answers",
    "question/points-from-zero": "numbered from 1",
    "question/local-time": "$.header.sent_at",
    "question/sender-without-kind": "$.header.sender",
    "case_transfer/no-ground": "ground",
    "case_transfer/consent-without-its-day": "consent has its day",
    "case_transfer/amount-with-decimals": "$.asked.items[...].decision.amount",
    "case_transfer/item-of-two-things": "exactly one thing",
    "case_transfer/items-from-zero": "numbered from 1",
    "case_transfer/nothing-chosen": "$.asked.items",
    "case_transfer/state-that-does-not-follow": "don't follow from the answers",
    "case_transfer/change-and-reason": "has no change",
    "document_request/no-ground": "ground",
    "document_request/documents-from-zero": "numbered from 1",
    "document_request/other-bytes": "isn't what size and digest say",
    "document_request/file-and-reason": "is given, or there is a reason",
    "document_request/a-program": "$.answers[...].file.content_type",
    "document_request/state-that-does-not-follow": "don't follow from the answers",
    "reconciliation/part-without-days": "a part has days",
    "reconciliation/amount-with-decimals": "$.asked.parts[...].claimed",
    "reconciliation/parts-numbered-otherwise": "numbered from 1",
    "reconciliation/unknown-side": "$.asked.side",
    "reconciliation/state-that-does-not-follow": "don't follow from the answers",
    "reconciliation/unknown-state": "$.answers[...].differences[...].state",
    "social_statistics/totals-of-other-bookings": "totals.expense isn't the sum",
    "social_statistics/corrects-nothing": "corrects the one that it names",
    "social_statistics/person-of-another-dossier": "a person of its dossier",
    "social_statistics/persons-from-zero": "numbered from 1",
    "social_statistics/booking-without-days": "a booking has days",
    "social_statistics/amount-with-decimals": "$.dossiers[...].bookings[...].amount",
    "social_statistics/name-as-key": "$.dossiers[...].persons[...].key",
    "social_statistics/unknown-direction": "$.dossiers[...].bookings[...].direction",
    "settlement/amount-with-decimals": "$.asked.submitted.lines[...].amount",
    "settlement/days-at-another-rate": "days at their rate",
    "settlement/line-without-days": "a line has days",
    "settlement/more-days-than-the-booking-has": "no more days are claimed of a booking",
    "settlement/given-back-of-nothing": "given back of a settled line",
    "settlement/finding-without-a-reason": "against a finding with a reason",
    "settlement/lines-out-of-order": "in the order of their numbers",
    "settlement/nothing-changes": "a submission changes something",
    "settlement/third-of-two-pieces": "no more pieces than it says",
    "settlement/cut-without-a-reason": "has a reason and words",
    "settlement/refused-with-an-amount": "has no amount and no days",
    "settlement/unknown-reason": "$.asked.decided.decisions[...].reason",
    "settlement/two-turns": "submitted, decided, or questions",
    "settlement/questions-without-a-day": "questions have a day",
    "settlement/questions-from-zero": "numbered from 1",
    "settlement/state-that-does-not-follow": "don't follow from the answers",
    "assignment/ahv-number": "by her ZEMIS number",
    "assignment/unknown-status": "$.asked.persons[...].status",
    "assignment/status-before-entry": "on the day of entry at the earliest",
    "assignment/nobody": "$.asked.persons",
    "assignment/twice-the-same": "assigned once",
    "assignment/persons-from-zero": "numbered from 1",
    "assignment/arrived-without-accommodation": "with her day and accommodation",
    "assignment/taken-and-refused": "with her day and accommodation",
    "assignment/state-that-does-not-follow": "don't follow from the answers",
    "mutation/ahv-number": "by her ZEMIS number",
    "mutation/unknown-change": "$.asked.change",
    "mutation/status-without-entry": "a status comes with the day of entry",
    "mutation/move-to-nowhere": "a move with the municipality",
    "mutation/departure-with-a-status": "nothing else with these",
    "mutation/status-before-entry": "on the day of entry at the earliest",
    "mutation/last-day-before-the-first": "have a last day, not before the first",
    "mutation/departure-with-a-last-day": "own earnings alone have a last day",
    "mutation/nobody": "$.asked.persons",
    "mutation/twice-the-same": "named once",
    "mutation/persons-from-zero": "numbered from 1",
    "mutation/state-that-does-not-follow": "don't follow from the answers",
    "cost_approval/ahv-number": "by her ZEMIS number",
    "cost_approval/amount-with-decimals": "$.asked.unit_price",
    "cost_approval/ends-before-it-begins": "a cost has days",
    "cost_approval/another-pays-who-was-not-asked": "who else was asked pays",
    "cost_approval/another-pays-all": "something is asked for",
    "cost_approval/kind-in-words": "$.asked.account_code",
    "cost_approval/more-than-the-whole": "$.asked.percent",
    "cost_approval/amount-without-number": "with all that belongs to it",
    "cost_approval/neither-number-nor-reason": "with all that belongs to it",
    "cost_approval/refused-without-words": "has words",
    "cost_approval/cut-by-rules": "nobody but a person",
    "cost_approval/state-that-does-not-follow": "don't follow from the answers",
    "approval_change/ahv-number": "by her ZEMIS number",
    "approval_change/amount-with-decimals": "$.asked.amount",
    "approval_change/less-than-nothing": "$.asked.amount",
    "approval_change/billed-before-it-was-told": "billed before it was told",
    "approval_change/reason-in-words": "$.asked.reason",
    "approval_change/without-words": "$.asked.text",
    "approval_change/turn-zero": "$.asked.turn",
    "approval_change/without-number": "$.asked.approval",
    "approval_change/state-that-does-not-follow": "don't follow from the answers",
    "provider_bill/ahv-number": "by her ZEMIS number",
    "provider_bill/amount-with-decimals": "$.asked.amount",
    "provider_bill/another-sum": "quantity times price",
    "provider_bill/ends-before-it-begins": "a bill has days",
    "provider_bill/foreign-account": "$.asked.iban",
    "provider_bill/reference-in-words": "$.asked.reference",
    "provider_bill/without-number": "$.asked.bill",
    "provider_bill/nothing-done": "$.asked.quantity",
    "provider_bill/refused-without-words": "isn't paid has words",
    "provider_bill/reason-in-words": "$.answers[...].reason",
    "provider_bill/state-that-does-not-follow": "don't follow from the answers",
    "payment_advice/amount-with-decimals": "$.asked.amount",
    "payment_advice/parts-that-add-up-to-less": "add up to what is paid",
    "payment_advice/netted-to-something": "what is netted to nothing",
    "payment_advice/part-without-days": "a part has days",
    "payment_advice/nothing-paid": "$.asked.amount",
    "payment_advice/iban-with-spaces": "$.asked.iban",
    "payment_advice/for-no-settlement": "$.asked.settlements",
    "payment_advice/unknown-state": "$.asked.state",
    "payment_advice/reason-in-words": "$.answers[...].reason",
    "payment_advice/state-that-does-not-follow": "don't follow from the answers",
    "reclaim/amount-with-decimals": "$.asked.total",
    "reclaim/lines-that-add-up-to-less": "add up to the total",
    "reclaim/raised-without-a-day": "answered by a day",
    "reclaim/kept-with-a-day": "answered by a day",
    "reclaim/without-lines": "$.asked.lines",
    "reclaim/span-without-days": "a span has days",
    "reclaim/without-words": "$.asked.text",
    "reclaim/reason-in-words": "$.asked.reason",
    "reclaim/unknown-state": "$.asked.state",
    "reclaim/lines-numbered-otherwise": "numbered from 1",
    "reclaim/objected-without-words": "who objects says why",
    "reclaim/state-that-does-not-follow": "don't follow from the answers",
    "case_change/ahv-number": "by her ZEMIS number",
    "case_change/unknown-change": "$.asked.change",
    "case_change/rent-without-words": "how it is now",
    "case_change/end-with-how-it-is": "how it is now",
    "case_change/ended-without-cause": "an end has its cause",
    "case_change/rent-with-a-balance": "an end alone has",
    "case_change/end-with-a-plan": "go with a move",
    "case_change/move-to-nowhere": "with the other municipality",
    "case_change/amount-with-decimals": "$.asked.restitution",
    "case_change/nobody": "$.asked.persons",
    "case_change/persons-from-two": "numbered from 1",
    "case_change/twice-the-same": "named once",
    "case_change/last-day-and-reason": "has no last day",
    "case_change/state-that-does-not-follow": "don't follow from the answers",
    "case_notification/ahv-number": "by her ZEMIS number",
    "case_notification/unknown-permit": "$.asked.persons[...].permit",
    "case_notification/support-before-residence": "when residence began at the earliest",
    "case_notification/fewer-heads-than-persons": "as many heads as persons",
    "case_notification/nobody": "$.asked.persons",
    "case_notification/persons-from-zero": "numbered from 1",
    "case_notification/twice-the-same": "named once",
    "case_notification/amount-with-decimals": "$.asked.need",
    "case_notification/nationality-in-words": "$.asked.persons[...].nationality",
    "case_notification/accepted-and-refused": "accepted until a day, or there is a reason",
    "case_notification/neither-day-nor-reason": "accepted until a day, or there is a reason",
    "case_notification/state-that-does-not-follow": "don't follow from the answers",
    "receipt/digest-in-capitals": "$.report.digest",
    "receipt/unknown-state": "$.report.state",
    "receipt/code-as-number": "$.report.code",
    "application/no-id": "id",
    "application/no-signers": "$.signers",
    "application/digest-in-capitals": "$.digest",
    "application/local-time": "$.received_at",
    "application/another-version": "$.version",
    "client/no-case": "$.case",
    "client/protection-as-text": "$.protected",
    "client/unknown-role": "$.household[...].role",
    "case_status/day-that-is-none": "$.decisions[...].decided_on",
    "case_status/amount-as-text": "$.decisions[...].amount",
    "case_status/amount-with-decimals": "$.payments[...].amount",
    "case_status/payment-of-nothing": "$.payments[...].amount",
    "case_status/year-0000": "$.payments[...].month",
    "case_status/unknown-state": "$.statuses[...].state",
}


def examples(which: str) -> dict[str, Path]:
    return {f"{path.parents[2].name}/{path.stem}": path for path in sorted(FOLDER.glob(f"*/examples/{which}/*.json"))}


def lost(told: Any, taken: Any) -> bool:
    """Whether a value that was told isn't what was taken, however deep."""
    if isinstance(told, dict):
        return any(lost(value, taken.get(name)) for name, value in told.items())
    if isinstance(told, list):
        return len(told) != len(taken) or any(lost(*pair) for pair in zip(told, taken, strict=True))
    return bool(told != taken)


@pytest.mark.parametrize("name", sorted(examples("valid")))
def test_what_must_be_taken_is_taken_whole(name: str) -> None:
    content = examples("valid")[name].read_bytes()
    told = json.loads(content)
    taken = msgspec.to_builtins(msgspec.json.decode(content, type=KINDS[name.split("/")[0]]))
    strange = set(told) - set(taken)
    assert bool(strange) == name.endswith("future")  # of a version to come: no reason to refuse
    assert not lost({field: value for field, value in told.items() if field not in strange}, taken)


def test_what_must_be_refused_is_refused_for_its_reason() -> None:
    found = examples("invalid")
    assert set(found) == set(WRONG)
    for name, path in found.items():
        with pytest.raises(msgspec.ValidationError) as refusal:
            msgspec.json.decode(path.read_bytes(), type=KINDS[name.split("/")[0]])
        assert WRONG[name] in re.sub(r"\[\d+\]", "[...]", str(refusal.value)), (name, str(refusal.value))


def test_the_example_application_is_whole() -> None:
    told = json.loads(examples("valid")["application/couple-renewal"].read_bytes())
    assert hashlib.sha256(canonical.dumps(told["document"])).hexdigest() == told["digest"]
    assert {one["person"] for one in told["signers"]} == set(told["document"]["applicants"])
    assert told["receipt"]["body"]["content_digest"] == told["digest"]


def test_every_folder_is_whole() -> None:
    folders = {path.name for path in FOLDER.iterdir() if (path / "message.py").exists()}
    assert folders == set(KINDS)
    for name in folders:
        schema = json.loads((FOLDER / name / "schema.json").read_text())
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert f"# {name}, version 1" in (FOLDER / name / "README.md").read_text()
        assert any(key.startswith(f"{name}/") for key in examples("valid")), name


def test_both_languages_of_the_catalogue_say_as_much() -> None:
    """In paragraphs and rows: half of the readers wouldn't know of what stands in one of them only."""
    for path in (*FOLDER.glob("*/README.md"), *(ROOT / "src/handslag/connectors/exchange").glob("*/README.md")):
        said = [
            (len(re.split(r"\n\s*\n", text.strip())), len(re.findall(r"(?m)^\|", text)))
            for text in (path.read_text(), path.with_name("README.de.md").read_text())
        ]
        assert said[0] == said[1], path
