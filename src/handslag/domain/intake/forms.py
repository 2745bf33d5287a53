"""Forms as data: what is asked, under which conditions, in which words, and which evidence is wanted.

A folder holds one folder per form and in it one per version (`se.renewal/1/`): `form.yaml`, a `texts.<language>.yaml`
for each language, and `published.yaml` with the SHA-256 of each of them. What is published never changes: a file that
differs from its digest keeps the form from loading; a version without `published.yaml` isn't there for anybody.
The product's own folder lies beside this file; further ones are named by the setting FORM_FOLDERS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import yaml
from django.conf import settings

from handslag.rules.ch import codes as ch
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.yaml_files import shipped

#: Rows that one list of a form takes; characters of a text, and of the note on a row.
MOST_ROWS, LONGEST_TEXT, LONGEST_NOTE = 60, 4_000, 80
#: The lists that a form can ask for.
LISTS: Final = ("incomes", "costs")
_KINDS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "se": {"incomes": INCOMES, "costs": COSTS},
    "ch": {"incomes": ch.INCOMES, "costs": ch.COSTS},
}
#: Kinds of cost that are the same from month to month, as a rule (practice): those of försörjningsstöd.
RECURRING: Final = frozenset(code for code, cost in COSTS.items() if not cost.special)
#: Names that a screen can't have: they are steps of their own.
STEPS_BESIDE = ("check", "sign", "change", "withdraw", "files")
PUBLISHED = "published.yaml"


class FormError(ValueError):
    """A folder that is no form, or no longer the one that was published; says which file and why."""


class FormMissing(LookupError):
    """There is no such published form."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. `code` is stable over all versions and forms: answers are taken over by it.

    kind      yesno, choice (of `options`), text (`lines` high), amount (öre), day, or rows (a list in `LISTS`,
              which `code` then names)
    required  has to be answered, where `when` holds
    when      code of an earlier question -> the answers (of a list: kinds of line) under which this one is asked for;
              what was answered stands, asked for or not
    only      rows: the kinds of line that it takes; none named: all that people may apply for
    usual     rows: the kinds that stand ready on the office's form
    takes_over  yesno: the lists (`costs`; never what somebody has got) that a yes fills, while nothing stands in them,
              with what recurs of the month before
    """

    code: str
    kind: Literal["yesno", "choice", "text", "amount", "day", "rows"]
    required: bool = False
    when: dict[str, list[str]] = {}
    options: list[str] = []
    lines: int = 1
    longest: int = LONGEST_TEXT
    only: list[str] = []
    usual: list[str] = []
    takes_over: list[Literal["costs"]] = []

    @property
    def field(self) -> str:
        """The name of its field: dots are for the document, dashes for pages."""
        return self.code.replace(".", "-")

    @property
    def part(self) -> str:
        """The part of the answers that it lies in."""
        return self.code.partition(".")[0]

    @property
    def choices(self) -> list[str]:
        """What can be chosen."""
        return ["yes", "no"] if self.kind == "yesno" else self.options

    def answer(self, answers: Mapping[str, Any]) -> Any:
        """What stands in the answers for it; None where nothing does."""
        found: Any = answers
        for name in self.code.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


class Screen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One page of questions; at most one of them is a list. `shows` household: who belongs to it stands on top."""

    code: str
    questions: list[Question]
    shows: Literal["", "household"] = ""

    @property
    def parts(self) -> list[str]:
        """The parts of the answers that this page asks for."""
        return list(dict.fromkeys(question.part for question in self.questions))

    @property
    def rows(self) -> Question | None:
        """Its list."""
        return next((question for question in self.questions if question.kind == "rows"), None)


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that we want to see, where `when` holds."""

    code: str
    when: dict[str, list[str]] = {}


class _Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """form.yaml. `kind`: renewal, supplementary, new, or service (whatever else the office takes applications for)."""

    kind: Literal["renewal", "supplementary", "new", "service"]
    legal_order: str
    language: str
    signing_text: str
    screens: list[Screen]
    evidence: list[Evidence] = []


class ScreenTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{month}` and `{month_before}` stand for the month that is applied for and the one before it."""

    label: str
    title: str
    lead: str = ""


class QuestionTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`missing`: what to do where it wasn't answered. `none`: what stands for a list without lines."""

    label: str
    hint: str = ""
    missing: str = ""
    none: str = ""
    options: dict[str, str] = {}


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """texts.<language>.yaml"""

    title: str
    screens: dict[str, ScreenTexts]
    questions: dict[str, QuestionTexts]
    evidence: dict[str, str] = {}


