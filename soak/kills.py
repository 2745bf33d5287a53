"""kill -9 of the web server, the worker or the database during submit, decide and pay."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random

import requests

from soak.chain import Round, once
from soak.stage import Stage, forget_connections, stage

WHAT = (
    "One application is submitted, decided and paid by people who try again; in each of the three steps the web "
    "server, the worker or the database (in turn by round) is killed with -9 at a drawn moment and started again. "
    "Every receipt that was shown stands with its digest, everything exactly once, the verifier finds nothing."
)
ROUNDS = 900
VICTIMS = ("web", "worker", "database")
ROUNDS_PER_OFFICE = 10
#: The longest that a request and the jobs it causes take, about: kills are drawn from it.
REQUEST_SECONDS, JOB_SECONDS = 0.15, 0.8

setting = stage


def round(setting: Stage, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """Three kills of one victim; findings are what was lost or doubled."""
    victim = VICTIMS[number % 3]
    office = setting.office(number // ROUNDS_PER_OFFICE)
    round_ = Round(setting, office, office.case(), lambda step, act: None)

    def faulty(step: str, act: Callable[[], requests.Response]) -> requests.Response | None:
        answer = _struck(setting, victim, random, act)
        state = "answered" if answer else "done, not answered" if round_.done(step) else "not done"
        counts[f"{victim} killed during {step}: {state}"] += 1
        return answer

    round_.faulty = faulty
    round_.submit()
    round_.decide()
    round_.pay()
    return [f"{victim}: {finding}" for finding in round_.settled()]


def _struck(
    stage: Stage, victim: str, random: Random, act: Callable[[], requests.Response]
) -> requests.Response | None:
    """Send the request and kill the victim meanwhile (the worker: soon after); start it again."""
    if victim == "worker":
        answer = once(act)
        time.sleep(random.uniform(0, JOB_SECONDS))
        stage.worker.kill()
        stage.worker.start()
        return answer
    answers: list[requests.Response | None] = []
    client = threading.Thread(target=lambda: answers.append(once(act)))
    if victim == "web" and random.random() < 0.25:  # COMMIT is over, and nobody learns of it
        stage.proxy.before_answer = lambda line: stage.web.kill() or True  # type: ignore[func-returns-value]
        client.start()
        client.join()
        stage.proxy.before_answer = None
    else:
        client.start()
        time.sleep(random.uniform(0, REQUEST_SECONDS))
        stage.web.kill() if victim == "web" else stage.kill_database()
        client.join()
    if victim == "web":
        stage.web.start()
    else:
        stage.start_database()
    forget_connections()
    return answers[0]
