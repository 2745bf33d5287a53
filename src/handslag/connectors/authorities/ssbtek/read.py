"""The answer of SSBTEK, read part by part. Unknown elements are passed over; what is about somebody else, or can't be
read, makes that one authority's answer a failure and leaves the others alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from lxml import etree

from handslag.connectors.authorities.port import AUTHORITIES, Answer, Payment, Question
from handslag.connectors.authorities.ssbtek.safe import Unreadable, all_of, first, local, parsed, text

Read = tuple[list[Payment], list[tuple[str, str]], bool]


def answers_of(body: bytes, question: Question) -> list[Answer]:
    """One answer for each authority asked. Unreadable if the message as a whole says nothing."""
    root = parsed(body)
    fault = next(iter(all_of(root, "hamtaBastjanstInformationFault")), None)
    if fault is not None:
        return failed(question, "SSBT", text(fault, "felkod") or "fault", text(fault, "felmeddelande"))
    if all_of(root, "Fault"):
        return failed(question, "SSBT", "fault", next((one.text or "" for one in all_of(root, "faultstring")), ""))
    answer = first(root, "Body", "hamtaBastjanstInformationResponse")
    data = first(answer, "svarsdata") if answer is not None else None
    if answer is None or data is None:
        raise Unreadable("no answer in it")
    if text(answer, "korrelationsid") != question.key:
        raise Unreadable("answer to another question")
    found: dict[str, Answer] = {}
    for part, reader in _READERS.items():
        if part in question.authorities:
            found[part] = _part(part, first(data, part), question, reader)
    if {"FK", "PM"} & set(question.authorities):
        found |= _insurance(first(data, "FK"), question)
    return [found[one] for one in AUTHORITIES if one in question.authorities]


def reachable(body: bytes) -> list[Answer]:
    """What a ping said of each authority."""
    answer = first(parsed(body), "Body", "testaBastjanstInformationResponse")
    if answer is None:
        raise Unreadable("no answer in it")
    return [
        _error(local(one), wrong) if (wrong := first(one, "error")) is not None else Answer(local(one))
        for one in answer
        if local(one) in AUTHORITIES
    ]


def failed(question: Question, source: str, code: str, message: str = "") -> list[Answer]:
    """The same failure for all authorities asked."""
    return [Answer(one, True, source, code[:40], message[:200]) for one in AUTHORITIES if one in question.authorities]


def _error(authority: str, error: etree._Element) -> Answer:
    said = " ".join((one.text or "").strip() for one in error if local(one) == "felmeddelande")
    source = text(error, "kalla")
    return Answer(
        authority, True, source if source in ("SSBT", "BT") else "SSBT", text(error, "felkod")[:40], said[:200]
    )


def _part(
    authority: str,
    part: etree._Element | None,
    question: Question,
    reader: Callable[[etree._Element, str], Read],
) -> Answer:
    if part is None:
        return Answer(authority, True, "SSBT", "no answer")
    error, data = first(part, "error"), first(part, "data")
    if error is not None:
        return _error(authority, error)
    if data is None:
        return Answer(authority, True, "SSBT", "no answer")
    try:
        payments, facts, secrecy = reader(data, question.person)
    except Unreadable as trouble:
        return Answer(authority, True, "HERE", str(trouble))
    return Answer(authority, payments=tuple(payments), facts=tuple(facts[:60]), secrecy=secrecy)


def _same_person(found: str, person: str) -> None:
    """The answer must be about who was asked for, where it says whom it is about."""
    if found and found not in (person, person[2:]):
        raise Unreadable("about another person")


def _day(value: str) -> date:
    try:
        plain = value.strip()
        return date.fromisoformat(plain if "-" in plain else f"{plain[:4]}-{plain[4:6]}-{plain[6:8]}")
    except ValueError as error:
        raise Unreadable("a day that is none") from error


def _ore(value: str | int | Decimal) -> int:
    """Öre of an amount in kronor; Unreadable for what isn't a whole number of öre below a thousand million."""
    try:
        amount = Decimal(str(value).strip()) * 100
    except ArithmeticError as error:
        raise Unreadable("an amount that is none") from error
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > 10**11:
        raise Unreadable("an amount that is none")
    return int(amount)


