"""What a form makes it makes once, however often it is sent."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from handslag import domain, web
from handslag.domain.elsewhere.models import Switch
from handslag.domain.entitlement.models import LocalNorm
from handslag.domain.intake.models import EvidenceRequest
from handslag.domain.payments.models import ChartRow, Payee
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.models import Delegation, Deputy, ProposedRole, StaffMember
from tests.office import TEST
from tests.web.caseworker.test_hand_overs import stands_in_front

MAKES = (".objects.create", ".objects.bulk_create", "open_subject")
#: Operations that make rows and take no key of a form, by what makes them once all the same.
ONCE = {
    "who asks again is refused, for what it made is there": {
        "begin_review", "class_account", "fix_posting_day", "form_household", "make_federal_delivery",
        "make_statistics_file", "move_in", "open_case",
        "open_hearing", "order_payment", "propose", "propose_change", "propose_merge", "propose_recovery",
        "register_person", "register_representation", "release_month", "start_precalculation", "take_access",
        "transfer_case", "withdraw_application",
    },
    "what was there is taken, continued, or replaced": {
        "agree_instalments", "begin_account_change", "begin_correction", "begin_signing", "open_draft",
        "enter_baseline", "record_account", "record_address", "record_statistics",
    },
    "the row that it begins with is locked, and moves on": {
        "answer_dispute", "confirm_account_change", "give_proposed_role", "record_signature", "reserve_run", "settle",
    },
    "what was asked already isn't asked again": {"ask_authorities"},
    "said once more it says the same: days left out, residents and tariffs from a day on": {
        "enter_residents", "enter_tariff", "leave_out",
    },
}  # fmt: skip


def _operations() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every operation of every chapter, by name."""
    for module in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}."):
        if ".operations" in module.name:
            for node in ast.parse(inspect.getsource(import_module(module.name))).body:
                if isinstance(node, ast.FunctionDef) and any(
                    "operation" in ast.unparse(d) for d in node.decorator_list
                ):
                    yield node.name, node


def test_every_operation_that_makes_something_takes_the_key_of_its_form_or_says_why_not() -> None:
    """Of those that a page calls; what only jobs and commands do has keys of its own."""
    pages = "".join(path.read_text() for path in Path(web.__file__).parent.rglob("*.py"))
    called = {*re.findall(r"(?<![.\w])(\w+)[,)(]", pages), *re.findall(r"\.(\w+)\(", pages)}
    keyless = set()
    for name, node in _operations():
        if name not in called:
            continue
        calls = [ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)]
        if any(call.endswith(MAKES) for call in calls) and not {"key", "message"} & {
            a.arg for a in node.args.kwonlyargs
        }:
            keyless.add(name)
    reasons = [name for names in ONCE.values() for name in names]
    assert len(reasons) == len(set(reasons))
    assert keyless == set(reasons)


@pytest.mark.parametrize(
    ("who", "where", "typed", "made"),
    [
        ("hanna", "{case}/ask/", {"text": "Vilken månad gäller hyresavin?", "wanted": "Hyresavi"}, EvidenceRequest),
        (
            "alva", "/norms/", {"what": "norm", "name": "Specnorm", "single": "2000", "couple": "3900",
                                "since": "2026-01-01", "source": "nämnden § 7"}, LocalNorm,
        ),
        (
            "alva", "/norms/", {"text": "cost;adults;children;amount\nRENT;;;5000\nELECTRICITY;;;400",
                                "since": "2026-01-01", "source": "nämnden § 8"}, LocalNorm,
        ),
        ("alva", "/delegations/", {"to": "caseworker", "clause": "4.1", "source": "nämnden § 9"}, Delegation),
        ("alva", "/staff/", {"email": "nina@example.com", "name": "Nora Ny"}, StaffMember),
        ("alva", "/staff/", {"member": "{bo}", "role": "reviewer", "since": "{today}"}, ProposedRole),
        ("alva", "/case-system/", {"what": "0.couple", "to": "on", "reason": "nämnden § 10"}, Switch),
        ("ulla", "/payees/", {"name": "Hyresbostäder AB", "kind": "landlord", "way": "bankgiro", "number": "991-2346"},
         Payee),
        ("ulla", "/ledger/", {"account": "5520", "source": "kontoplanen"}, ChartRow),
        ("hanna", "/me/", {"deputy": "{bo}", "since": "{today}", "last": "{today}"}, Deputy),
    ],
)  # fmt: skip
def test_a_form_sent_twice_makes_it_once(
    office: Any, desk: Any, who: str, where: str, typed: dict[str, str], made: Any
) -> None:
    folder = office.case()
    folder.applied()
    if made is Switch:
        stands_in_front(office)
    with acting(office.slug, TEST, "look"):
        today = str(folder.case.opened_on)
    person, names = desk(office, who), {"today": str(office.today), "bo": "", "opened": today}
    names["case"] = f"/cases/{folder.case.id}/periods/{office.month}"
    page = lxml.html.document_fromstring(person.open(where.format(**names)).content)
    [form] = [f for f in page.xpath("//form") if set(typed) <= {c.name for c in f.inputs}][:1]
    for field in {"deputy", "member"} & set(typed):
        names["bo"] = form.inputs[field].value_options[-1]
    sent = dict(form.fields) | {name: value.format(**names) for name, value in typed.items()}
    for name in [name for name, value in sent.items() if value is None or name == "file"]:
        del sent[name]
    assert sent["key"]
    action = (form.action or where.format(**names)).removeprefix(f"/{office.slug}")
    first = person.open(action, **sent)
    assert first.status_code == 302, first.text
    with acting(office.slug, TEST, "look"):
        before = made.objects.count()
    again = person.open(action, **sent)
    assert again.status_code in (200, 422) and "This form was sent before" in again.text
    with acting(office.slug, TEST, "look"):
        assert (made.objects.count(), before > 0) == (before, True)
