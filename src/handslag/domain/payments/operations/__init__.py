"""Every write on the case account and what settles it, one module per noun."""

from handslag.domain.payments.operations.account import (
    BookingReversed,
    CaseBooked,
    IncomeBooked,
    book,
    book_income,
    reverse_booking,
)
from handslag.domain.payments.operations.planning import (
    PaymentsPlanned,
    PaymentUnblocked,
    plan_payments,
    unblock_payment,
)
from handslag.domain.payments.operations.runs import (
    RunFileRefused,
    RunFileWritten,
    RunReleased,
    RunReserved,
    record_run_file,
    refuse_run_file,
    release_run,
    reserve_run,
)

__all__ = [
    "BookingReversed",
    "CaseBooked",
    "IncomeBooked",
    "PaymentUnblocked",
    "PaymentsPlanned",
    "RunFileRefused",
    "RunFileWritten",
    "RunReleased",
    "RunReserved",
    "book",
    "book_income",
    "plan_payments",
    "record_run_file",
    "refuse_run_file",
    "release_run",
    "reserve_run",
    "reverse_booking",
    "unblock_payment",
]
