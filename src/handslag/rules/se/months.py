"""Which month's income counts for which month's support, and which change is worth a question.

Support for month M looks at what was paid in M-1 (kontrollmånad). What wasn't paid then but was in M-2
(jämförelsemånad) is said to the caseworker, with its amount. There are offices that let it count; here it does only if
she enters it. A change is never more than a warning to a person.
"""

from collections.abc import Collection
from decimal import Decimal

from handslag.kernel.months import Month

PERCENT = 100
OCTOBER, JUNE, SEPTEMBER = 10, 6, 9


def control_month(month: Month) -> Month:
    """The month whose payments are the income of `month`."""
    return month - 1


def comparison_month(month: Month) -> Month:
    """The month that the control month is compared with."""
    return month - 2


def identity(name: str) -> str:
    """What makes two benefits the same: the name without outer blanks, in lower case."""
    return name.strip().lower()


def changed(now: int, then: int, percent: int | Decimal) -> bool:
    """Whether |now - then| / |then| is more than so many per cent, compared without rounding; of 0 all is a change."""
    return abs(now - then) * PERCENT > percent * abs(then)


def still_missing(last_calculation: Collection[str], fetched: Collection[str]) -> list[str]:
    """Benefits of last month's calculation that no fetched payment has yet: the query is repeated until none is."""
    there = {identity(name) for name in fetched}
    return sorted(name.strip() for name in last_calculation if identity(name) not in there)


def study_support_stopped(month: Month, paid: Collection[Month]) -> bool:
    """For October: study support was paid in June but not in September, so a longer look back is needed."""
    june, september = Month(month.year, JUNE), Month(month.year, SEPTEMBER)
    return month.number == OCTOBER and june in paid and september not in paid
