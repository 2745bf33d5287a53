"""A letter for who reads another language: a translation that helps, beside the text that holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.queries import month_name
from handslag.domain.decisions.states import Outcome
from handslag.domain.documents.queries import TextMissing, help_with, text_for
from handslag.domain.people.models import Person
from handslag.kernel.money import format_money
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.se.refusals import REFUSALS
from handslag.rules.se.text import label
from handslag.rules.sheet import Line
from handslag.rules.sheet import Sheet as Calculation

#: What a translation says by itself, by language; the parts on the law are dated texts.
_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Translation into English, to help you",
        "notice": "This translation is only there to help. The Swedish text holds. Not everything is translated: what "
        "the office itself wrote stands in Swedish. Ask us, and we explain it.",
        "heading": "Decision on financial assistance for {month}",
        Outcome.BIFALL: "You receive {amount} in financial assistance for {month}.",
        Outcome.DELAVSLAG: "You receive {amount} in financial assistance for {month}. Part of the application was not "
        "granted.",
        Outcome.AVSLAG: "You receive no financial assistance for {month}, because the income is enough by the "
        "calculation.",
        "appeal": "If you want to appeal",
        "line": "Line",
        "law": "Section",
        "amount": "Amount",
        "granted": "To receive",
        "by_calculation": "By the calculation alone",
        "surplus": "Surplus",
        "pay": "How to pay",
        "remedy": "If you think this is wrong",
    },
    "ar": {
        "title": "ترجمة إلى العربية للمساعدة",
        "notice": "هذه الترجمة للمساعدة فقط، والنص السويدي هو الساري. لم يُترجم كل شيء: ما كتبه المكتب بنفسه مكتوب "
        "بالسويدية. اسألنا وسنشرح لك.",
        "heading": "قرار بشأن المساعدة المالية لشهر {month}",
        Outcome.BIFALL: "تحصل على {amount} مساعدةً ماليةً لشهر {month}.",
        Outcome.DELAVSLAG: "تحصل على {amount} مساعدةً ماليةً لشهر {month}. ولم تتم الموافقة على جزء من الطلب.",
        Outcome.AVSLAG: "لا تحصل على مساعدة مالية لشهر {month}، لأن الدخل يكفي بحسب الحساب.",
        "appeal": "إذا أردت الطعن في القرار",
        "line": "البند",
        "law": "المادة القانونية",
        "amount": "المبلغ",
        "granted": "المبلغ الذي تحصل عليه",
        "by_calculation": "بحسب الحساب وحده",
        "surplus": "الفائض",
        "pay": "كيفية الدفع",
        "remedy": "إذا كنت ترى أن هذا خاطئ",
    },
}
_MONTHS = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر".split()  # noqa: SIM905
#: Names in Arabic of the lines that no code of costs or income names, by the kind of line.
_ABOVE_OWN_NEED = "ما يزيد من أموال الطفل على احتياجاته الخاصة"
_LINES = {"COMMON": "المصاريف المنزلية المشتركة", "CEILING": "ما يتجاوز سقف الإعانة"}
_PERSON = "المعيار الوطني للمصاريف الشخصية"


def help_for(
    decision: Decision, adults: Sequence[Person], calculation: Calculation, keys: Sequence[str], on: date
) -> list[dict[str, Any]]:
    """For each language of the adults that isn't the letter's, and that there is a translation into: what helps them to
    read it. `keys`: of the dated texts on the decision, the last of them on the appeal. No names stand in it; its lines
    are those of the sheet, in that order."""
    wanted = {person.language for person in adults} - {decision.language}
    return [_help(decision, calculation, keys, on, language) for language in _WORDS if language in wanted]


def help_beside(language: str, person: Person, said: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """`help` of a letter in `language` to one person, where she reads another one and there is a translation into it;
    else nothing. `said`: what the letter says in a language: heading, outcome, lines, parts, remedy. What the office
    itself wrote stands in the letter alone."""
    reads = person.language
    if reads == language or reads not in _WORDS:
        return {}
    words, told = _WORDS[reads], said(reads)
    parts = [*told["parts"], ["remedy", told["remedy"]]]
    one = {
        "language": reads,
        "title": words["title"],
        "notice": words["notice"],
        "heading": told["heading"],
        "outcome": told["outcome"],
        "parts": [[words.get(key, ""), text] for key, text in parts if key != "reasons" and text],
        "columns": [words["line"], words["law"], words["amount"]],
        "lines": [line["text"] for line in told["lines"]],
    }
    return {"help": [one]}


def month_in(day: date, language: str) -> str:
    """The month of a day, in the language of a letter or of a translation."""
    return f"{_MONTHS[day.month - 1]} {day.year}" if language == "ar" else month_name(day, language)


def apart(text: str, language: str) -> str:
    """A number or day within a text of that language, so that it keeps its order where the text runs right to left."""
    return f"\u2066{text}\u2069" if language == "ar" else text


def money_in(amount: int, currency: str, language: str) -> str:
    """An amount in the language of a letter; in translations as in English, left to right. Those in de and fr are
    Swiss."""
    return format_money(amount, currency, {"sv": "sv", "de": "de-CH", "fr": "de-CH"}.get(language, "en"))


def _help(decision: Decision, calculation: Calculation, keys: Sequence[str], on: date, language: str) -> dict[str, Any]:
    words = _WORDS[language]
    month = month_in(decision.period.since, language)
    amount = money_in(decision.amount, decision.currency, language)
    other = next((one for one in REFUSALS if one.code == decision.refused_on), None)
    *about, appeal = (text_or_help(decision.case.legal_order, key, language, on) for key in keys)
    return {
        "language": language,
        "title": words["title"],
        "notice": words["notice"],
        "heading": words["heading"].format(month=month),
        "outcome": (other.letter[language] if other else words[decision.outcome]).format(month=month, amount=amount),
        "about": [text for text in about if text],
        "appeal": {"heading": words["appeal"], "text": appeal} if appeal else None,
        "columns": [words["line"], words["law"], words["amount"]],
        "lines": [
            {"text": line_name(line, language), "explanation": _explained(calculation, line, language)}
            for line in calculation.lines
        ],
        **({"by_calculation": words["by_calculation"]} if other else {}),
        "result": words["granted" if other or calculation.granted or not calculation.surplus else "surplus"],
    }


def text_or_help(legal_order: str, key: str, language: str, on: date) -> str:
    """A dated text in that language, or its translation; "" where there is none."""
    try:
        return text_for(legal_order, key, language, on).body
    except TextMissing:
        found = help_with(legal_order, key, language, on)
        return found.body if found else ""


def line_name(line: Line, language: str) -> str:
    """What a line of the sheet is called in the language of a translation."""
    if language != "ar":
        return label(line, language)
    kind, _dot, code = line.code.partition(".")
    if kind == "COST":
        return COSTS[code].name[language]
    if kind == "INCOME":
        return INCOMES[code].name[language] if code in INCOMES else _ABOVE_OWN_NEED
    return _LINES.get(kind, _PERSON)


def _explained(calculation: Calculation, line: Line, language: str) -> str:
    return "" if language == "ar" else calculation.explain(line, language)
