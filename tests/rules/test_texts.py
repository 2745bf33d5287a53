"""Words of the sheets: every text in every language that its pack speaks, with the same places to fill."""

import re
from pathlib import Path
from string import Formatter

import pytest

from handslag.rules.case_files import worked_cases
from handslag.rules.norms import load
from handslag.rules.packs import names, pack
from handslag.rules.sheet import Line, _wording, explain, languages
from handslag.rules.text import Shown, Wording


def places(text: str) -> list[str]:
    """What a text leaves open, by name or position; not by which words a number is said."""
    found = [(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None]
    return sorted(f"{name}:{'' if '|' in spec else spec}" for name, spec in found)


def test_a_number_is_said_in_words_for_none_one_and_more() -> None:
    said = [f"{Shown(n):# month|# months}{Shown(n):|, # km|, # kms}" for n in (0, 1, 2, 31)]
    assert said == ["0 months", "1 month, 1 km", "2 months, 2 kms", "31 months, 31 kms"]


@pytest.mark.parametrize("pack", names())
def test_every_text_is_there_in_every_language_with_the_same_places(pack: str) -> None:
    wording: Wording = _wording(pack).WORDING
    assert wording.languages == languages(pack)
    for key, text in wording.texts.items():
        for lang in wording.languages:
            assert text[lang].strip(), (key, lang)
            assert places(text[lang]) == places(text[wording.languages[0]]), (key, lang)


@pytest.mark.parametrize("name", names())
def test_what_pages_and_sheets_say_of_a_norm_is_there_in_every_language(name: str) -> None:
    """What a municipality sets, and the choices and doubts of every norm. The label of another norm stands in the
    reference alone, in the law's language and in English: no line of a sheet carries it."""
    law = pack(name)
    folder = Path(law.__file__).parent  # type: ignore[attr-defined]
    for one in law.LOCAL.values():
        assert set(languages(name)) <= set(one.label)
    for path in sorted(folder.rglob("norms/*.yaml")):
        for norm in load(path.read_text(encoding="utf-8"), path.name):
            assert {law.LANGUAGE, "en"} <= set(norm.label), norm.name
            for words in (*norm.choices.values(), *([norm.uncertain] if norm.uncertain else [])):
                assert set(languages(name)) <= set(words), norm.name


def test_an_order_is_named_once() -> None:
    said = []
    for order in ("Bescheid vom 3. Februar", "bescheid 7", "B 1", "Bescheid", "Bescheide 1 und 2", "Décision (1)"):
        line = Line("DEBT", "p", 0, "§", [], "", None, "debt_none", {"order": order})
        said.append([explain(line, lang, "de").partition(":")[0] for lang in ("de", "fr")])
    assert said == [
        ["Bescheid vom 3. Februar", "Décision Bescheid vom 3. Februar"],
        ["Bescheid 7", "Décision bescheid 7"],
        ["Bescheid B 1", "Décision B 1"],
        ["Bescheid", "Décision Bescheid"],
        ["Bescheid Bescheide 1 und 2", "Décision Bescheide 1 und 2"],
        ["Bescheid Décision (1)", "Décision (1)"],
    ]


#: What ends in a full stop without ending a sentence.
SHORT = ("kap", "Abs", "Art", "Nr", "Ziff", "al", "ch", "ref", "p")


@pytest.mark.parametrize("pack", names())
def test_each_line_of_every_case_is_explained_in_one_sentence(pack: str) -> None:
    """A full stop, a question or an exclamation mark stands at its end alone; what a person wrote stands as it is."""
    for name, case in worked_cases(pack):
        sheet = case.calculate()
        for line in sheet.lines:
            for lang in languages(pack):
                said = sheet.explain(line, lang)
                for own in filter(None, (line.params.get(name) for name in ("note", "order", "name"))):
                    said = said.replace(f" ({own})", "").replace(str(own), "X")
                ends = [
                    end.start()
                    for end in re.finditer(r"[.!?](?=\s|$)", said)
                    if not re.search(rf"\b({'|'.join(SHORT)})$", said[: end.start()])
                ]
                assert ends == [len(said) - 1], (name, lang, said)
                assert said[0].isupper() or not said[0].isalpha(), (name, lang, said)
                assert not re.search(r"[;,:]\s*[;,.]|[.]{2}|\s\s", said), (name, lang, said)


@pytest.mark.parametrize("pack", names())
def test_what_is_counted_agrees_with_no_verb(pack: str) -> None:
    """One share, day or meal reads as well as several do."""
    wording: Wording = _wording(pack).WORDING
    counted, verb = (
        r"\{(?:days|heads|units|members)\}(?!/)",
        r"\b(?:counts?|comptent|zählen|gehören|belong|font|sind)\b",
    )
    for key, text in wording.texts.items():
        for lang in ("de", "fr", "en"):
            assert not re.search(rf"{counted}[^;:,.]*{verb}|{verb}[^;:,.]*{counted}", text[lang]), (key, lang)
