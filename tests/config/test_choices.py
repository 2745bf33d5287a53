"""No setting takes a value that breaks a page or a job later; what is refused is told in one line that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from handslag.config.choices import CHECKS
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import DEFAULTS, hand_over, require_choice, setting
from tests.office import TEST, open_office

WELL: dict[str, list[Any]] = {
    "renewal_opens_days_before": [0, 31],
    "application_forms": [{"new": "se.new", "renewal": "se.new", "supplementary": "se.renewal"}],
    "services": [["se.supplementary"]],
    "first_applications": ["Ekonomi"],
    "payment_day": [1, 28],
    "bank_cut_off": ["00:00", "23:59"],
    "bank_profile": [
        {"letters": "åäö", "slips": True, "charge_bearer": "SLEV", "currencies": ["SEK"], "name_length": 35}
    ],
    "debtor_account": [
        {"kind": "plusgiro", "number": "4-2"}, {"kind": "iban", "number": "SE35 5000 0000 0549 1000 0003"}
    ],
    "contact": [{"hours": "9–12", "units": {"Ekonomi": "010-1"}}],
    "organisation_number": ["2120000142", "16212000-0142"],
    "staff_oidc": [
        {}, {"issuer": "https://idp.example", "client_id": "a", "claim": "email"},
        {"issuer": "https://idp.example", "client_id": "a", "claim": "upn", "accepted_acr": ["mfa"]},
    ],
    "eid": [
        {"issuer": "https://eid.example/x", "client_id": "a", "accepted_acr": ["loa3"]},
        {"issuer": "https://[::1]:8001"},
    ],
    "case_system": [
        {"name": "L", "address": "https://l.example/api", "units": {"Vuxna": "Ekonomi"}, "groups": ["single"]}
    ],
    "authorities_asked": [["FK", "TNS"]],
    "self_access_level": [-1, 3],
}  # fmt: skip
WRONG: dict[str, list[Any]] = {
    "nosuch": [1],
    "four_eyes_above": [-1, True, "1", 10**19],
    "renewal_opens_days_before": [-1, 100_000],
    "application_forms": [
        {}, {"renewal": "se.renewal"}, {"new": "se.new", "renewal": "nosuch", "supplementary": "se.supplementary"},
        {"new": "se.new", "renewal": ["se.renewal"], "supplementary": "se.supplementary"},
        {"new": "se.new", "renewal": "se.renewal", "supplementary": "se.supplementary", "other": "se.new"},
    ],
    "services": [["nosuch"], [1], ["se.new", "se.new"]],
    "first_applications": ["Nowhere"],
    "recently_closed_days": [-1],
    "staff_named": [1],
    "case_transfer_grounds": [[], ["nosuch"], ["law", "law"]],
    "signature_reminder_days": [0],
    "signature_days": [0, 10_000_000],
    "hearing_days": [0, 10_000_000],
    "appeal_days": [-1, 0],
    "shared_computer_minutes": [0, -5],
    "decision_days": [-1, 0, 10**9],
    "payment_day": [0, 29, 31],
    "precalculation_day": [-1, 29],
    "precalculation_failures_percent": [-1, 101],
    "payments_held": ["x\ny"],
    "bank_cut_off": ["99:99", "24:00", "15", "", "15:00:00", "١٥:٠٠"],
    "bank_lead_days": [-1, 365],
    "bank_profile": [
        {"nosuch": 1}, {"charge_bearer": "NONE"}, {"slips": "yes"}, {"name_length": 0}, {"letters": 1},
        {"currencies": "SEK"}, {1: 2},
    ],
    "delegation": ["", " ", "x" * 201],
    "debtor_account": [
        {}, {"kind": "bankgiro", "number": 1234}, {"kind": "bankgiro", "number": "5050-1056"}, {"kind": "bankgiro"},
        {"kind": "slip", "number": ""}, {"kind": "bban", "number": "1234567"}, {"kind": ["iban"], "number": "1"},
    ],
    "contact": [{"hours": 9}, {"units": ["a"]}, {"units": {"Ekonomi": 101}}, {"mail": "x"}],
    "repayment_account": ["x" * 61],
    "organisation_number": ["212000", "x"],
    "staff_oidc": [
        {"issuer": "https://idp.example"}, {"issuer": "https://idp.example", "client_id": "a", "claim": ""},
        {"issuer": "idp.example", "client_id": "a", "claim": "email"}, {"claim": "email"},
        {"issuer": "https://idp.example", "client_id": "a", "claim": "email", "accepted_acr": []},
    ],
    "passkey_alone": [1, "no"],
    "eid": [
        {"issuer": "eid.example"}, {"issuer": "https://e.example; script-src *"}, {"issuer": 1}, {"client_id": ""},
        {"accepted_acr": []}, {"accepted_acr": "loa3"}, {"accepted_acr": [1]}, {"secret": "x"},
    ],
    "case_system": [
        {"name": "L"}, {"name": "L", "address": "l", "units": {}, "groups": []},
        {"name": "L", "address": "https://l.example", "units": {}, "groups": ["dogs"]},
    ],
    "authorities_asked": [["XX"], ["FK", "FK"], [None]],
    "lefi_actor": ["x" * 41],
    "income_change_percent": [-1],
    "self_access_level": [-2, 4],
    "demonstration": ["yes"],
}  # fmt: skip


@pytest.fixture
def office(connect: Callable[..., Any]) -> Any:
    return open_office(connect)


def test_what_would_break_a_page_or_a_job_is_refused_in_one_line(office: Any) -> None:
    assert set(CHECKS) == set(DEFAULTS)
    with acting(office.slug, TEST, "look"):
        for name, value in DEFAULTS.items():
            require_choice(name, value)
        for name, values in WELL.items():
            for value in values:
                require_choice(name, value)
        for name, values in WRONG.items():
            for value in values:
                with pytest.raises(ValueError) as refused:
                    require_choice(name, value)
                assert str(refused.value).startswith(f"{name}: "), (name, value)
                assert len(str(refused.value).splitlines()) == 1


def test_the_operation_itself_asks_and_what_stood_stays(office: Any) -> None:
    with pytest.raises(ValueError, match=r"^bank_cut_off: a time of the day, as 15:00$"):
        set_policy(**office.by(TEST), name="bank_cut_off", value="99:99")
    set_policy(**office.by(TEST), name="bank_cut_off", value="14:30")
    with acting(office.slug, TEST, "look"):
        assert setting("bank_cut_off") == "14:30"


def test_a_setting_without_a_check_ends_the_start() -> None:
    with pytest.raises(ValueError, match="payment_day"):
        hand_over({name: check for name, check in CHECKS.items() if name != "payment_day"})
