"""What each setting of an organisation may be: whatever would break a page or a job later is told when it is set.

Each check takes the value (of the right outer type) and raises ValueError with what is wrong; it runs behind the
organisation's door. The table is whole: `handslag.domain.tenancy.policies.hand_over` refuses another one.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin, get_type_hints

from django.conf import settings

from handslag.connectors.bank.pain001_ch import Profile as SwissProfile
from handslag.connectors.bank.pain001_se import Profile
from handslag.domain.casefile.states import TransferBasis
from handslag.domain.elsewhere.policies import read as read_case_system
from handslag.domain.exchange.sedex import HIGHEST_FEDERAL, PARTICIPANT
from handslag.domain.intake.forms import forms
from handslag.domain.lookups.queries import AUTHORITIES
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.states import Ground, IdentifierType
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Unit
from handslag.domain.tenancy.policies import Check, is_production
from handslag.kernel.addresses import is_for_real
from handslag.rules.ch.numbers import CANTONS

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[!-~]*)?", re.ASCII)
_NUMBERS_SE = re.compile(r"([0-9]{2})?[0-9]{6}-?[0-9]{4}", re.ASCII)
_MOST_MONEY = 10**12


def _from_to(least: int, most: int) -> Check:
    def check(value: int) -> None:
        if not least <= value <= most:
            raise ValueError(f"a number from {least} to {most}")

    return check


def _text(most: int, least: int = 0) -> Check:
    def check(value: object) -> None:
        fits = isinstance(value, str) and value.isprintable() and least <= len(value.strip()) <= len(value) <= most
        if not fits:
            raise ValueError(f"a text of {least} to {most} characters in one line")

    return check


def _either(value: bool) -> None:
    """Both are well."""


def _parts(told: dict[str, Any], known: tuple[str, ...]) -> None:
    if other := sorted(map(str, set(told) - set(known))):
        raise ValueError(f"there is no {', '.join(other)}; there are {', '.join(known)}")


def _published(name: object) -> None:
    known = sorted({form for form, _ in forms()})
    if name not in known:
        raise ValueError(f"there is no form {name!r}; there are {', '.join(known)}")


def _application_forms(told: dict[str, Any]) -> None:
    kinds = ("new", "renewal", "supplementary")
    _parts(told, kinds)
    if missing := [kind for kind in kinds if kind not in told]:
        raise ValueError(f"needs a form for {', '.join(missing)}")
    for name in told.values():
        _published(name)


def _each_once(told: list[Any]) -> None:
    if not all(isinstance(one, str) for one in told) or len(set(told)) < len(told):
        raise ValueError("names, each once")


def _services(told: list[Any]) -> None:
    _each_once(told)
    for name in told:
        _published(name)


def _unit(name: str) -> None:
    units = sorted(Unit.objects.values_list("name", flat=True))
    if name and name not in units:
        raise ValueError(f"there is no unit {name!r}; there are {', '.join(units)}")


def _districts(told: dict[str, Any]) -> None:
    for unit, code in told.items():
        _unit(unit)
        if not unit or not isinstance(code, str) or not re.fullmatch("[0-9]{2}", code, re.ASCII):
            raise ValueError("for each unit a code of two digits")


def _cut_off(told: str) -> None:
    if not _TIME.fullmatch(told):
        raise ValueError("a time of the day, as 15:00")


def _bank_profile(told: dict[str, Any]) -> None:
    hints = get_type_hints(SwissProfile if acting_door().the_tenant.country == "CH" else Profile)
    _parts(told, tuple(hints))
    for name, value in told.items():
        hint = hints[name]
        if get_origin(hint) is Literal:
            if value not in get_args(hint):
                raise ValueError(f"{name} is one of {', '.join(repr(one) for one in get_args(hint))}")
        elif get_origin(hint) is tuple:
            if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
                raise ValueError(f"{name} is a list of texts")
        elif type(value) is not hint or (hint is int and not 1 <= value <= 140):
            wanted = "a number from 1 to 140" if hint is int else f"a {hint.__name__}"
            raise ValueError(f"{name} is {wanted}")


def _debtor_account(told: dict[str, Any]) -> None:
    kinds = ("bankgiro", "plusgiro", "iban")
    if set(told) != {"kind", "number"} or not all(isinstance(part, str) for part in told.values()):
        raise ValueError("needs kind and number, both as texts (the number in quotes)")
    if told["kind"] not in kinds:
        raise ValueError(f"kind is one of {', '.join(kinds)}")
    for problem in account_problems(told["kind"], told["number"]) if told["number"] else ():
        if problem.certain:
            raise ValueError(problem.text)


def _contact(told: dict[str, Any]) -> None:
    _parts(told, ("hours", "units"))
    _text(200)(told.get("hours", ""))
    units = told.get("units", {})
    if not isinstance(units, dict):
        raise ValueError("units is {name of a unit: its telephone}")
    for name, telephone in units.items():
        _text(80, 1)(name)
        _text(40, 1)(telephone)


def _organisation_number(told: str) -> None:
    _text(20)(told)
    if told and acting_door().the_tenant.country == "SE" and not _NUMBERS_SE.fullmatch(told):
        raise ValueError("an organisation number has ten digits, as 212000-0142")


def _address(told: object) -> None:
    if not isinstance(told, str) or not _ADDRESS.fullmatch(told):
        raise ValueError("a web address, as https://eid.example")


def _eid(told: dict[str, Any]) -> None:
    own = {"name", "claims", "scopes"}
    _provider({name: value for name, value in told.items() if name not in own})
    if "name" in told:
        _text(40, 1)(told["name"])
    if "scopes" in told:
        scopes = told["scopes"]
        if not isinstance(scopes, list) or "openid" not in scopes or not all(isinstance(one, str) for one in scopes):
            raise ValueError("scopes is a list of scopes, with openid")
    if "claims" in told:
        claims = told["claims"]
        if not isinstance(claims, dict) or not claims or not set(claims.values()) <= set(IdentifierType.values):
            raise ValueError(f"claims: the claim with the number, and its kind, of {', '.join(IdentifierType.values)}")
    issuer = told.get("issuer", settings.EID_ISSUER)
    slug = acting_door().the_tenant.slug
    if issuer == settings.EID_ISSUER or slug in settings.SECRETS.get("eid", {}) or not is_for_real(issuer):
        return
    if is_production():
        raise ValueError(
            f"keep the secret of its client first (secrets.json: eid, {slug}); the installation’s own isn’t sent there"
        )


def _provider(told: dict[str, Any]) -> None:
    _parts(told, ("issuer", "client_id", "accepted_acr"))
    if "issuer" in told:
        _address(told["issuer"])
    if "client_id" in told:
        _text(200, 1)(told["client_id"])
    if "accepted_acr" in told:
        levels = told["accepted_acr"]
        if not isinstance(levels, list) or not levels or not all(isinstance(one, str) and one for one in levels):
            raise ValueError("accepted_acr is a list of levels, at least one")


def _staff_oidc(told: dict[str, Any]) -> None:
    _parts(told, ("issuer", "client_id", "claim", "accepted_acr"))
    if told and not {"issuer", "client_id", "claim"} <= set(told):
        raise ValueError("needs issuer, client_id and claim")
    _provider({name: value for name, value in told.items() if name != "claim"})
    if told:
        _text(80, 1)(told["claim"])


def _case_system(told: dict[str, Any]) -> None:
    if told:
        _address(read_case_system(told).address)


def _authorities(told: list[Any]) -> None:
    _each_once(told)
    if other := sorted(set(told) - set(AUTHORITIES)):
        raise ValueError(f"there is no {', '.join(other)}; there are {', '.join(AUTHORITIES)}")


def _grounds(told: list[Any]) -> None:
    _each_once(told)
    if other := sorted(set(told) - set(Ground.values)):
        raise ValueError(f"there is no {', '.join(other)}; there are {', '.join(Ground.values)}")


def _transfer_grounds(told: list[Any]) -> None:
    _each_once(told)
    if not told or set(told) - set(TransferBasis.values):
        raise ValueError(f"at least one of {', '.join(TransferBasis.values)}")


def _federal_statistics(told: dict[str, Any]) -> None:
    _parts(told, ("participant", "type", "ahvn13"))
    if not told:
        return
    if not {"participant", "type"} <= set(told):
        raise ValueError("needs participant and type")
    participant, number = told["participant"], told["type"]
    if not isinstance(participant, str) or len(participant) > 24 or not PARTICIPANT.fullmatch(participant):
        raise ValueError("participant is an id at sedex")
    if type(number) is not int or not 0 <= number <= HIGHEST_FEDERAL:
        raise ValueError(f"type is a number from 0 to {HIGHEST_FEDERAL}")
    if type(told.get("ahvn13", False)) is not bool:
        raise ValueError("ahvn13 is true or false")


def _one_of(*choices: str | int) -> Check:
    def check(told: str | int) -> None:
        if told not in choices:
            raise ValueError(f"one of {', '.join(map(str, choices))}")

    return check


CHECKS: dict[str, Check] = {
    "four_eyes_above": _from_to(0, _MOST_MONEY),
    "advance_four_eyes_above": _from_to(0, _MOST_MONEY),
    "renewal_opens_days_before": _from_to(0, 31),
    "application_forms": _application_forms,
    "services": _services,
    "first_applications": _unit,
    "recently_closed_days": _from_to(0, 3650),
    "staff_named": _either,
    "signature_reminder_days": _from_to(1, 90),
    "signature_days": _from_to(1, 90),
    "hearing_days": _from_to(1, 365),
    "appeal_days": _from_to(1, 60),
    "shared_computer_minutes": _from_to(1, 240),
    "decision_days": _from_to(1, 250),
    "payment_day": _from_to(1, 28),  # every month has it
    "precalculation_day": _from_to(0, 28),
    "precalculation_failures_percent": _from_to(0, 100),
    "payments_held": _text(200),
    "bank_cut_off": _cut_off,
    "bank_lead_days": _from_to(0, 10),
    "bank_folders": _either,
    "bank_profile": _bank_profile,
    "sms_notices": _either,
    "printed_notices": _either,
    "payment_slips": _either,
    "delegation": _text(200, 1),
    "debtor_account": _debtor_account,
    "contact": _contact,
    "repayment_account": _text(60),
    "organisation_number": _organisation_number,
    "eid": _eid,
    "staff_oidc": _staff_oidc,
    "passkey_alone": _either,
    "case_system": _case_system,
    "authorities_asked": _authorities,
    "lefi_actor": _text(40),
    "income_change_percent": _from_to(0, 1000),
    "self_access_level": _from_to(-1, 3),
    "statistics_districts": _districts,
    "federal_statistics": _federal_statistics,
    "representation_grounds": _grounds,
    "case_transfer_grounds": _transfer_grounds,
    "moving_day": _one_of("left", "new"),
    "unverified_deadlines": _either,
    "section_44_months": _one_of(3, 6),
    "canton": _one_of("", *CANTONS),
    "demonstration": _either,
}
