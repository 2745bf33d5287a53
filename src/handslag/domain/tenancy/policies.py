"""May it be done now: the refusals that operations share, and the settings of the tenant that they obey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Delegation, Policy
from handslag.domain.tenancy.states import Decides, Role

#: Settings and what holds where a tenant has set nothing. Amounts in minor units, spans in days.
DEFAULTS: dict[str, Any] = {
    "four_eyes_above": 0,  # decisions above this amount need a second pair of eyes
    # advances above this amount (minor units) leave only once a second person who may grant them has confirmed
    "advance_four_eyes_above": 500_000,
    "renewal_opens_days_before": 20,  # the next month can be applied for from this many days before it
    # the form by which each kind of application is made, and the further forms that the office takes applications by
    "application_forms": {"new": "se.new", "renewal": "se.renewal", "supplementary": "se.supplementary"},
    "services": [],
    # the unit that gets first applications made on-line; empty: people apply for the first time with a person
    "first_applications": "",
    "recently_closed_days": 90,  # so long after closing, a case is opened again by a person instead of begun anew
    "staff_named": False,  # who has looked at a file is told to its person by name, not only by unit
    "signature_reminder_days": 3,  # so long after the first adult has signed the second is reminded, once
    "signature_days": 14,  # so long the second adult has to sign; then a person talks to them
    "hearing_days": 14,  # given to answer before a decision on which the adults are to be heard; no law says how many
    "appeal_days": 5,  # working days in which an appeal is to be at the court; the law says "without delay", no number
    "shared_computer_minutes": 5,  # so long without a page somebody stays logged in on a computer that others use too
    "decision_days": 5,  # working days in which a decision is promised
    "payment_day": 27,  # day of the month on which support for the next one is paid
    "payments_held": "",  # why no payment is reserved for now, as after a restore; empty: payments run
    "bank_cut_off": "15:00",  # local time until which the bank takes a file on a day
    "bank_lead_days": 1,  # banking days between the day that the bank takes a file and the day that it pays
    "bank_folders": False,  # payment files and the bank's answers go by folders (HANDSLAG_DATA/bank/<short name>)
    "bank_profile": {},  # switches in which the bank's profile of payment files differs from ours
    "sms_notices": False,  # people without an e-mail address are told by text message
    "printed_notices": False,  # people without either get a printed page, in the day's print batch
    "payment_slips": False,  # people without an account are paid by utbetalningsavi, where the bank's profile can
    # the clause by which deciders decide while the register of delegations is empty; once a row of it is confirmed,
    # only the register says who may decide what
    "delegation": "Delegationsordning 4.2",
    "debtor_account": {"kind": "bankgiro", "number": ""},  # the account that payment files are drawn on
    # whom applicants can ask: hours (when the telephone is answered), units {name of a unit: its telephone}; without
    # units the organisation's own telephone
    "contact": {},
    # where somebody pays back what is claimed from her, as the letter says it (bankgiro 5050-1055)
    "repayment_account": "",
    "organisation_number": "",
    # issuer, client_id, accepted_acr (levels let in) of the citizens' e-ID; empty: the installation's own.
    # name: what it is called on the pages (AGOV); claims {claim: kind of number} and scopes, where not those of Sweden.
    # The client's secret lies outside the database (secrets.json: eid, by the organisation's short name).
    "eid": {},
    # the organisation's own log-in of its staff by OpenID Connect: issuer, client_id, claim (the one that holds the
    # log-in name here; email counts only with email_verified), accepted_acr (levels that count as both factors;
    # without, our own code is asked for as after a password). Empty: there is none. The secret lies in secrets.json:
    # staff_oidc, by short name.
    "staff_oidc": {},
    # a passkey logs staff in by itself (it asks its owner for a finger, a face or a PIN); false: it only stands in for
    # the one-time code, after the password or the organisation's own log-in. No fact file says which is wanted.
    "passkey_alone": True,
    # the case system that works the cases of some units and client groups, this product being its e-service: name,
    # address, units {its unit: ours}, groups (single, couple, children). Its token lies outside the database
    # (secrets.json: case_system, by the organisation's short name). Empty: every case is worked here.
    "case_system": {},
    # codes of the authorities asked about adults of a case (AF, CSN, FK, PM, SKV, SO; TNS and MIV have a legal basis of
    # their own); none: the organisation isn't connected
    "authorities_asked": [],
    "lefi_actor": "",  # the organisation's id at LEFI (Försäkringskassan, Pensionsmyndigheten)
    "income_change_percent": 12,  # a benefit that moved by more from one month to the next is worth a look
    # the day of the month (1 to 28) on which all open cases are calculated for the next month; 0: only when asked for
    "precalculation_day": 0,
    # such a run halts when more than so many per cent of a batch couldn't be calculated
    "precalculation_failures_percent": 20,
    # the highest protection level (0 to 3) of a case that staff may open by themselves with a reason, until midnight;
    # -1: nobody may. Never above their own clearance.
    "self_access_level": 1,
    # in Stockholm, Göteborg and Malmö, the district of a unit for the statistics: {name of a unit: code of two digits}
    "statistics_districts": {},
    # whom a Swiss municipality sends the federal statistics of the month to: participant (id at sedex of the federal
    # office of statistics), type (of the message, 0 to 99999), ahvn13 (whether persons are told by their AHV number;
    # no source says, so not). Empty: nothing is sent.
    "federal_statistics": {},
    # on what somebody may act for another on-line (god_man, forvaltare, fullmakt); empty: nobody may. What each of them
    # lets a representative do with the board is for the municipality to decide: no fact file holds it.
    "representation_grounds": ["god_man", "forvaltare", "fullmakt"],
    # on what grounds a caseworker may hand a case over to another municipality: her consent, and a section of law that
    # she names. Which section carries it was not checked: an organisation that wants consent only says so here.
    "case_transfer_grounds": ["consent", "law"],
    # to which municipality the day of a move between two counts: the one that is "left" (the next day is the new
    # one's), or the "new" one. No source says which. On a first assignment the day of arrival counts.
    "moving_day": "left",
    # whether deadlines between municipality and canton that no official source settles are shown and checked
    "unverified_deadlines": True,
    # by how many months section 44 is settled: 6, as the law has it, or 3. A canton and its municipalities set the same
    "section_44_months": 6,
    # in which canton a Swiss office lies, by its two letters: whose layer of norms and whose remedy hold. Empty:
    # nothing is calculated.
    "canton": "",
    "demonstration": False,  # example norms may be decided on
}


#: What holds in an organisation for training, whatever is set: nothing leaves it, and its payment files are drawn on an
#: example of an account that no bank keeps for it.
IN_TRAINING: dict[str, Any] = {
    "authorities_asked": [],
    "bank_folders": False,
    "case_system": {},
    "debtor_account": {"kind": "bankgiro", "number": "5050-1055"},
}


def examples_bind() -> bool:
    """Whether decisions may rest on example norms: in a demonstration, and where people train, which can never pay."""
    return bool(setting("demonstration")) or acting_door().the_tenant.training


#: Takes a value of a setting and raises ValueError with what is wrong.
Check: TypeAlias = Callable[[Any], None]
_checks: dict[str, Check] = {}


def hand_over(checks: dict[str, Check]) -> None:
    """Take what each setting may be. ValueError unless each has its check."""
    if different := sorted(set(checks) ^ set(DEFAULTS)):
        raise ValueError(f"no setting, or none that is checked: {', '.join(different)}")
    _checks.update(checks)


def require_choice(name: str, value: object) -> None:
    """ValueError, in one line for whoever sets it, unless the setting `name` may be that. Behind the tenant's door."""
    if name not in DEFAULTS:
        raise ValueError(f"{name}: there is no such setting; there are {', '.join(DEFAULTS)}")
    wanted = type(DEFAULTS[name])
    if type(value) is not wanted:
        raise ValueError(f"{name}: is {_TYPES[wanted]}")
    try:
        _checks[name](value)
    except ValueError as wrong:
        said = str(wrong)
        raise ValueError(said if said.startswith(f"{name}: ") else f"{name}: {said}") from None