def _after(day: str) -> date | None:
    """The day after a last day; None where there is none, also by the last day of the calendar."""
    last = _day(day) if day else date.max
    return None if last == date.max else last + timedelta(days=1)


def _words(value: object, most: int) -> str:
    """Text of at most so many characters that can be kept: ValueError for a NUL, or for half a character."""
    said = str(value)[:most]
    if "\0" in said:
        raise Unreadable("a sign that is none")
    said.encode()
    return said


def _af(data: etree._Element, person: str) -> Read:
    answer = first(data, "Svar")
    if answer is None:
        raise Unreadable("no answer in it")
    _same_person(text(answer, "IdentitetsbeteckningFysiskPerson"), person)
    info = first(answer, "ArbetssokandeInfo")
    names = (
        "Arbetssokande", "ArbetssokandeSKAT", "ArbetssokandeRegistrerad", "ArbetssokandeOmfattning",
        "ArbetssokandeAvaktualiserad",
    )  # fmt: skip
    facts = [(name, text(info, name)) for name in names] if info is not None else []
    if info is not None:
        report = ("AktivetetsRapportDatum",)
        facts.append(("AktivitetsRapport", text(info, *report, "AktivitetsRapportMeddelande")))
        facts.append(("SenasteAktivitetsRapportDatum", text(info, *report, "SenasteAktivitetsRapportDatum")))
    for one in all_of(answer, "Beslut"):
        days = f"{text(one, 'BeslutFrom')} – {text(one, 'BeslutTom')}"
        facts.append((text(one, "ErsattningTyp"), f"{text(one, 'Omfattning')} %, {days}"))
    facts.append(("Akassetillhorighet", text(answer, "Akassetillhorighet")))
    facts.append(("StatusSokandeinformation", text(answer, "StatusSokandeinformationKodText")))
    if text(answer, "StatusSokandeinformationKod") == "502":
        raise Unreadable("technical fault at the authority")
    return [], [(k, v[:200]) for k, v in facts if k and v], text(answer, "Sekretessmarkering") in ("true", "1")


def _csn(data: etree._Element, person: str) -> Read:
    root = parsed(_from_base64(text(data, "svar")))
    if local(root) != "CSNSvar":
        raise Unreadable("no answer in it")
    payments, facts, secrecy = [], [], False
    people = all_of(root, "Person")
    for one in people:
        _same_person(f"{one.get('sekel', '')}{one.get('personnummer', '')}", person)
        secrecy = secrecy or bool((one.get("sekretess") or "").strip())
        for case in all_of(one, "Arende"):
            form, name = text(case, "stodform"), text(case, "klartext")
            facts.append((name or form, text(case, "status")))
            for paid in all_of(case, "Utbetalning"):
                payments += _csn_payment(form, name, paid)
    return payments, [(k, v) for k, v in facts if k and v], secrecy


def _csn_payment(form: str, name: str, paid: etree._Element) -> list[Payment]:
    """A payment, by kind of amount where the kinds add up to it (grant and loan count apart)."""
    day = _day(text(paid, "utbetdatum"))
    planned = not text(paid, "utbetstatus").lower().startswith("utbet")
    total = _ore(text(paid, "totbelopp"))
    kinds = [
        Payment(
            f"{form}.{text(one, 'beloppstyp')}"[:40], f"{name}: {text(one, 'klartext')}"[:120], day,
            _ore(text(one, "totbelopp")), planned=planned,
        )
        for one in all_of(paid, "Belopp")
    ]  # fmt: skip
    if kinds and sum(one.amount for one in kinds) == total:
        return kinds
    return [Payment(form[:40], name[:120], day, total, planned=planned)]


