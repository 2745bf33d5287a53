"""What is signed, in the words of the page: nothing is shown that isn't in the document, and all of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from handslag.domain.intake.forms import LISTS, described, form_of, in_words, kinds_of
from handslag.domain.intake.queries import differences
from handslag.domain.people.queries import protected_now
from handslag.rules.ch.codes import RENT
from handslag.rules.packs import pack
from handslag.web.citizen.person import member_facts
from handslag.web.citizen.steps import reading
from handslag.web.ui.formats import money


def code_name(law: str, kind: str, code: str) -> str:
    """What a kind of income or cost of a law is called; nothing for a code that there isn't."""
    found = kinds_of(law)[kind].get(code)
    names = found.name if found else RENT if (law, code) == ("ch", "RENT") else {}
    return names.get(reading()) or names.get(pack(law).LANGUAGE, "")


def _words(value: str | int) -> str:
    return money(value) if isinstance(value, int) else value


def _members(shown: Mapping[str, Any], viewer: UUID) -> tuple[list[dict[str, str]], set[str]]:
    """The household as a page shows it, and who of it is protected today, and so not named."""
    named = {UUID(member["person"]) for member in shown["household"] if member["name"]}
    hidden = {str(key) for key in protected_now(named, viewer)}
    household = [{**m, "name": None, "birth_on": None} if m["person"] in hidden else m for m in shown["household"]]
    return [member_facts(member, viewer) for member in household], hidden


def sections(shown: dict[str, Any], viewer: UUID) -> dict[str, Any]:
    """The document in parts for the template: `members`; `screens`, each with code, label, household (whether it shows
    them), facts (`forms.Said`, amounts in words)
    and a list (kind, rows, sum, none) where it has one; `evidence` that we want to see; names of the `files`; `hidden`:
    which relatives stand in the document who are protected today, and so not here."""
    members, hidden = _members(shown, viewer)
    names = {member["person"]: member["name"] for member in members}
    form, answers = form_of(shown["form"], shown["form_version"]), shown["answers"]
    words = form.words(reading())
    screens = []
    for screen, said in described(form, answers, reading()):
        listed: dict[str, Any] | None = None
        if screen.rows is not None:
            kind = screen.rows.code
            listed = {
                "kind": kind,
                "none": words.questions[kind].none,
                "sum": money(sum(row["amount"] for row in answers[kind])),
                "rows": [
                    {
                        "label": code_name(form.legal_order, kind, row["code"]) or gettext("No kind chosen"),
                        "amount": money(row["amount"]),
                        "person": names.get(row["person"] or "", ""),
                        "note": row["note"],
                    }
                    for row in answers[kind]
                ],
            }
        screens.append(
            {
                "code": screen.code,
                "label": words.screens[screen.code].label,
                "household": screen.shows == "household",
                "facts": [one._replace(value=_words(one.value)) for one in said],
                "list": listed,
            }
        )
    wanted = [words.evidence[code] for code in shown.get("evidence_wanted", [])]
    files = [one["title"] for one in shown.get("attachments", [])]
    return {
        "title": words.title,
        "members": members,
        "screens": screens,
        "evidence": wanted,
        "files": files,
        "hidden": hidden,
    }


@dataclass(frozen=True)
class Told:
    """One thing that a correction changed: what, as it was sent, as it is now; nothing where it wasn't there."""

    label: str
    before: str
    now: str


def told(shown: Mapping[str, Any], before: Mapping[str, Any], viewer: UUID) -> list[Told]:
    """What differs between two documents of one form, in the words of the page."""
    form = form_of(shown["form"], shown["form_version"])
    words = form.words(reading())
    names = {member["person"]: member["name"] for member in _members(shown, viewer)[0]}
    found = []
    for one in differences(shown, before):
        if one.part in LISTS:
            then, now = (" + ".join(_line(row, names) for row in rows) for rows in (one.before, one.now))
            found.append(Told(code_name(form.legal_order, one.part, one.code), then, now))
        elif one.part == "attachments":
            found.append(Told(gettext("Photos and documents"), ", ".join(one.before), ", ".join(one.now)))
        else:
            question = form.question(one.code)
            assert question is not None
            then, now = (_words(in_words(question, value, words) or "") for value in (one.before, one.now))
            found.append(Told(words.questions[one.code].label, then, now))
    return found


def _line(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return " ".join(filter(None, (money(row["amount"]), names.get(row["person"] or "", ""), row["note"])))
