"""Which month's income counts for which month's support, and which change is worth a question.

Support for month M looks at what was paid in M-1 (kontrollmånad). What wasn't paid then but was in M-2
(jämförelsemånad) is shown from there. A change is never more than a warning to a person.
"""

from collections.abc import Collection, Iterable

import msgspec

from handslag.kernel.months import Month
from handslag.rules.se.numbers import Norms

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


class Compared(msgspec.Struct, frozen=True):
    """One benefit in both months, öre (None: no payment).

    `amount`: what the proposal takes, the control month's or else the comparison month's; `from_comparison` says
    which. `changed`: both months have a payment and they differ by more than the threshold.
    """

    name: str
    control: int | None
    comparison: int | None
    amount: int
    from_comparison: bool
    changed: bool


def changed(now: int, then: int, norms: Norms) -> bool:
    """Whether |now - then| / then is more than the threshold, compared without rounding; nothing of 0 is a change."""
    return abs(now - then) * PERCENT > norms.income_change * then


def percent_of_change(now: int, then: int) -> int:
    """The change as people read it: whole per cent, halves away from zero. `then` is above 0."""
    part = (abs(now - then) * PERCENT * 2 + then) // (2 * then)
    return part if now >= then else -part


def compared(control: Iterable[tuple[str, int]], comparison: Iterable[tuple[str, int]], norms: Norms) -> list[Compared]:
    """Every benefit paid in either month, payments of one name added up, in the order in which they come."""
    months: list[dict[str, int]] = []
    names: dict[str, str] = {}
    for payments in (control, comparison):
        sums: dict[str, int] = {}
        for name, amount in payments:
            names.setdefault(identity(name), name.strip())
            sums[identity(name)] = sums.get(identity(name), 0) + amount
        months.append(sums)
    found = []
    for key, name in names.items():
        now, then = months[0].get(key), months[1].get(key)
        both = now is not None and then is not None
        found.append(
            Compared(
                name,
                now,
                then,
                (then or 0) if now is None else now,
                now is None,
                both and changed(now or 0, then or 0, norms),
            )
        )
    return found


def still_missing(last_calculation: Collection[str], fetched: Collection[str]) -> list[str]:
    """Benefits of last month's calculation that no fetched payment has yet: the query is repeated until none is."""
    there = {identity(name) for name in fetched}
    return sorted(name.strip() for name in last_calculation if identity(name) not in there)


def study_support_stopped(month: Month, paid: Collection[Month]) -> bool:
    """For October: study support was paid in June but not in September, so a longer look back is needed."""
    june, september = Month(month.year, JUNE), Month(month.year, SEPTEMBER)
    return month.number == OCTOBER and june in paid and september not in paid