def _skv(data: etree._Element, person: str) -> Read:
    """The tax agency's document as its leaves say it: its form isn't published, so nothing is read into it."""
    root = parsed(text(data, "svar").encode())
    facts = []
    for one in root.iter():
        said = (one.text or "").strip()
        if not len(one) and said:
            if "personnummer" in local(one).lower():
                _same_person(said.replace("-", ""), person)
            else:
                facts.append((local(one)[:60], said[:200]))
    return [], facts, False


def _so(data: etree._Element, person: str) -> Read:
    _same_person(text(data, "IdentificationNumber"), person)
    payments, facts = [], []
    for fund in all_of(data, "Arbetsloshetsersattning"):
        name = text(fund, "SvarandeOrganisation")
        facts.append((name, text(fund, "StatusSvarandeOrganisation")))
        for paid in all_of(fund, "Utbetalningar"):
            since = text(paid, "AvserFrom")
            payments.append(
                Payment(
                    "AKASSA", f"Arbetslöshetsersättning, {name}"[:120], _day(text(paid, "Utbetalningsdatum")),
                    _ore(text(paid, "NettoEfterAvdrag")), _ore(text(paid, "NettoEfterSkatt")),
                    since=_day(since) if since else None, until=_after(text(paid, "AvserTom")),
                )
            )  # fmt: skip
        for stop in all_of(fund, "Avstangningar"):
            facts.append((f"{name}: avstängd", f"{text(stop, 'AvstangdFrom')} – {text(stop, 'AvstangdTom')}"))
    return payments, [(k[:60], v[:200]) for k, v in facts if k and v], False


def _tns(data: etree._Element, person: str) -> Read:
    _same_person(text(data, "identifikation", "sekel") + text(data, "identifikation", "personnummer"), person)
    if text(data, "resultat") != "OK":
        raise Unreadable("the authority reports a fault")
    parts = ("fabrikat", "handelsbeteckning", "fordonsar", "fordonsslag")
    facts = [
        (text(one, "regnr")[:60], " ".join(filter(None, (text(one, part) for part in parts)))[:200])
        for one in all_of(data, "fordon")
    ]
    return [], facts, False


def _miv(data: etree._Element, person: str) -> Read:
    answer = first(data, "response")
    if answer is None:
        return [], [], False
    _same_person(text(answer, "personnummer"), person)
    facts = [(name, text(answer, name)) for name in ("inresedatum", "hemland")]
    for one in all_of(answer, "svar"):
        days = f"{text(one, 'fromDatum')} – {text(one, 'tomDatum')}"
        words = (text(one, "beslutsTypNamn"), text(one, "beslutsdatum"), text(one, "giltighetstid"), days)
        facts.append((text(one, "arendeTypNamn")[:60], ", ".join(filter(None, words))[:200]))
    return [], [(k, v) for k, v in facts if k and v], False


def _insurance(part: etree._Element | None, question: Question) -> dict[str, Answer]:
    """Försäkringskassan and Pensionsmyndigheten answer in one part; each has its own state in it."""
    asked = [one for one in ("FK", "PM") if one in question.authorities]
    error = first(part, "error") if part is not None else None
    if part is None or (error is None and first(part, "data") is None):
        return {one: Answer(one, True, "SSBT", "no answer") for one in asked}
    if error is not None:
        return {one: _error(one, error) for one in asked}
    try:
        raw = json.loads(_from_base64(text(part, "data", "lefiJsonSvar")), parse_float=Decimal)
    except (ValueError, RecursionError) as trouble:
        return {one: _not_read(one, trouble) for one in asked}
    return {one: _one_of_two(one, raw, question.person) for one in asked}


def _not_read(authority: str, trouble: Exception) -> Answer:
    return Answer(authority, True, "HERE", str(trouble) if isinstance(trouble, Unreadable) else "not understood")


def _one_of_two(authority: str, raw: Any, person: str) -> Answer:
    """What one of them says; what can't be read of it leaves the other alone."""
    try:
        return _lefi(authority, raw, person)
    except (ValueError, TypeError, AttributeError, KeyError) as trouble:
        return _not_read(authority, trouble)


