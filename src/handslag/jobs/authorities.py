"""Other authorities asked: read what to ask, call, record what came; and again each day while something is missing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from uuid import UUID

from django.conf import settings

from handslag.connectors.authorities import ssbtek
from handslag.connectors.authorities.port import Answer, Question
from handslag.domain.lookups.models import LookUp
from handslag.domain.lookups.operations import NewAnswer, NewLine, ask_authorities, record_answers
from handslag.domain.lookups.queries import authorities_asked, is_answered, open_with_missing
from handslag.domain.people.queries import numbers_of
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock

BY = system("authorities")


@tasks.task(name="fetch_from_authorities", retry=AWAY)
def fetch_from_authorities(tenant: int, look_up: str) -> None:
    """Ask as the look-up says, and record what came. Done before: does nothing."""
    with acting(tenant, BY, "fetch_from_authorities") as door:
        if is_answered(UUID(look_up)):
            return
        asked = LookUp.objects.select_related("case").get(id=UUID(look_up))
        numbers = numbers_of([asked.person_id]).get(asked.person_id, [])
        number = next((one.value for one in numbers if one.type in ("personnummer", "samordningsnummer")), None)
        question = Question(
            key=str(asked.id),
            person=number or "",
            case=asked.case.number,
            organisation_number=_twelve(setting("organisation_number")),
            organisation=door.the_tenant.name,
            asked_by=asked.asked_as,
            since=asked.since,
            until=asked.until,
            authorities=tuple(asked.authorities),
            purpose=asked.purpose,
            legal_basis=asked.legal_basis,
            actor=str(setting("lefi_actor")),
        )
    answers = [_recordable(one) for one in _ask(question)]
    with suppress(NotPossible):  # another run of this job was first: what it recorded stands
        record_answers(tenant=tenant, by=BY, now=clock.now(), look_up=asked.id, answers=answers)


def _ask(question: Question) -> list[Answer]:
    if not settings.SSBTEK:
        return [Answer(one, True, "HERE", "not connected") for one in question.authorities]
    if not question.person:
        return [Answer(one, True, "HERE", "no personal number") for one in question.authorities]
    certificate, key, vouching = settings.SSBTEK_FILES
    config = ssbtek.SsbtekConfig(settings.SSBTEK, certificate=certificate, key=key, authorities_file=vouching)
    return ssbtek.fetch(config, question)


def _recordable(answer: Answer) -> NewAnswer:
    lines = tuple(NewLine(**asdict(one)) for one in answer.payments)
    return NewAnswer(
        answer.authority, answer.failed, answer.source, answer.code, answer.message, answer.secrecy,
        [list(pair) for pair in answer.facts], lines,
    )  # fmt: skip


def _twelve(number: str) -> str:
    """An organisation number with its century digits, as the service wants it."""
    plain = number.replace("-", "")
    return f"16{plain}" if len(plain) == 10 else plain


@tasks.periodic(cron="20 4 * * *")
@tasks.task(name="ask_authorities_again", queueing_lock="ask_authorities_again", retry=AWAY, pass_context=False)
def ask_authorities_again(timestamp: int) -> None:
    """Each day: ask again who hasn't given a whole answer about a month, also where it was decided without, and who
    has yet to say a benefit of the month before, until it is decided."""
    each_tenant("ask_authorities_again", ask_again)


def ask_again(tenant: int | str) -> int:
    """The same for one tenant; gives how many periods were asked about."""
    now = clock.now()
    with acting(tenant, BY, "ask_authorities_again") as door:
        periods = open_with_missing(door.the_tenant.today(now)) if authorities_asked() else []
    for period in periods:
        with suppress(NotPossible):
            ask_authorities(tenant=tenant, by=BY, now=now, period=period)
    return len(periods)