class Form(msgspec.Struct, frozen=True):
    """A published form. `digests`: file name -> SHA-256 of its bytes."""

    name: str
    version: int
    kind: str
    legal_order: str
    language: str
    signing_text: str
    screens: list[Screen]
    evidence: list[Evidence]
    texts: dict[str, Texts]
    digests: dict[str, str]

    def kinds(self, asked: str) -> Mapping[str, Any]:
        """The kinds of line of a list, by code, in the form's law."""
        return kinds_of(self.legal_order)[asked]

    def lines_taken(self, question: Question) -> list[str]:
        """The kinds of line that an applicant is offered."""
        known = self.kinds(question.code)
        return question.only or [code for code, kind in known.items() if not getattr(kind, "by_caseworker", False)]

    @property
    def questions(self) -> list[Question]:
        """All questions in their order."""
        return [question for screen in self.screens for question in screen.questions]

    def question(self, code: str) -> Question | None:
        """The question with that code."""
        return next((question for question in self.questions if question.code == code), None)

    def screen(self, code: str) -> Screen | None:
        """The page with that code."""
        return next((screen for screen in self.screens if screen.code == code), None)

    def spoken(self, language: str) -> str:
        """The language of this form for a reader of `language`: hers, or the form's own."""
        return language if language in self.texts else self.language

    def words(self, language: str) -> Texts:
        """Its texts for a reader of `language`."""
        return self.texts[self.spoken(language)]

    def texts_digest(self, language: str) -> str:
        """The digest of the texts that a reader of `language` is shown."""
        return self.digests[f"texts.{self.spoken(language)}.yaml"]

    def evidence_wanted(self, answers: Mapping[str, Any]) -> list[str]:
        """The codes of what we want to see with these answers (as typed, or as read)."""
        return [one.code for one in self.evidence if self.holds(one.when, answers)]

    def holds(self, when: Mapping[str, list[str]], answers: Mapping[str, Any]) -> bool:
        """Whether a condition holds for these answers (as typed, or as read)."""
        return all(self._given(code, answers) & set(wanted) for code, wanted in when.items())

    def _given(self, code: str, answers: Mapping[str, Any]) -> set[str]:
        question = self.question(code)
        assert question is not None  # the loader saw to it
        found = question.answer(answers)
        if question.kind == "rows":
            return {str(row.get("code", "")) for row in found or []}
        return {_chosen(found)}


def kinds_of(legal_order: str) -> Mapping[str, Mapping[str, Any]]:
    """The kinds of line that a law knows, by list and code."""
    return _KINDS[legal_order]


def _chosen(value: Any) -> str:
    """An answer that was chosen, as it is typed: yes and no are read as true and false."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value or "")


def forms() -> dict[tuple[str, int], Form]:
    """All published forms of this installation by name and version; FormError for one that is broken."""
    return _loaded((Path(__file__).with_name("forms_published"), *map(Path, settings.FORM_FOLDERS)))


def form_of(name: str, version: int) -> Form:
    """A published form; FormMissing if there is none."""
    try:
        return forms()[name, version]
    except KeyError:
        raise FormMissing(f"{name} {version}") from None


def current(name: str) -> Form:
    """The newest published version of a form: what is opened today."""
    versions = [version for known, version in forms() if known == name]
    return form_of(name, max(versions, default=0))


@cache
def _loaded(folders: tuple[Path, ...]) -> dict[tuple[str, int], Form]:
    found: dict[tuple[str, int], Form] = {}
    for folder in folders:
        for published in sorted(folder.glob(f"*/*/{PUBLISHED}")):
            form = read(published.parent)
            if (form.name, form.version) in found:
                raise FormError(f"{published.parent}: there is a {form.name} {form.version} already")
            found[form.name, form.version] = form
    return found


def read(folder: Path) -> Form:
    """The form of one version's folder; FormError where it is none, or isn't what was published."""
    digests = digests_of(folder)
    pinned = shipped(folder / PUBLISHED) if (folder / PUBLISHED).exists() else digests
    if pinned != digests:
        differs = sorted(name for name in {*pinned, *digests} if pinned.get(name) != digests.get(name))
        raise FormError(f"{folder}: {', '.join(differs)} isn't what was published; make a new version of it")
    try:
        version = int(folder.name)
        given = msgspec.convert(shipped(folder / "form.yaml"), _Definition)
        texts = {
            path.name.split(".")[1]: msgspec.convert(shipped(path), Texts)
            for path in sorted(folder.glob("texts.*.yaml"))
        }
    except (OSError, ValueError, yaml.YAMLError) as error:  # msgspec's errors are ValueErrors
        raise FormError(f"{folder}: {error}") from error
    form = Form(name=folder.parent.name, version=version, texts=texts, digests=digests, **msgspec.structs.asdict(given))
    faults = list(_faults(form))
    if faults:
        raise FormError(f"{folder}: {'; '.join(faults)}")
    return form


def digests_of(folder: Path) -> dict[str, str]:
    """File name -> SHA-256 for the files that make a form."""
    files = [folder / "form.yaml", *sorted(folder.glob("texts.*.yaml"))]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.exists()}


def publish(folder: Path) -> Form:
    """Check a version's folder and pin it; FormError if it is no form, or is published with other content."""
    form = read(folder)
    (folder / PUBLISHED).write_text(yaml.safe_dump(form.digests), encoding="utf-8")
    return form


