"""Letters are set once, from what the decision fixed; their bytes are kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Letter, PersonalLetter
from handslag.domain.decisions.operations import MARKS, record_letter, refuse_letter
from handslag.domain.decisions.operations.letters import record_personal_letter, refuse_personal_letter
from handslag.domain.documents.operations import StoredFile
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import store_of
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import canonical, clock
from handslag.kernel.ids import uuid7
from handslag.kernel.money import format_money

BY = system("letters")


@tasks.task(name="render_letter", retry=AWAY)
def render_letter(tenant: int, letter: str) -> None:
    """Set a decision's letter as PDF, store it, record it. Done before: does nothing."""
    with acting(tenant, BY, "render_letter"):
        row = Letter.objects.get(id=UUID(letter))
        if row.document_id is not None:
            return
        content, key = row.content, file_key()
    try:
        pdf = port.for_tenant().letter(letter_from(content))
    except port.LetterRefused as refusal:
        refuse_letter(tenant=tenant, by=BY, now=clock.now(), letter=UUID(letter), trouble=str(refusal))
        return
    stored = store_of(tenant, key).write(uuid7(), io.BytesIO(pdf.content))
    file = StoredFile(stored.file_id, stored.digest, stored.size, "application/pdf")
    with suppress(NotPossible):  # another run of this job was first: its letter stands
        record_letter(tenant=tenant, by=BY, now=clock.now(), letter=UUID(letter), file=file)


@tasks.task(name="render_personal_letter", retry=AWAY)
def render_personal_letter(tenant: int, letter: str) -> None:
    """Set a letter to one person as PDF, store it, record it. Done before: does nothing."""
    with acting(tenant, BY, "render_personal_letter"):
        row = PersonalLetter.objects.get(id=UUID(letter))
        if row.document_id is not None:
            return
        content, key = row.content, file_key()
    try:
        pdf = port.for_tenant().letter((letter_from if "sheet" in content else personal_letter_from)(content))
    except port.LetterRefused as refusal:
        why = str(refusal)
        refuse_personal_letter(tenant=tenant, by=BY, now=clock.now(), letter=UUID(letter), trouble=why)
        return
    stored = store_of(tenant, key).write(uuid7(), io.BytesIO(pdf.content))
    file = StoredFile(stored.file_id, stored.digest, stored.size, "application/pdf")
    with suppress(NotPossible):  # another run of this job was first: its letter stands
        record_personal_letter(tenant=tenant, by=BY, now=clock.now(), letter=UUID(letter), file=file)


