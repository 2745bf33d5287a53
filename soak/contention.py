"""Several people do the same thing at the same time."""

import threading
from collections import Counter
from collections.abc import Callable
from random import Random

import requests

from handslag.kernel import clock
from soak.chain import Round
from soak.stage import Stage, citizen, staff, stage

WHAT = (
    "Fifty windows come back from the same signature, fifty deciders take the same proposal, fifty payers reserve "
    "and fifty release the same run, all at once: it happens exactly once, everybody is answered, who came late is "
    "told how things stand, and the chain has no gap."
)
ROUNDS = 20
PARALLEL = 50

setting = stage


def round(setting: Stage, number: int, random: Random, counts: Counter[str], parallel: int = PARALLEL) -> list[str]:
    """One application, decision and run, each step by everybody at once."""
    from handslag.domain.decisions.operations import propose
    from handslag.domain.intake.operations import fix_for_signing

    office = setting.office(1000 + number)
    folder = office.case()
    r = Round(setting, office, folder, lambda step, act: None)
    slug = office.slug

    draft = folder.draft()
    fix_for_signing(**office.by(folder.citizens[0]), draft=draft.id, version=draft.version)
    r.draft = draft.id
    person = citizen(setting, office, folder)
    here = f"/{slug}/drafts/{draft.id}/sign/"
    back = r.to_the_eid(person, here)
    answers = _at_once(parallel, lambda n: person.send("GET", back))
    ends = Counter(a.headers.get("Location", str(a.status_code)) for a in answers)
    receipt = f"/{slug}/applications/{draft.id}/"
    if ends != Counter({receipt: 1, here: parallel - 1}):
        r.findings.append(f"submit: {dict(ends)}")
    r.see_receipt(person)

    office.now = clock.now()  # what is calculated lies behind what was sent
    sheet = folder.assessed()
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    r.decision = proposal.id
    decider = staff(setting, office, "bo")
    page = f"/{slug}/decisions/{proposal.id}/"
    answers = _at_once(parallel, lambda n: decider.send("POST", f"{page}decide/", version=str(proposal.version)))
    _one_wins(r, "decide", answers, page, "quicker")

    payers = [staff(setting, office, who) for who in ("ulla", "erik")]
    day = setting.ask("SELECT max(pay_on)::text FROM payments_payment WHERE case_id = %s", folder.case.id)[0][0]
    answers = _at_once(parallel, lambda n: payers[n % 2].send("POST", f"/{slug}/runs/new/", execution_on=day))
    runs = {a.headers["Location"] for a in answers if a.status_code == 302}
    if len(runs) != 1 or any(a.status_code not in (200, 302) for a in answers):
        r.findings.append(f"reserve: {Counter(a.status_code for a in answers)}, runs {runs}")
    page = runs.pop()
    r.run = page.rstrip("/").rpartition("/")[2]
    reserver = setting.ask("SELECT reserved_by_id FROM payments_run WHERE id = %s", r.run)[0][0]
    other = payers[1] if reserver == office.members["ulla"] else payers[0]
    answers = _at_once(parallel, lambda n: other.send("POST", f"{page}release/", version="1"))
    _one_wins(r, "release", answers, page, "quicker")
    counts["requests at once"] += 4 * parallel
    return r.settled()


def _at_once(parallel: int, act: Callable[[int], requests.Response]) -> list[requests.Response]:
    answers: list[requests.Response] = []
    start = threading.Barrier(parallel)

    def one(number: int) -> None:
        start.wait()
        answers.append(act(number))

    threads = [threading.Thread(target=one, args=[n]) for n in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _one_wins(r: Round, step: str, answers: list[requests.Response], page: str, told: str) -> None:
    won = [a for a in answers if a.status_code == 302 and a.headers["Location"] == page]
    lost = [a for a in answers if a.status_code in (200, 409) and told in a.text]
    if len(won) != 1 or len(won) + len(lost) != len(answers):
        odd = Counter(a.status_code for a in answers if a not in won and a not in lost)
        r.findings.append(f"{step}: {len(won)} of {len(answers)} won, {len(lost)} were told, others {dict(odd)}")
