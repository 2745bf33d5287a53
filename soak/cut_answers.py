"""The answer is cut off between COMMIT and reply."""

from collections import Counter
from collections.abc import Callable
from random import Random

import requests

from soak.chain import Round, once
from soak.stage import Stage, stage

WHAT = (
    "An application is submitted, decided and paid; in one of the three steps (in turn by round) the proxy drops the "
    "connection when the answer begins, and the person tries again: the same receipt, decision, run; nothing twice."
)
ROUNDS = 300
STEPS = ("submit", "decide", "pay")
ROUNDS_PER_OFFICE = 10

setting = stage


def round(setting: Stage, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One cut; findings are what was lost or doubled."""
    office = setting.office(number // ROUNDS_PER_OFFICE)
    cut = STEPS[number % 3]
    round_ = Round(setting, office, office.case(), lambda step, act: None)

    def faulty(step: str, act: Callable[[], requests.Response]) -> requests.Response | None:
        if step != cut:
            return once(act)
        setting.proxy.before_answer = lambda line: True
        answer = once(act)
        setting.proxy.before_answer = None
        if answer is not None or not round_.done(step):
            round_.findings.append(f"{step}: the cut came before COMMIT, or the answer came through")
        counts[f"answers cut off during {step}"] += 1
        return answer

    round_.faulty = faulty
    round_.submit()
    round_.decide()
    round_.pay()
    return round_.settled()