_WORDS = {
    "sv": {
        "norm": "Riksnorm",
        "NormSum": "Summa riksnorm",
        "costs": "Kostnader utanför riksnormen",
        "ExpenseSum": "Summa kostnader",
        "ceiling": "Bidragstak",
        "AboveCeiling": "Över taket",
        "income": "Inkomster",
        "IncomeSum": "Summa inkomster",
        "granted": "Att få",
        "by_calculation": "Enligt beräkningen ensam",
        "surplus": "Överskott",
        "title": "Beräkning {n}",
        "intro": "Så här har vi räknat, rad för rad, med stöd av lagen. Inkomsterna dras av.",
        "refused": "Det här beviljar vi inte i sin helhet",
        "applied": "söktes",
        "accepted": "godtas",
        "open": "Det här bestämmer inte lagen. Så här har vi gjort:",
        "change": "Vad beslutet ändrar",
        "reasons": "Skäl för beslutet",
        "appeal": "Om du vill överklaga",
        "law": "Lagrum",
        "person": "Beslutet har fattats av en person, inte av en dator.",
        "automated": "Ett automatiserat beslut",
        "pay": "Så betalar du",
        "repayable": "Du kan behöva betala tillbaka",
        "remedy": "Om du tycker att det här är fel",
    },
    "en": {
        "norm": "National norm",
        "NormSum": "National norm in all",
        "costs": "Costs outside the norm",
        "ExpenseSum": "Costs in all",
        "ceiling": "Ceiling",
        "AboveCeiling": "Above the ceiling",
        "income": "Income",
        "IncomeSum": "Income in all",
        "granted": "To receive",
        "by_calculation": "By the calculation alone",
        "surplus": "Surplus",
        "title": "Calculation {n}",
        "intro": "This is how we calculated, line by line, by law. Income is subtracted.",
        "refused": "What we do not grant in full",
        "applied": "applied for",
        "accepted": "accepted",
        "open": "The law doesn't settle this. This is how we did it:",
        "change": "What this decision changes",
        "reasons": "Reasons for the decision",
        "appeal": "If you want to appeal",
        "law": "Legal basis",
        "person": "A person took this decision, not a computer.",
        "automated": "An automated decision",
        "pay": "How to pay",
        "repayable": "You may have to pay this back",
        "remedy": "If you think this is wrong",
    },
    "de": {
        "granted": "Unterstützung",
        "surplus": "Überschuss",
        "title": "Budget {n}",
        "intro": "So haben wir gerechnet, Zeile für Zeile. Einnahmen werden abgezogen.",
        "refused": "Das übernehmen wir nicht oder nicht ganz",
        "applied": "beantragt",
        "accepted": "anerkannt",
        "open": "Das ist weder in Gesetz noch in Verordnung geklärt. So haben wir es gehandhabt:",
        "change": "Was diese Verfügung ändert",
        "reasons": "Begründung",
        "appeal": "Rechtsmittelbelehrung",
        "remedy": "Rechtsmittelbelehrung",
        "pay": "So zahlen Sie",
        "law": "Rechtliche Grundlage",
        "person": "Diese Verfügung hat eine Person getroffen, kein Computer.",
    },
    "fr": {
        "granted": "Aide",
        "surplus": "Excédent",
        "title": "Budget {n}",
        "intro": "Voici notre calcul, ligne par ligne. Les revenus sont déduits.",
        "refused": "Ce que nous ne prenons pas, ou pas entièrement, en charge",
        "applied": "demandés",
        "accepted": "admis",
        "open": "Ni la loi ni l’ordonnance ne règlent ceci. Voici ce que nous avons retenu:",
        "change": "Ce que cette décision modifie",
        "reasons": "Motifs",
        "appeal": "Voies de droit",
        "remedy": "Voies de droit",
        "pay": "Comment payer",
        "law": "Base juridique",
        "person": "Cette décision a été prise par une personne, non par un ordinateur.",
    },
}


#: Parts of the annex: how the codes of their lines begin, their heading, the total that closes them.
_PARTS = (
    (("PERSON", "COMMON"), "norm", "NormSum"),
    (("COST",), "costs", "ExpenseSum"),
    (("CEILING",), "ceiling", "AboveCeiling"),
    (("INCOME",), "income", "IncomeSum"),
)


def _annex(content: dict[str, Any], words: dict[str, str]) -> Iterator[port.SheetLine]:
    """The sheet's lines by part, each part with its heading and sum; the same numbers as on the screen."""
    if "parts" in content:
        yield from _annex_by_parts(content)
        return
    totals = content["totals"]
    sums = {**totals, "ExpenseSum": totals["ExpenseSum"] + totals["SpecialExpenseSum"]}
    told = set()
    for kinds, heading, total in _PARTS:
        lines = [x for x in content["sheet"] if x["code"].partition(".")[0] in kinds]
        told |= {id(x) for x in lines}
        if not lines:
            continue
        yield port.SheetLine(words[heading], None, kind="heading")
        for x in lines:
            name = f"{x['text']}, {x['who']}" if x["who"] else x["text"]
            yield port.SheetLine(name, x["amount"], x["section"], x["explanation"], url=x.get("law_url", ""))
        yield port.SheetLine(words[total], sums[total], kind="sum")
    if len(told) != len(content["sheet"]):
        raise ValueError("a line of the sheet belongs to no part of the annex")


