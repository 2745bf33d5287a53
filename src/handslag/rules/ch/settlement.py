"""What the canton of Zurich reimburses municipalities by settlement."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.rules.ch.payers import PAYERS, later
from handslag.rules.ch.payers import SECTION_44 as KSA_OES
from handslag.rules.norms import load
from handslag.rules.settlement import Regime

_FILE: Final = Path(__file__).with_name("settlement.yaml")
_RATES: Final = {norm.name: norm for norm in load(_FILE.read_text(encoding="utf-8"), _FILE.name)}
_PAYER: Final = "KSA-AK"

#: § 10 AfV: quarterly, 30 days after the quarter. [assumed] Which of the case account's codes are health costs.
ASYLUM: Final = Regime(
    code="asylum",
    law="§ 10 AfV ZH",
    payer=_PAYER,
    currency="CHF",
    months=3,
    due_days=30,
    statuses=tuple(status for status, payer in PAYERS.items() if payer.code == _PAYER),
    rate=_RATES["asylum.day"],
    years={status: payer.years for status, payer in PAYERS.items() if payer.code == _PAYER and payer.years},
    accounts=("KVG_PREMIUM", "KVG_DEDUCTIBLE", "KVG_COPAY", "DENTAL", "MEDICAL_OTHER"),
    later=later,
)
#: What a decision grants is booked on this account.
SUPPORT: Final = "forsorjningsstod"
#: § 44 SHG, § 34 SHV: effective net cost, half-yearly (a setting shortens it to quarters), 30 days after the period.
#: [assumed] All codes of the case account count: what stands on them was decided as support.
SECTION_44: Final = Regime(
    code="section 44",
    law="§ 44 SHG ZH",
    payer=KSA_OES,
    currency="CHF",
    months=6,
    due_days=30,
    statuses=(),
    rate=None,
    years={},
    accounts=(SUPPORT, *COSTS),
    later=later,
    incomes=tuple(INCOMES),
)
REGIMES: Final = {regime.code: regime for regime in (ASYLUM, SECTION_44)}