def _faults(form: Form) -> Iterator[str]:
    """What keeps a folder from being a form, all of it."""
    codes = [question.code for question in form.questions]
    screens = [screen.code for screen in form.screens]
    if form.language not in form.texts:
        yield f"no texts in its own language {form.language}"
    if not 0 < len(screens) <= 3:
        yield "a form has one to three screens, so that checking and signing make five at most"
    yield from (f"{code} stands twice" for many in (codes, screens) for code in {*many} if many.count(code) > 1)
    yield from (f"a screen can't be called {code}" for code in screens if code in STEPS_BESIDE or not code.islower())
    for screen in form.screens:
        if sum(question.kind == "rows" for question in screen.questions) > 1:
            yield f"{screen.code} has more than one list"
    for number, question in enumerate(form.questions):
        if (question.kind == "rows") != (question.code in LISTS):
            yield f"{question.code}: a list is called {' or '.join(LISTS)}, and nothing else is"
        elif question.kind == "rows":
            unknown = {*question.only, *question.usual} - set(form.kinds(question.code))
            yield from (f"{question.code}: {code} is no kind of line" for code in sorted(unknown))
        if question.takes_over and question.kind != "yesno":
            yield f"{question.code}: only a yes takes something over"
        yield from (f"{question.code}: {c} isn't asked later" for c in question.takes_over if c not in codes[number:])
        if question.kind == "choice" and not question.options:
            yield f"{question.code}: nothing to choose from"
        yield from (f"{question.code}: {c} isn't asked before" for c in question.when if c not in codes[:number])
    for one in form.evidence:
        yield from (f"evidence {one.code}: {code} isn't asked" for code in one.when if code not in codes)
    for language, texts in form.texts.items():
        yield from (f"{language}: no text of screen {code}" for code in screens if code not in texts.screens)
        yield from (f"{language}: no text of {one.code}" for one in form.evidence if one.code not in texts.evidence)
        for question in form.questions:
            said = texts.questions.get(question.code)
            if said is None:
                yield f"{language}: no text of {question.code}"
                continue
            if question.required and not said.missing:
                yield f"{language}: {question.code} doesn't say what to do where it is missing"
            yield from (
                f"{language}: {question.code}: no text of {c}" for c in question.choices if c not in said.options
            )


def pinned(form: Form, language: str) -> dict[str, Any]:
    """What a submission says of the form that it was made with."""
    return {
        "form": form.name,
        "form_version": form.version,
        "form_digest": form.digests["form.yaml"],
        "texts_digest": form.texts_digest(language),
    }


class Said(NamedTuple):
    """An answer in words: öre where it is an amount; `typed`: in the applicant's own words."""

    label: str
    value: str | int
    typed: bool


def in_words(question: Question, value: Any, words: Texts) -> Any:
    """An answer as it is read: what was chosen by its name, anything else as it is."""
    if question.kind in ("yesno", "choice"):
        return words.questions[question.code].options.get(_chosen(value), "")
    return value


def described(form: Form, answers: Mapping[str, Any], language: str) -> list[tuple[Screen, list[Said]]]:
    """Each screen with its answers in words; lists are left out."""
    words = form.words(language)
    found = []
    for screen in form.screens:
        said: list[Said] = []
        for question in screen.questions:
            value = in_words(question, question.answer(answers), words)
            if question.kind != "rows" and value not in (None, ""):
                said.append(Said(words.questions[question.code].label, value, question.kind == "text"))
        found.append((screen, said))
    return found
