"""Claim, instant supplement, set-off, loans and payments: §§ 26, 35a, 37, 37a, 43a, 44b, 145 SGB XII."""

from datetime import date
from typing import Any

from handslag.rules.de.need import CHAPTER_4, PERCENT, cents, month_days, no, rounded, said, said_too, under_item
from handslag.rules.de.numbers import TOGETHER, WHOLE, Norms
from handslag.rules.de.rows import NEVER, Period
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, maximum, minimum, used, where

BEGINS_MONTH_END = 2
BEGINS_DEPOSIT = 1


def received_line(person: Any, amount: Whole, chapter: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 27 Abs. 2, § 43 Abs. 1: what others of the household have left."""
    return sheet.line(
        "RECEIVED", -amount,
        of=under_item(person, where(person.adult, "ueberschuss_partner", ""), norm),
        section=where(chapter == CHAPTER_4, norm.section.community4, norm.section.community3),
        text=said("received", norm), numbers=(norm.setting_distribution,), rounding="cent_down", when=amount > 0,
    )  # fmt: skip


def assets_line(person: Any, amount: Whole, divided: Truth, norm: Norms, sheet: Any) -> Whole:
    """§ 90: assets above the allowances; `divided`: among several who need more than there is."""
    return sheet.line(
        "ASSETS", -amount, of=person, section=norm.section.assets, text="assets",
        numbers=(
            used(norm.assets_adult, person.adult), used(norm.assets_child, no(person.adult)),
            used(norm.setting_distribution, divided),
        ),
        rounding=where(divided, "cent_down", ""), when=amount > 0,
    )  # fmt: skip


def presumed_over(person: Any, presumed: Whole, helped: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 39: what is presumed to come from the household and the own need leaves over is nobody's income; Satz 3 Nr. 1:
    of who is pregnant or cares for a child below six and lives with parents it is none at all."""
    return sheet.line(
        "PRESUMED_OVER", helped - presumed, of=under_item(person, "sonstige", norm), section=norm.section.presumed,
        text=where(person.own_child, "presumed_none", "presumed_over"), when=presumed > helped,
    )  # fmt: skip


def moved_out(person: Any, benefit: Whole, used_here: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82 Abs. 1: Kindergeld that the child doesn't need leaves its income."""
    return sheet.line(
        "CHILD_BENEFIT_OVER", used_here - benefit, of=under_item(person, "kindergeld", norm),
        section=norm.section.child_benefit, text="child_benefit_over", when=benefit > used_here,
    )  # fmt: skip


def moved_in(person: Any, amount: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82 Abs. 1: and is income of who receives it."""
    return sheet.line(
        "CHILD_BENEFIT_TO", amount, of=under_item(person, "kindergeld", norm),
        section=norm.section.child_benefit, text="child_benefit_to",
        when=amount > 0,
    )  # fmt: skip


def borne_lines(person: Any, amount: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 32 Abs. 1, § 82 Abs. 2: contributions borne from own income are no need, and no income to use."""
    sheet.line("BORNE", -amount, of=person, section=norm.section.insurance, text="borne", when=amount > 0)
    return sheet.line(
        "CONTRIBUTIONS", -amount, of=person, section=norm.section.insurances, text="contributions", when=amount > 0
    )


@versioned
def further_only(person: Any, chapter: Whole, norm: Norms) -> tuple[Truth, Truth]:
    """In an institution: whether what chapter 3 gives is said to be further subsistence (§ 27b Abs. 2) alone, and
    whether the setting about that is named."""
    return person.institution, person.institution


@further_only.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 27b SGB XII: who isn't under chapter 4 has all subsistence in the institution from chapter 3; further "
    "subsistence there is for adults",
)
def further_only_beside_chapter_4(person: Any, chapter: Whole, norm: Norms) -> tuple[Truth, Truth]:
    """The one beside chapter 4, the other of adults."""
    return person.institution & (chapter == CHAPTER_4), person.institution & person.adult


def claim_lines(
    person: Any,
    chapter: Whole,
    claim_4: Whole,
    claim_3: Whole,
    need: Whole,
    means: Whole,
    received: Whole,
    assets: Whole,
    norm: Norms,
    sheet: Any,
) -> None:
    """§§ 19, 43a: what is left of the need, under each chapter: payers and statistics differ."""
    stands = under_item(person, "nettobedarf", norm)
    further, decided = further_only(person, chapter, norm)
    sheet.line(
        "CLAIM_4", claim_4, of=stands, section=norm.section.claim4, text="claim", when=claim_4 > 0,
        need=need, means=means, others=received + assets,
    )  # fmt: skip
    sheet.line(
        "CLAIM_3", claim_3, of=stands, section=norm.section.claim3,
        text=where(further, "claim_further", "claim"),
        numbers=(used(norm.setting_institution_surplus, decided),), when=claim_3 > 0,
        need=need, means=means, others=received + assets,
    )  # fmt: skip


def one_off_line(person: Any, amount: Whole, chapter: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 31, § 36: one-off needs as far as nothing else covers them."""
    return sheet.line(
        "ONE_OFF", amount, of=person, section=norm.section.one_off,
        text=said_too(where(chapter == CHAPTER_4, "one_off_4", "one_off_3"), norm), when=amount > 0,
    )  # fmt: skip


def supplement(person: Any, supplemented: Truth, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 145: the instant supplement, a line of its own; never taken back for the past."""
    part = person.days < month.month_days
    days = month_days(month, norm)
    amount = norm.supplement_amount
    if norm.setting_supplement_part != WHOLE:
        by_days = minimum(cents(norm.supplement_amount * person.days, days, norm), norm.supplement_amount)
        amount = where(part, by_days, norm.supplement_amount)
    return sheet.line(
        "SUPPLEMENT", amount, of=person, section=norm.section.supplement, text="supplement",
        numbers=(
            norm.supplement_amount,
            used(norm.setting_supplement_part, part),
            used(norm.setting_month_divisor, part & (amount != norm.supplement_amount)),
        ),
        when=supplemented,
    )  # fmt: skip


def arrears_line(person: Any, norm: Norms, sheet: Any) -> Whole:
    """§ 43a Abs. 2: what is still owed for earlier months."""
    return sheet.line(
        "ARREARS",
        person.arrears,
        of=person,
        section=norm.section.arrears,
        text=said("arrears", norm),
        when=person.arrears > 0,
    )


# Set-off, reduction, repayment


def rate_of(debt: Any, own: Whole, days: Whole, norm: Norms) -> Whole:
    """What may be withheld in this month for one debt, before the claim limits it; `own / days`: the own level."""
    one, asked = norm.regelbedarf_1, debt.asked
    reduction = where(debt.reduction, minimum(asked, cents(one * norm.setoff_reduction, PERCENT, norm)), 0)
    runs = debt.month < norm.setoff_undue_months
    undue = where(debt.undue & runs, minimum(asked, cents(one * norm.setoff_undue, PERCENT, norm)), 0)
    runs = debt.month <= norm.setoff_provisional_months
    provisional = where(debt.provisional & runs, cents(own * norm.setoff_provisional, PERCENT * days, norm), 0)
    loan = where(debt.loan, minimum(asked, cents(one * norm.setoff_loan, PERCENT, norm)), 0)
    most = cents(one * norm.setoff_month_end_most, PERCENT, norm)
    instalment = minimum(cents(one * norm.setoff_month_end, PERCENT, norm), maximum(most - debt.paid_back, 0))
    month_end = where(debt.month_end & (debt.month >= BEGINS_MONTH_END), instalment, 0)
    begun = debt.month >= BEGINS_DEPOSIT
    deposit = where(debt.deposit & begun, cents(own * norm.setoff_deposit, PERCENT * days, norm), 0)
    return reduction + minimum(undue + provisional + loan + month_end + deposit, debt.remaining)


@versioned
def orders_share_limit(norm: Norms) -> bool:
    """Whether a person's orders of one kind, to reduce or to set off, have one limit together: no, each its own."""
    return False


@orders_share_limit.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 26 Abs. 1 Satz 2 und Abs. 2 Satz 2 SGB XII: the benefit is reduced by an amount, and set off with a "
    "monthly amount, of up to 30 per cent of level 1, however many orders or claims there are",
)
def orders_share_limit_of_the_month(norm: Norms) -> bool:
    """Yes."""
    return True


def of_kind(debt: Any, rate: Whole, kind: str) -> Whole:
    """The rate of a debt of that kind, else 0."""
    return where(getattr(debt, kind), rate, 0)


def provisional_share_limit(norm: Norms) -> bool:
    """Whether a person's set-offs after provisional decisions have one percentage together."""
    return norm.setting_provisional_together is not None and norm.setting_provisional_together == TOGETHER


def left_of_provisional(debt: Any, rate: Whole, own: Whole, days: Whole, before: Whole, norm: Norms) -> Whole:
    """Of the rate of a set-off after a provisional decision what those named before it leave (`before`: their rates),
    where all of them have one percentage together."""
    most = cents(own * norm.setoff_provisional, PERCENT * days, norm)
    return where(debt.provisional, minimum(rate, maximum(most - before, 0)), rate)


def left_of_limit(debt: Any, rate: Whole, reductions: Whole, undue: Whole, norm: Norms) -> Whole:
    """Of the rate of an order to reduce or to set off what those of its kind named before it leave of the limit
    (`reductions`, `undue`: their rates)."""
    percent = where(debt.reduction, norm.setoff_reduction, norm.setoff_undue)
    most = cents(norm.regelbedarf_1 * percent, PERCENT, norm)
    left = minimum(rate, maximum(most - where(debt.reduction, reductions, undue), 0))
    return where(debt.reduction | debt.undue, left, rate)


def withheld(
    debt: Any,
    asked: Whole,
    rate: Whole,
    before: Whole,
    claim: Whole,
    own: Whole,
    days: Whole,
    first: Whole,
    later: Whole,
    provisional: Whole,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """One debt: its rate, as far as the claim reaches after the debts named before it.

    `asked`: the rate by itself, where others of its kind leave less of their limit. `provisional`: what the person's
    set-offs after provisional decisions ask for in all.
    `own / days`: the person's own level, `first` and `later` where it changes inside the month.
    """
    amount = minimum(rate, maximum(claim - before, 0))
    shares = (rate < asked) is True
    of_own = debt.provisional | debt.deposit
    changes = of_own & (days > 1)
    base = where(of_own, cents(own, days, norm), norm.regelbedarf_1)
    percent = where(
        debt.reduction,
        norm.setoff_reduction,
        where(
            debt.undue,
            norm.setoff_undue,
            where(
                debt.provisional,
                norm.setoff_provisional,
                where(debt.loan, norm.setoff_loan, where(debt.deposit, norm.setoff_deposit, norm.setoff_month_end)),
            ),
        ),
    )
    return sheet.line(
        "DEBT",
        -amount,
        of=debt,
        section=where(
            debt.reduction,
            norm.section.reduction,
            where(
                debt.undue,
                norm.section.undue,
                where(
                    debt.provisional,
                    norm.section.provisional,
                    where(
                        debt.loan, norm.section.loan, where(debt.deposit, norm.section.deposit, norm.section.month_end)
                    ),
                ),
            ),
        ),
        text=where(
            amount == 0,
            "debt_none",
            where(
                debt.month_end,
                said_too("debt_month_end", norm),
                where(
                    of_own,
                    said_too("debt_fixed", norm) + where(changes, " level_of_days", ""),
                    said_too("debt_most", norm),
                ),
            ),
        )
        + (" debt_together" if shares else ""),
        numbers=(
            percent,
            where(of_own, first, norm.regelbedarf_1),
            used(later, changes),
            used(norm.setting_pair_part, changes & debt.of_adult),
            used(norm.setting_birthday, changes & no(debt.of_adult)),
            used(norm.setoff_month_end_most, debt.month_end),
            used(norm.setoff_undue_months, debt.undue),
            used(norm.setoff_provisional_months, debt.provisional),
            used(norm.setting_provisional_together, debt.provisional & (provisional > asked)),
            rounded(where(of_own, own, base) * percent, PERCENT * where(of_own, days, 1), norm),
        ),
        rounding="cent",
        percent=percent,
        base=base,
        **({"left": rate} if shares else {}),
    )


# Who is paid


def asked_for(direct: Any, contributions: Whole, housing: Whole, education: Whole, payment: Whole) -> Whole:
    """The amount of one direct payment, up to the need recognised for it.

    § 32a: all contributions to the fund, where the claim reaches for them; else none.
    """
    need = where(
        direct.fund,
        where(payment >= contributions, contributions, 0),
        where(direct.landlord, housing, where(direct.provider, education, direct.asked)),
    )
    return where(direct.asked == NEVER, need, minimum(need, direct.asked))


def direct_payment(
    direct: Any, asked: Whole, before: Whole, payment: Whole, fund: Whole, norm: Norms, sheet: Any
) -> Whole:
    """§ 43a Abs. 3: one direct payment, as far as the claim reaches after those named before it."""
    amount = minimum(asked, maximum(payment - before, 0))
    return sheet.line(
        "DIRECT", amount, of=direct,
        section=where(
            direct.fund,
            norm.section.direct_fund,
            where(
                direct.landlord,
                norm.section.direct_landlord,
                where(direct.provider, norm.section.direct_education, norm.section.direct_power),
            ),
        ),
        text=where(amount < asked, "direct_less", where(direct.fund & (asked == 0), "direct_none", "direct")),
        asked=asked, contributions=fund,
    )  # fmt: skip


def client_line(person: Any, amount: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 43a Abs. 2: the rest goes to the person."""
    return sheet.line("CLIENT", amount, of=person, section=norm.section.payment, text="client", when=amount > 0)
