"""When money can move: banking days by country, the bank's cut-off; and whether the bank's file can say a payment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handslag.domain.payments.models import Payment
from handslag.domain.payments.states import Way
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.names import (
    BANK_LETTERS,
    BANK_MESSAGE,
    BANK_NAME,
    SWISS_LETTERS,
    bank_text,
    slip_goes_to,
)
from handslag.domain.people.references import reference_fault
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import setting
from handslag.kernel.days import is_banking_day, working_day_after


def pay_day(month: date, today: date, country: str, day: int) -> date:
    """Support for a month is paid on `day` of the month before, or on the last banking day before that.

    Where that is past, on the first banking day from `today` on.
    """
    wished = (month - timedelta(days=1)).replace(day=min(day, 28))
    while not is_banking_day(wished, country):
        wished -= timedelta(days=1)
    if wished >= today:
        return wished
    while not is_banking_day(today, country):
        today += timedelta(days=1)
    return today


def first_pay_day(now: datetime) -> date:
    """The first day on which a file that is released at `now` can pay: so many banking days after today as the bank
    wants (`bank_lead_days`), after the cut-off (`bank_cut_off`, local time) one later."""
    country, day = acting_door().the_tenant.country, acting_door().the_tenant.today(now)
    if not is_banking_day(day, country) or now >= _cut_off_on(day):
        day = working_day_after(day, 1, country)
    return working_day_after(day, int(setting("bank_lead_days")), country)


def cut_off(execution_on: date) -> datetime:
    """The moment (UTC) until which a file that pays on a banking day must be released."""
    country, day = acting_door().the_tenant.country, execution_on
    for _ in range(int(setting("bank_lead_days"))):
        day -= timedelta(days=1)
        while not is_banking_day(day, country):
            day -= timedelta(days=1)
    return _cut_off_on(day)


def _cut_off_on(day: date) -> datetime:
    local = datetime.combine(day, time.fromisoformat(setting("bank_cut_off")), ZoneInfo(acting_door().the_tenant.zone))
    return local.astimezone(UTC)


def said_to_bank(text: str, longest: int = BANK_MESSAGE) -> bool:
    """Whether a text (cut to so many characters) can be written in the letters that the bank takes: something readable
    is left of it, and no letter is lost."""
    usual = SWISS_LETTERS if acting_door().the_tenant.country == "CH" else BANK_LETTERS
    letters = setting("bank_profile").get("letters", usual)
    return bank_text(letters).plain(text, longest) is not None


def bank_trouble(payment: Payment) -> str:
    """Why the bank's file can't say a payment, for which the bank's writer would refuse the whole file; "" if it can.

    The field and code of a certain fault of the account ("account: check_digit"); "bank name" of a person, "payee
    name" of somebody else; "bank message"; "no slips" where the bank takes none, "no address" for one.
    """
    profile = setting("bank_profile")
    if not said_to_bank(payment.payee_name, profile.get("name_length", BANK_NAME)):
        return "payee name" if payment.direct_id else "bank name"
    message = "" if payment.giro_reference else payment.message
    if message and not said_to_bank(message, profile.get("message_length", BANK_MESSAGE)):
        return "bank message"
    if acting_door().the_tenant.country == "CH":
        return _swiss_trouble(payment)
    if payment.account_kind == Way.SLIP:
        return _slip_trouble(payment)
    faults = account_problems(payment.account_kind, payment.account_number, payment.clearing)
    return next((f"{fault.field}: {fault.code}" for fault in faults if fault.certain), "")


def _swiss_trouble(payment: Payment) -> str:
    """Money goes to an IBAN of Switzerland or Liechtenstein; a QR reference goes to a QR-IBAN, which takes nothing
    else."""
    number = payment.account_number.upper()
    faults = account_problems(payment.account_kind, number, payment.clearing)
    if payment.account_kind != Way.IBAN or number[:2] not in ("CH", "LI") or faults:
        return "iban: check_digit"
    fault = reference_fault(number, payment.giro_reference or "")
    return f"reference: {fault}" if fault else ""


def _slip_trouble(payment: Payment) -> str:
    profile, to = setting("bank_profile"), payment.post_to
    if not profile.get("slips", False):
        return "no slips"
    text = bank_text(profile.get("letters", BANK_LETTERS))
    return "" if to and slip_goes_to(text, to["lines"], to["postcode"], to["city"], to["country"]) else "no address"
