"""The household as a community of means (Einsatzgemeinschaft): §§ 27, 32, 43, 82 Abs. 1, 90 SGB XII.

First everybody's own income for the own need; what an adult has left goes to the others; then assets.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from handslag.rules.de.need import CHAPTER_3, CHAPTER_4, add, no
from handslag.rules.de.numbers import FURTHER_NEED, PROPORTIONAL, Norms
from handslag.rules.versions import versioned
from handslag.rules.words import Whole, each, maximum, minimum, spread, total, where


@dataclass(frozen=True, slots=True)
class Needs:
    """For each member, cents: Regelsatz, Mehrbedarfe and housing; education; § 27b Abs. 2; contributions; one-off."""

    base: Any
    education: Any
    further: Any
    contributions: Any
    one_off: Any


@dataclass(frozen=True, slots=True)
class Assets:
    """`own`: of each child above its allowance; `adults` and `all`: of the household above the allowances."""

    own: Any
    adults: Whole
    all: Whole


@dataclass(frozen=True, slots=True)
class Settled:
    """For each member, cents: who bears what, and what is left to be met under which chapter."""

    borne: Any
    child_benefit: Any
    presumed: Any
    moved: Any
    whole: Any
    means: Any
    received: Any
    assets: Any
    divided: Any
    claim_4: Any
    claim_3: Any
    one_off: Any
    supplemented: Any
    left: Whole


def free_assets(person: Any, adults: Whole, norm: Norms) -> Whole:
    """§ 90 Abs. 2 Nr. 9 and its ordinance: for each adult, and a minor alone; for each child maintained."""
    return where(person.adult | (adults == 0), norm.assets_adult, norm.assets_child)


def assets_of(household: Any, norm: Norms) -> Assets:
    """Assets above the allowances of the household, which are taken together; a child's serve the child alone."""
    members = household.members
    adults = spread(members, total(members, each(members, lambda p: where(p.adult, 1, 0))))
    free = each(members, free_assets, norm, along=(adults,))
    over = maximum(total(members, each(members, lambda p: p.assets)) - total(members, free), 0)
    own = each(
        members,
        lambda p, free, over: where(p.adult, 0, minimum(maximum(p.assets - free, 0), over)),
        along=(free, spread(members, over)),
    )
    return Assets(own=own, adults=maximum(over - total(members, own), 0), all=over)


@versioned
def beside_child_benefit(person: Any, left: Whole, assets: Whole, own_assets: Whole, norm: Norms) -> Whole:
    """What could cover a minor's need without its Kindergeld: what adults have left of their income."""
    return where(person.own_child, 0, left)


@beside_child_benefit.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 145 SGB XII: the supplement is also for who has no claim because of Kindergeld alone; where assets "
    "would cover the need without it, there is another reason",
)
def beside_child_benefit_also_assets(person: Any, left: Whole, assets: Whole, own_assets: Whole, norm: Norms) -> Whole:
    """And of their assets above the allowances, and what the minor has left of its own."""
    return where(person.own_child, 0, left + assets) + own_assets


def shared(members: Any, pool: Whole, gaps: Any, norm: Norms) -> Any:
    """What each gets of `pool`: in proportion to what is missing, or equal parts; rounded down, never too much."""
    missing = total(members, gaps)
    given = minimum(pool, missing)
    if norm.setting_distribution == PROPORTIONAL:
        return each(
            members,
            lambda _, gap, given, missing: given * gap // maximum(missing, 1),
            along=(gaps, spread(members, given), spread(members, missing)),
        )
    people = total(members, each(members, lambda _, gap: where(gap > 0, 1, 0), along=(gaps,)))
    return each(
        members,
        lambda _, gap, given, missing, people: where(given == missing, gap, minimum(gap, given // maximum(people, 1))),
        along=(gaps, spread(members, given), spread(members, missing), spread(members, people)),
    )


@versioned
def assets_divided(members: Any, pool: Whole, gaps: Any, norm: Norms) -> Any:
    """For each member whether it was divided how much of the assets is whose: it isn't said."""
    return each(members, lambda p: p.adult & False)


@assets_divided.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 4),
    because="no source says how assets are divided among several: the line names the setting and its rounding",
)
def assets_divided_among_several(members: Any, pool: Whole, gaps: Any, norm: Norms) -> Any:
    """Where several need more than there is."""
    people = spread(members, total(members, each(members, lambda _, gap: where(gap > 0, 1, 0), along=(gaps,))))
    short = spread(members, total(members, gaps) > pool)
    return each(members, lambda _, gap, people, short: (gap > 0) & (people > 1) & short, along=(gaps, people, short))


