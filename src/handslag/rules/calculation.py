"""What every pack's `calculate` begins and ends with: norms held against the period, and the sheet closed."""

from typing import Any, TypeVar

from handslag.rules import versions
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormError, NormSet
from handslag.rules.sheet import Sheet, Worksheet, uncertain_in

N = TypeVar("N", bound=NormSet)


def holding(facts: Any, norms: N) -> N:
    """The norms with the settings of the facts.

    FactsError when they don't hold for the whole period (then it is to be split), or when a setting doesn't exist.
    """
    if not (norms.on <= facts.since and facts.until <= norms.until):
        told = f"these norms hold from {norms.on} until {norms.until} (that day not counted)"
        part = "calculate each part by itself: say since and until, not the month"
        whole = "a period is a whole month, and no source says which value holds: let them begin with a month"
        raise FactsError([f"since, until: {told}; {whole if norms.WHOLE_MONTHS else part}"])
    try:
        return norms.with_settings(facts.settings)
    except NormError as error:
        raise FactsError([f"settings: {error}"]) from error


def closed(written: Worksheet, facts: Any, norms: NormSet, rules: str, **told: Any) -> Sheet:
    """The sheet of what the rules have written. `rules`: their version; `told`: what the pack says otherwise."""
    totals = written.totals
    granted, surplus = totals.pop("granted"), totals.pop("surplus")
    fields: dict[str, Any] = {
        "pack": norms.PACK,
        "rule_version": versions.named(rules, norms.PACK, norms),
        "norm_digest": norms.digest,
        "since": facts.since,
        "until": facts.until,
        "lines": written.lines,
        "totals": totals,
        "granted": granted,
        "surplus": surplus,
        "uncertain": uncertain_in(written.lines, norms.resolved),
        "has_example": norms.has_example,
    }
    return Sheet(**(fields | told))
