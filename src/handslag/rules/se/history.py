"""What earlier months decide: the job stimulus of an adult, and what a child has earned by work this year.

Both look at results that are in force for each person and month, never at what somebody has stated.
"""

from collections.abc import Collection, Mapping

import msgspec

from handslag.kernel.months import Month
from handslag.rules.se.numbers import history


class Stimulus(msgspec.Struct, frozen=True):
    """The months in which the job stimulus holds for a person (half-open): `since` the month after the six."""

    since: Month
    until: Month


def job_stimulus(supported: Collection[Month], month: Month) -> Stimulus | None:
    """The job stimulus that holds for an adult in `month`, or None.

    `supported`: the months for which this person got försörjningsstöd. Six of them in a row open two years, which
    run whether there is work or support meanwhile (prop. 2012/13:94). After the two years it takes six new months
    in a row, all of them after the end.
    """
    if not supported:
        return None
    qualifying, lasting = (_months(name, month) for name in ("qualifying_months", "months"))
    in_a_row = 0
    at = min(supported)
    while at < month:
        in_a_row = in_a_row + 1 if at in supported else 0
        at += 1
        if in_a_row == qualifying:
            found = Stimulus(at, at + lasting)
            if month < found.until:
                return found
            at, in_a_row = found.until, 0
    return None


def _months(name: str, month: Month) -> int:
    return int(str(history()[f"job_stimulus.{name}"].on(month.since).value))


def earned_before(earned: Mapping[Month, int], month: Month) -> int:
    """Öre that a child earned by work earlier in the calendar year of `month`, from what each month's sheet took in."""
    return sum(amount for m, amount in earned.items() if m.year == month.year and m < month)