def settle(
    household: Any,
    chapters: Any,
    needs: Needs,
    usable: Any,
    child_benefits: Any,
    presumed: Any,
    assets: Assets,
    norm: Norms,
) -> Settled:
    """The whole distribution. `usable`: income of each member after allowances, without Kindergeld of children and
    without what is `presumed` to come from the household."""
    members = household.members

    # § 32: contributions are borne from income as far as it goes, the rest is a need
    borne = each(members, lambda _, income, due: minimum(income, due), along=(usable, needs.contributions))
    net = each(members, lambda _, income, borne: income - borne, along=(usable, borne))
    need = each(members, lambda _, base, due, borne: base + due - borne, along=(needs.base, needs.contributions, borne))

    # § 82 Abs. 1: Kindergeld is the child's as far as it needs it, without education; else who receives it has it
    child_benefit = each(
        members,
        lambda _, benefit, need, net: minimum(benefit, maximum(need - net, 0)),
        along=(child_benefits, need, net),
    )
    over = spread(members, total(members, child_benefits) - total(members, child_benefit))
    moved = each(members, lambda p, over: where(p.payee, over, 0), along=(over,))
    more = each(
        members, lambda _, moved, due, borne: minimum(moved, due - borne), along=(moved, needs.contributions, borne)
    )
    borne = each(members, add, along=(borne, more))
    standing = each(
        members, lambda _, need, more, education: need - more + education, along=(need, more, needs.education)
    )
    means = each(
        members,
        lambda _, net, moved, more, benefit: net + moved - more + benefit,
        along=(net, moved, more, child_benefit),
    )

    # own means for the own need; in an institution the case may decide that they go to the cost of care
    whole = each(members, add, along=(standing, needs.further))
    if norm.setting_institution_surplus == FURTHER_NEED:
        applied = means
    else:
        applied = each(
            members,
            lambda p, means, standing: where(p.institution, minimum(means, standing), means),
            along=(means, standing),
        )

    # § 39: then it is presumed that the household covers what is missing for the own need; Satz 3 Nr. 1: not of some
    helped = each(
        members,
        lambda p, presumed, whole, applied: where(p.own_child, 0, minimum(presumed, maximum(whole - applied, 0))),
        along=(presumed, whole, applied),
    )
    means, applied = (each(members, add, along=(own, helped)) for own in (means, applied))
    gaps = each(
        members, lambda p, whole, applied: where(p.claims, maximum(whole - applied, 0), 0), along=(whole, applied)
    )
    own_assets = each(members, lambda _, own, gap: minimum(own, gap), along=(assets.own, gaps))
    gaps = each(members, lambda _, gap, own: gap - own, along=(gaps, own_assets))

    # § 27 Abs. 2, § 43 Abs. 1: what an adult has left, for partner and children; § 19 Abs. 4: not for some
    left = total(
        members,
        each(
            members,
            lambda p, whole, applied: where(p.adult, maximum(applied - whole, 0), 0),
            along=(whole, applied),
        ),
    )
    open_gaps = each(members, lambda p, gap: where(p.own_child, 0, gap), along=(gaps,))
    received = shared(members, left, open_gaps, norm)
    still_left = maximum(left - total(members, open_gaps), 0)
    open_gaps = each(members, lambda _, gap, got: gap - got, along=(open_gaps, received))
    from_assets = each(members, add, along=(shared(members, assets.adults, open_gaps, norm), own_assets))
    assets_left = maximum(assets.adults - total(members, open_gaps), 0)
    divided = assets_divided(members, assets.adults, open_gaps, norm)

    # what is left open, under the chapter of the person; the further need of institutions is always chapter 3
    covered = each(members, add, along=(applied, received, from_assets))
    standing_open = each(
        members,
        lambda p, standing, covered: where(p.claims, maximum(standing - covered, 0), 0),
        along=(standing, covered),
    )
    further_open = each(
        members,
        lambda p, whole, covered, standing: where(p.claims, maximum(whole - covered, 0), 0) - standing,
        along=(whole, covered, standing_open),
    )
    claim_4 = each(
        members,
        lambda _, chapter, open: where(chapter == CHAPTER_4, open, 0),
        along=(chapters, standing_open),
    )
    claim_3 = each(
        members,
        lambda _, chapter, open, further: where(chapter == CHAPTER_3, open, 0) + further,
        along=(chapters, standing_open, further_open),
    )

    # § 31 Abs. 2: one-off needs also of who needs nothing else; later income may count
    pool = still_left * (1 + household.one_off_months) + assets_left
    paid = shared(members, pool, needs.one_off, norm)
    one_off = each(members, lambda _, need, paid: need - paid, along=(needs.one_off, paid))

    # § 145: a minor's claim in chapter 3, or one that only Kindergeld takes away
    others = each(
        members,
        beside_child_benefit,
        norm,
        along=(
            spread(members, still_left),
            spread(members, assets_left),
            each(
                members,
                lambda p, own, used, presumed, helped: own - used + where(p.own_child, 0, presumed - helped),
                along=(assets.own, own_assets, presumed, helped),
            ),
        ),
    )
    supplemented = each(
        members,
        lambda p, chapter, open, benefit, others: (
            no(p.adult) & no(p.institution) & p.claims & (chapter == CHAPTER_3) & ((open > 0) | (benefit > others))
        ),
        along=(chapters, standing_open, child_benefit, others),
    )
    return Settled(
        borne=borne,
        child_benefit=child_benefit,
        presumed=helped,
        moved=moved,
        whole=whole,
        means=means,
        received=received,
        assets=from_assets,
        divided=divided,
        claim_4=claim_4,
        claim_3=claim_3,
        one_off=one_off,
        supplemented=supplemented,
        left=still_left,
    )