def _lefi(authority: str, raw: Any, person: str) -> Answer:
    """One of the two. Payments that came stay even where the authority couldn't deliver all of its groups."""
    states = {one["utlamnare"]["kod"]: one["tillstand"]["kod"] for one in raw.get("utlamnare", [])}
    state = states.get(authority, "")
    if state != "OK":
        return Answer(authority, True, "BT", _words(state or "no answer", 40))
    data = raw.get("formansinformation") or {}
    payments, secrecy = [], False
    for one in data.get("generellPersoninformation", []):
        _same_person(str(one.get("personnummer", "")), person)
        secrecy = secrecy or bool(one.get("skyddad"))
    if authority == "FK":
        for planned, key in ((True, "preliminarautbetalningar"), (False, "utbetalningsuppgift")):
            payments += [_fk_payment(one, planned) for one in data.get(key, [])]
    else:
        for planned, key in ((True, "preliminaraUtbetalningar"), (False, "utbetalningar")):
            payments += [_pm_payment(one, planned) for one in raw.get(key, [])]
    lacking = sorted(
        {
            str(one["formansgrupp"]["kod"])
            for key in ("preliminaraUtbetalningar", "utbetalningar")
            for one in (raw.get("avvikelser") or {}).get(key, [])
            if str(one["formansgrupp"]["kod"]).startswith(authority + ":")
        }
    )
    if lacking:
        which = _words(", ".join(lacking), 200)
        return Answer(authority, True, "BT", "partial", which, tuple(payments), secrecy=secrecy)
    return Answer(authority, payments=tuple(payments), secrecy=secrecy)


def _fk_payment(one: Any, planned: bool) -> Payment:
    family, days = one.get("formansfamilj") or {}, one.get("period") or {}
    kinds = {str((row.get("beloppstyp") or {}).get("id", "")) for row in one.get("utbetalningsdetalj", [])}
    return Payment(
        _words(family.get("id", ""), 20) or "FK",
        _words(family.get("beskrivning", ""), 120) or "Försäkringskassan",
        _day(str(one["datum"])),
        _kronor(one["nettobelopp"]),
        _kronor(one["bruttobelopp"]) if one.get("bruttobelopp") else None,
        planned,
        *_days(days.get("fran"), days.get("till")),
        ", ".join(sorted(kinds & {"INF", "SOC", "KVI", "UMG", "SKV"})),
    )


def _pm_payment(one: Any, planned: bool) -> Payment:
    rows, days = one.get("utbetalningsrader") or [], one.get("utbetalningsperiod") or {}
    groups = {row["formansgrupp"]["kod"]: row["formansgrupp"]["beskrivning"] for row in rows}
    return Payment(
        _words("+".join(sorted(groups)), 20) or "PM",
        _words(", ".join(groups[key] for key in sorted(groups)), 120) or "Pensionsmyndigheten",
        _day(str(one["utbetalningsdatum"])),
        _ore(one["nettobelopp"]),
        _ore(one["bruttobelopp"]) if one.get("bruttobelopp") is not None else None,
        planned,
        *_days(days.get("from"), days.get("tom")),
    )


def _kronor(amount: Any) -> int:
    if amount.get("valuta", "SEK") != "SEK":
        raise Unreadable("another currency")
    return _ore(amount["summa"])


def _days(since: object, last: object) -> tuple[date | None, date | None]:
    """Half-open days; nothing where only a month is named."""
    if not (isinstance(since, str) and isinstance(last, str) and len(since) == len(last) == 10):
        return None, None
    return _day(since), _after(last)


def _from_base64(value: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except ValueError as error:
        raise Unreadable("not base64") from error


_READERS: dict[str, Callable[[etree._Element, str], Read]] = {
    "AF": _af,
    "CSN": _csn,
    "SKV": _skv,
    "SO": _so,
    "TNS": _tns,
    "MIV": _miv,
}
__all__: Sequence[str] = ("answers_of", "failed", "reachable")
