"""Every form of the desk takes what nobody means: never a fault, what was typed stays on the page, and what is wrong is
said in the page's language. Forms are found on the pages of the URL list, so that a new page's join by themselves."""

from __future__ import annotations

import html
import random
import re
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception
from django.test import RequestFactory

from tests.bed import ROOT
from tests.office import open_office, session_of

from .test_isolation import BY_QUERY, MAY, SWISS, address, routes, whole

#: How often a form with fields is sent, drawn evenly and from a fixed seed.
EACH, SEED = 3, 2
EXTREMES = (
    "å" * 20_000, "9" * 5_000, "a\0b", "\0", "\u202eשלום مرحبا", "-1", "-" + "9" * 12, "9" * 20, str(10**40),
    "0001-01-01", "9999-12-31", "2026-02-30", "9999-12", "0000-00", "🙂🏽👩‍👩‍👧", "٣", "1e400", "NaN", "½",
    "<b>\"'&amp;", " ", "\r\n.",
)  # fmt: skip
#: Who sees the pages: a second person of every role, who did nothing yet; and who did most of what there is.
VERA, HANNA = "vera", "hanna"
ROLES = ("decider", "caseworker", "payer", "administrator", "registrar", "reviewer")
TYPED = {"", "text", "date", "month", "number", "email", "tel", "search", "password", "time", "datetime-local"}


@dataclass
class Form:
    """A form as a page shows it to somebody: where it goes, what it sends as it stands, and the fields that are typed
    into, with their type and keyboard."""

    who: str
    page: str
    action: str
    method: str
    sent: dict[str, str]
    typed: dict[str, str]
    buttons: list[tuple[str, str]]

    @property
    def kind(self) -> tuple[Any, ...]:
        """Two of the same kind differ only in what they are about."""
        said = tuple((name, self.sent[name]) for name in ("act", "what", "kind") if name in self.sent)
        names = tuple(sorted({re.sub(r"\d+", "#", name) for name in self.sent}))
        return (re.sub(r"[0-9a-f-]{36}", "?", urlsplit(self.action).path), self.method, names, said)