def _annex_by_parts(content: dict[str, Any]) -> Iterator[port.SheetLine]:
    """The same where the law itself says which parts a calculation has, and what comes of them."""
    *parts, last = content["parts"]
    if {place for part in parts for place in part["lines"]} != set(range(len(content["sheet"]))):
        raise ValueError("a line of the sheet belongs to no part of the annex")
    for part in parts:
        yield port.SheetLine(part["heading"], None, kind="heading")
        for x in (content["sheet"][place] for place in part["lines"]):
            text, url = _whose(x["text"], x), x.get("law_url", "")
            yield port.SheetLine(text, x["amount"], x["section"], x["explanation"], url=url)
        text, amount = part["sum"]
        yield port.SheetLine(text, amount, kind="sum")
    yield from (port.SheetLine(text, amount) for text, amount in last["results"][:-1])


def _open(content: dict[str, Any], words: dict[str, str]) -> Iterator[port.SheetLine]:
    """What no source settles and this calculation rests on, said to the person too."""
    if content["uncertain"]:
        yield port.SheetLine(words["open"], None, kind="heading")
        yield from (port.SheetLine(text, None) for text in content["uncertain"])


def _flowing(text: str) -> str:
    """The text with its paragraphs, without the line breaks of its file."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def letter_from(content: dict[str, Any]) -> port.Letter:
    """The letter to set, from the content that the decision fixed."""
    words = _WORDS[content["language"]]
    sections = [port.Section("", _flowing(content["grounds"]))]
    if content.get("change"):  # letters from before there were such decisions have no such part
        sections.insert(0, port.Section(words["change"], "\n\n".join(_flowing(text) for text in content["change"])))
    if content.get("repayable"):  # letters from before there were such conditions have no such part
        sections.append(port.Section(words["repayable"], _flowing(content["repayable"])))
    if content.get("budget"):
        sections.insert(1, port.Section("", content["budget"]))
    if content["refused"]:
        marks = MARKS.get(content["language"], content["language"])
        money = [
            f"{x['text']}: {format_money(x['applied'], content['currency'], marks)} {words['applied']}, "
            f"{format_money(x['accepted'], content['currency'], marks)} {words['accepted']}."
            for x in content["refused"]
        ]
        sections.append(port.Section(words["refused"], " ".join(money)))
    other = content.get("reasons_co")  # letters from before there were such reasons have no such part
    if content["reasons"]:
        whose = f", {content['reasons_of']}" if other else ""
        sections.append(port.Section(words["reasons"] + whose, content["reasons"]))
    if other:
        sections.append(port.Section(f"{words['reasons']}, {other['who']}", other["text"]))
    if content["automated"]:
        sections.append(port.Section(words["automated"], _flowing(content["how_taken"])))
    person = "" if content["automated"] else " " + words["person"]
    sections.append(port.Section(words["law"], f"{content['legal_basis']}.{person}"))
    annex = None if content.get("dismissed") else _calculation(content, words)
    appeal = port.Section(words["appeal"], _flowing(content["appeal"]))
    return replace(
        _letter(content, sections, content["granted"], appeal, annex),
        translations=tuple(_translation(content, told) for told in content.get("help", ())),
    )


def _calculation(content: dict[str, Any], words: dict[str, str]) -> port.Annex:
    result = "granted" if content["granted"] or not content["surplus"] else "surplus"
    return port.Annex(
        title=words["title"].format(n=content["sheet_number"]),
        introduction=words["intro"],
        lines=(
            *_annex(content, words),
            *_alone(content, words),
            port.SheetLine(words[result], content[result], kind="sum"),
            *_open(content, words),
        ),
        data=canonical.dumps(
            {
                "sheet": content["sheet"],
                "totals": content["totals"],
                "granted": content["granted"],
                "digest": content["sheet_digest"],
            }
        ).decode(),
    )


def _alone(content: dict[str, Any], words: dict[str, str]) -> Iterator[port.SheetLine]:
    """What the calculation comes to, where another ground than it decides."""
    if "by_calculation" in content:
        yield port.SheetLine(words["by_calculation"], content["by_calculation"])


def _translation(content: dict[str, Any], told: dict[str, Any]) -> port.Translation:
    """A translation that helps, with the amounts and sections of the sheet."""
    rows = zip(content["sheet"], told["lines"], strict=True)
    result = content["granted"] if content["granted"] or not content["surplus"] else content["surplus"]
    parts = [port.Section("", _flowing(text)) for text in told["about"]]
    if told["appeal"]:
        parts.append(port.Section(told["appeal"]["heading"], _flowing(told["appeal"]["text"])))
    return port.Translation(
        language=told["language"],
        title=told["title"],
        notice=told["notice"],
        heading=told["heading"],
        outcome=told["outcome"],
        parts=tuple(parts),
        columns=tuple(told["columns"]),
        lines=(
            *(
                port.SheetLine(_whose(said["text"], x), _signed(x), x["section"], said["explanation"])
                for x, said in rows
            ),
            *_alone(content, told),
            port.SheetLine(told["result"], result, kind="sum"),
        )
        if not content.get("dismissed")
        else (),
    )


def _signed(line: dict[str, Any]) -> int:
    """The amount of a line as it counts: without the headings of the annex, income has its sign."""
    amount: int = line["amount"]
    return -amount if line["code"].startswith("INCOME.") else amount


def _whose(text: str, line: dict[str, Any]) -> str:
    return f"{text}, {line['who']}" if line["who"] else text


def personal_letter_from(content: dict[str, Any]) -> port.Letter:
    """The letter to one person to set, from the content that its act fixed."""
    words = _WORDS[content["language"]]
    sections = [port.Section(words.get(heading, ""), _flowing(text)) for heading, text in content["parts"]]
    sections.append(port.Section(words["law"], content["legal_basis"] + ". " + words["person"]))
    remedy = port.Section(words["remedy"], _flowing(content["remedy"]))
    translations = tuple(_translation_of_lines(content, told) for told in content.get("help", ()))
    return replace(_letter(content, sections, content["amount"], remedy), translations=translations)


def _translation_of_lines(content: dict[str, Any], told: dict[str, Any]) -> port.Translation:
    """A translation that helps, with the amounts of the letter's own lines."""
    rows = zip(content["lines"], told["lines"], strict=True)
    return port.Translation(
        language=told["language"],
        title=told["title"],
        notice=told["notice"],
        heading=told["heading"],
        outcome=told["outcome"],
        parts=tuple(port.Section(heading, _flowing(text)) for heading, text in told["parts"]),
        columns=tuple(told["columns"]),
        lines=tuple(port.SheetLine(text, x["amount"], content["legal_basis"]) for x, text in rows),
    )


def _letter(
    content: dict[str, Any],
    sections: list[port.Section],
    amount: int,
    remedy: port.Section,
    annex: port.Annex | None = None,
) -> port.Letter:
    """What every letter has: from whom, to whom, of what day, what for, on what it rests, by whom, and what one can do
    about it."""
    return port.Letter(
        organisation=_sender(content),
        recipient=tuple(content["recipient"]),
        reference=content["number"],
        written_on=date.fromisoformat(content["date"]),
        language=content["language"],
        heading=content["heading"],
        outcome=content["outcome"],
        outcome_amount=amount or None,
        paragraphs=tuple(sections),
        lines=tuple(
            port.DecisionLine(line["text"], line["amount"], section=content["legal_basis"]) for line in content["lines"]
        ),
        decided_by=(content["decider"],),
        delegation=content["delegation"],
        appeal=remedy,
        annex=annex,
        currency=content["currency"],
        case_number=content["case"],
    )


def _sender(content: dict[str, Any]) -> port.Organisation:
    said = content["organisation"]
    contact = tuple(filter(None, [said["telephone"]]))
    return port.Organisation(name=said["name"], address=tuple(said["address"]), contact=contact, colour=said["colour"])