_TYPES = {bool: "true or false", int: "a whole number", str: "a text", list: "a list", dict: "{name: value, ...}"}


class NotPossible(RuntimeError):
    """It can't be done as things stand. `code` names the reason for the page's text and for tests."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class SentAlready(NotPossible):
    """The same form was sent before, and is done: nothing is done a second time."""

    def __init__(self) -> None:
        super().__init__("sent already")


class NotForThem(NotPossible):
    """It can't be done by this person, somebody else may: noted in the read log as refused, of `subject`."""

    def __init__(self, code: str, subject: UUID, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.subject = subject


class Conflict(RuntimeError):
    """Somebody changed it in between. `theirs` is what stands now, `yours` what was sent; neither is lost."""

    def __init__(self, what: str, theirs: Any = None, yours: Any = None) -> None:
        super().__init__(what)
        self.what = what
        self.theirs = theirs
        self.yours = yours


def setting(name: str) -> Any:
    """The tenant's setting `name`, read once per door."""
    door = acting_door()
    if door.the_tenant.training and name in IN_TRAINING:
        return IN_TRAINING[name]
    found = door.memory.get("policies")
    if found is None:
        found = door.memory["policies"] = dict(Policy.objects.values_list("name", "value"))
    return found.get(name, DEFAULTS[name])


def settings_are(found: dict[str, Any]) -> None:
    """What an operation has read of the tenant's settings along with something else: `setting` needn't ask again."""
    acting_door().memory["policies"] = found


class Staff(Protocol):
    """A member of staff with the roles that she holds today."""

    @property
    def id(self) -> UUID: ...

    @property
    def roles(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Mandate:
    """By what somebody decides: the words that the decision keeps, and the row of the register (none: it is empty);
    where nobody decides, how many months of a case in a row may be decided so."""

    words: str
    delegation: UUID | None
    months: int = 0


#: Where a delegation to nobody says no number of months. No source names one: a choice of the product.
AUTOMATED_MONTHS = 3


def mandate(member: Staff, kind: Decides, amount: int, now: datetime) -> Mandate | None:
    """By what a member of staff may take a decision of this kind and amount (minor units) today; None if she may not.

    The one mechanism for it. As long as no row of the register was ever confirmed, deciders decide by the setting
    `delegation`; from then on only by a row that is in force, to her or to a role of hers, whose limit isn't below it.
    """
    confirmed = _register()
    row = _in_force(confirmed.filter(Q(member_id=member.id) | Q(role__in=member.roles), kind=kind), amount, now)
    if row is not None:
        return Mandate(row.words, row.id)
    if Role.DECIDER in member.roles and not confirmed.exists():
        return Mandate(setting("delegation"), None)
    return None


def automated(amount: int, now: datetime) -> Mandate | None:
    """By what the full grant of an unchanged renewal of this amount (minor units) is decided today without a person;
    None unless two administrators have entered and confirmed that it is."""
    rows = Delegation.objects.filter(confirmed_at__isnull=False, kind=Decides.AUTOMATED)
    row = _in_force(rows, amount, now)
    return Mandate(row.words, row.id, row.months or AUTOMATED_MONTHS) if row is not None else None


def _register() -> QuerySet[Delegation]:
    """What people decide by: the confirmed rows."""
    return Delegation.objects.filter(confirmed_at__isnull=False).exclude(kind=Decides.AUTOMATED)


def _in_force(rows: QuerySet[Delegation], amount: int, now: datetime) -> Delegation | None:
    today = acting_door().the_tenant.today(now)
    rows = rows.filter(Q(until=None) | Q(until__gt=today), Q(most=None) | Q(most__gte=amount), since__lte=today)
    return rows.order_by("-since", "most", "id").first()


def named_by_setting() -> str:
    """What a proposal says of delegation before anybody has decided it: the setting, while the register is empty."""
    return "" if _register().exists() else str(setting("delegation"))


def require_mandate(member: Staff, kind: Decides, amount: int, now: datetime, subject: UUID) -> Mandate:
    """The same, or NotForThem("delegation") about `subject`."""
    found = mandate(member, kind, amount, now)
    if found is None:
        raise NotForThem("delegation", subject)
    return found


#: The comment on the schema of a database that `handslag up --production` has run on; no demonstration comes into it.
PRODUCTION_MARK = "handslag production"


def is_production() -> bool:
    """Whether this database serves real people. Inside either door, or as the owner."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        row = cursor.fetchone()
    return row is not None and row[0] == PRODUCTION_MARK