class Visitor:
    """The two of them at the desk, in this process, in Swedish."""

    def __init__(self, office: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the middleware for static files wants a folder that only builds make
            self.handler = WSGIHandler()
        self.factory = RequestFactory(headers={"host": "desk.localhost"})
        keys = {who: session_of(office, who) for who in (VERA, HANNA)}
        self.cookies = {who: f"session={key}; csrf={'a' * 32}; language=sv" for who, key in keys.items()}

    def __call__(self, who: str, path: str, method: str = "get", fields: dict[str, str] | None = None) -> Any:
        """Open a page, or send a form."""
        sent = {"csrfmiddlewaretoken": "a" * 32, **fields} if method == "post" and fields is not None else fields
        return self.handler.get_response(getattr(self.factory, method)(path, sent, HTTP_COOKIE=self.cookies[who]))


def forms_on(who: str, path: str, text: str) -> Iterator[Form]:
    """The forms of a page that can be sent, without those for logging out and for the language."""
    page = lxml.html.fromstring(text)
    for form in page.iter("form"):
        action = urljoin(path, form.get("action") or path)
        beyond = page.xpath("//button[@form=$id]", id=form.get("id")) if form.get("id") else []
        buttons = [*form.xpath(".//button[not(@type='button')]"), *beyond]
        if not buttons or "log-in/" in action or "language" in action:
            continue
        sent: dict[str, str] = {}
        typed: dict[str, str] = {}
        for field in form.iter("input", "select", "textarea"):
            name, kind = field.get("name"), field.get("type") or ""
            if not name or name == "csrfmiddlewaretoken" or kind in ("submit", "file") or "disabled" in field.attrib:
                continue
            if field.tag == "select":
                options = [(one.get("value") or "", "selected" in one.attrib) for one in field.iter("option")]
                chosen = [value for value, selected in options if selected]
                sent[name] = next(iter([*chosen, *(value for value, _ in options if value)]), "")
            elif kind in ("checkbox", "radio"):
                if "checked" in field.attrib or (kind == "radio" and name not in sent):
                    sent[name] = field.get("value") or "on"
            else:
                sent[name] = (field.text or "") if field.tag == "textarea" else field.get("value") or ""
                if kind in TYPED and "readonly" not in field.attrib:
                    typed[name] = f"{kind} {field.get('inputmode') or ''}"
        named = [(one.get("name"), one.get("value") or "") for one in buttons if one.get("name")]
        yield Form(who, path, action, (form.get("method") or "get").lower(), sent, typed, named)


@pytest.fixture
def office(connect: Any) -> Any:
    """An office of its own, with a second person of every role, and another to write to."""
    office = open_office(connect)
    open_office(connect, "other")
    office.admit(VERA, "Vera Vaksam", *ROLES, clearance=3)
    return office


def found(office: Any, visit: Visitor, own: dict[str, Any]) -> list[Form]:
    """One form of each kind, with who sees it first."""
    kinds: dict[tuple[Any, ...], Form] = {}
    for route in [*routes(), *BY_QUERY.values()]:
        if route in SWISS:
            continue
        path = address(route, own)
        assert path is not None, route
        for who in (VERA, HANNA) if HANNA in MAY[route.partition("?")[0]] else (VERA,):
            here = f"/{office.slug}{path if route else '/'}"
            answer = visit(who, here)
            if answer.status_code == 200 and not answer.streaming and b"<form" in answer.content:
                for form in forms_on(who, here, answer.content.decode()):
                    kinds.setdefault(form.kind, form)
    return list(kinds.values())


def plausible(kind: str, name: str, today: date) -> str:
    """What somebody may well type into a field of that kind."""
    if "date" in kind or name.endswith(("day", "since", "until", "_on")):
        return today.isoformat()
    if "month" in kind or name.endswith("month"):
        return today.isoformat()[:7]
    return "12" if "numeric" in kind or "decimal" in kind else "Ett ord"


def filled(form: Form, draw: random.Random, today: date) -> tuple[dict[str, str], dict[str, str]]:
    """What is sent, and what of it somebody typed that is extreme: into all fields, into one of them, or nothing, where
    it stands in what only the machine writes."""
    sent = form.sent | {name: form.sent[name] or plausible(kind, name, today) for name, kind in form.typed.items()}
    if form.buttons:
        sent |= [draw.choice(form.buttons)]
    names, machine = sorted(form.typed), sorted(set(form.sent) - set(form.typed))
    how = draw.choice(("all", "one", "one", "one", "machine"))
    if not names or (how == "machine" and machine):
        return sent | ({draw.choice(machine): draw.choice(EXTREMES)} if machine else {}), {}
    extreme = {name: draw.choice(EXTREMES) for name in (names if how == "all" else [draw.choice(names)])}
    return sent | extreme, extreme


def squeezed(text: str) -> str:
    """Without its blanks, and without U+0000, which no text can have."""
    return "".join(text.replace("\0", "").split())


def english() -> list[str]:
    """The desk's own texts in English that are others in Swedish and have no places for values."""
    told = []
    for folder in ("caseworker", "entry", "ui"):
        catalogue = (ROOT / f"src/handslag/web/{folder}/locale/sv/LC_MESSAGES/django.po").read_text("utf-8")
        for text, swedish in re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', catalogue, re.M):
            if len(text) > 12 and "%(" not in text and text != swedish:
                told.append(text.replace('\\"', '"'))
    return told


#: Words of any English sentence that stand in no Swedish one.
ENGLISH = re.compile(r"\b(the|is|are|isn.t|can.t|of|and|must|with|than|this|value|expected|invalid)\b", re.I)


def said(page: Any) -> Iterator[str]:
    """What a page says is wrong, in its own words: not what somebody typed, nor what says that it is English."""
    for one in page.xpath("//*[@role='alert']|//*[contains(@class,'ds-validation-message')]"):
        for other in one.xpath(".//*[@lang='en']|.//bdi|.//textarea"):
            other.drop_tree()
        yield " ".join(one.text_content().split())


def test_no_form_of_the_desk_breaks_and_nothing_typed_is_lost(office: Any, connect: Any) -> None:
    own, _folder = whole(connect, office, ("Petra", "Nilsson"), "Läger i juli")
    visit, draw = Visitor(office), random.Random(SEED)
    forms = found(office, visit, own)
    assert len(forms) > 60 and sum(len(form.typed) for form in forms) > 150
    rounds = [form for form in forms for _ in range(EACH if form.typed else 1)]
    draw.shuffle(rounds)
    sources, faults, wrong = english(), [""], []

    def noted(**told: Any) -> None:
        faults.append(traceback.format_exc()[-1_000:])

    got_request_exception.connect(noted)
    for form in rounds:
        sent, extreme = filled(form, draw, office.today)
        answer = visit(form.who, form.action, form.method, sent)
        brief = {name: value[:40] for name, value in sent.items() if value in EXTREMES}
        where = f"{answer.status_code} {form.who} {form.page} -> {form.action} {brief}"
        if answer.status_code >= 500:
            wrong.append(f"{where} {faults[-1]}")
        if form.method == "get" or answer.streaming or answer.status_code in (302, 404) or answer.status_code >= 500:
            continue
        page = lxml.html.fromstring(answer.content.decode())
        standing = {squeezed(text) for text in ["", *page.xpath("//input/@value|//text()")]}
        wrong += [f"lost {name} {where}" for name, value in extreme.items() if squeezed(value) not in standing]
        for told in said(page):
            if ENGLISH.search(told) or any(text in html.unescape(told) for text in sources):
                wrong.append(f"English {where} {told[:300]}")
    assert wrong == []
