"""The pages of the development e-ID: plain HTML forms in Swedish and English, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from simulators.eid.issuer import Person

TEXTS: dict[str, dict[str, str]] = {
    "sv": {
        "title": "Utvecklings-e-legitimation",
        "warning": "Bara för utveckling och visning. Här kan vem som helst vara vem som helst.",
        "login": "Logga in",
        "sign": "Skriv under",
        "login_lead": "Tjänsten {client} vill veta vem du är.",
        "sign_lead": (
            "Tjänsten {client} ber dig skriva under det du nyss såg hos den. "
            "Kontrollkod för just det innehållet: {code}"
        ),
        "filter": "Sök bland påhittade personer",
        "filter_button": "Sök",
        "people": "Vem är du?",
        "nobody": "Ingen påhittad person passar. Skriv ett personnummer nedan.",
        "other": "Någon annan",
        "pnr": "Personnummer eller samordningsnummer",
        "pnr_hint": "Tolv siffror, till exempel 19900101-9802. Går före valet i listan.",
        "name": "För- och efternamn",
        "name_hint": "Behövs bara för den som inte finns i listan.",
        "acr": "Certifikat",
        "loa3": "Mjukt certifikat (loa3)",
        "loa4": "Hårt certifikat (loa4)",
        "loa2": "Svag inloggning (loa2)",
        "cancel": "Avbryt",
        "language": "In English",
        "other_language": "en",
        "errors": "Något behöver rättas",
        "pnr_missing": "Välj en person eller skriv ett personnummer.",
        "pnr_form": "Personnumret ska ha tolv siffror: ÅÅÅÅMMDD-NNNN.",
        "pnr_date": "Personnumret har ett datum som inte finns.",
        "pnr_check": "Personnumrets sista siffra stämmer inte med de andra.",
        "name_missing": "Skriv för- och efternamn.",
        "acr_missing": "Välj ett certifikat.",
        "front": "Den här sidan används när en tjänst ber dig logga in. Börja i tjänsten.",
        "wrong": "Det gick inte",
        "wrong_lead": "Tjänsten du kom från bad om något som e-legitimationen inte går med på: {reason}",
    },
    "en": {
        "title": "Development e-ID",
        "warning": "For development and demonstration only. Anybody can be anybody here.",
        "login": "Log in",
        "sign": "Sign",
        "login_lead": "The service {client} wants to know who you are.",
        "sign_lead": (
            "The service {client} asks you to sign what it has just shown you. "
            "Control code for exactly that content: {code}"
        ),
        "filter": "Search the invented people",
        "filter_button": "Search",
        "people": "Who are you?",
        "nobody": "No invented person matches. Write a personal number below.",
        "other": "Somebody else",
        "pnr": "Personal number or coordination number",
        "pnr_hint": "Twelve digits, for example 19900101-9802. Goes before the choice in the list.",
        "name": "First and last name",
        "name_hint": "Only needed for somebody who isn't in the list.",
        "acr": "Certificate",
        "loa3": "Soft certificate (loa3)",
        "loa4": "Hard certificate (loa4)",
        "loa2": "Weak log-in (loa2)",
        "cancel": "Cancel",
        "language": "På svenska",
        "other_language": "sv",
        "errors": "Something needs to be put right",
        "pnr_missing": "Choose a person or write a personal number.",
        "pnr_form": "The personal number has twelve digits: YYYYMMDD-NNNN.",
        "pnr_date": "The personal number has a date that doesn't exist.",
        "pnr_check": "The personal number's last digit doesn't fit the others.",
        "name_missing": "Write first and last name.",
        "acr_missing": "Choose a certificate.",
        "front": "This page is used when a service asks you to log in. Begin in the service.",
        "wrong": "That didn't work",
        "wrong_lead": "The service you came from asked for something that the e-ID doesn't do: {reason}",
    },
}

STYLE = """
:root { color-scheme: light; --ink: #1b1b1b; --line: #595959; --accent: #0b4f6c; --bad: #a3001f; }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: #f4f4f1; }
main { max-width: 38rem; margin: 0 auto; padding: 1rem; background: #fff; min-height: 100vh; }
h1 { font-size: 1.6rem; line-height: 1.2; }
.warning { margin: 0; padding: .5rem 1rem; background: #ffe9a8; font-weight: 600; }
.errors { border: 3px solid var(--bad); padding: .25rem 1rem; }
.fault { color: var(--bad); font-weight: 600; margin: .25rem 0; }
.hint { color: #4a4a4a; margin: .25rem 0; }
fieldset { border: 1px solid var(--line); margin: 1rem 0; padding: .5rem 1rem; min-width: 0; }
legend { font-weight: 600; padding: 0 .25rem; }
label { overflow-wrap: anywhere; }
.number { white-space: nowrap; }
.choice { display: flex; gap: .6rem; align-items: center; min-height: 2.75rem; }
.choice input { width: 1.4rem; height: 1.4rem; flex: none; }
.field { margin: .75rem 0; }
.field label { display: block; font-weight: 600; }
.field input { width: 100%; min-height: 2.75rem; padding: .4rem .6rem; font: inherit;
  border: 2px solid var(--line); }
button { min-height: 2.75rem; padding: .4rem 1.2rem; font: inherit; font-weight: 600; cursor: pointer;
  border: 2px solid var(--accent); background: #fff; color: var(--accent); margin: .25rem .5rem .25rem 0; }
button.main { background: var(--accent); color: #fff; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid #c2410c; outline-offset: 2px; }
"""


def choose(
    people: Sequence[Person],
    request: Mapping[str, str],
    query: Mapping[str, str],
    language: str,
    *,
    form: Mapping[str, str],
    faults: Mapping[str, str],
) -> str:
    """The log-in or signing page. `query` is what the browser came with, `q` in it filters the list;
    `form` and `faults` are what was sent last and what is wrong with it."""
    texts = TEXTS[language]
    signing = "login" in request.get("prompt", "").split()
    heading = texts["sign" if signing else "login"]
    lead = texts["sign_lead" if signing else "login_lead"].format(
        client=request["client_id"], code=request["nonce"][:8]
    )
    carried = {name: value for name, value in query.items() if name not in ("q", "lang")}
    sought = query.get("q", "").casefold().split()
    shown = [
        person
        for person in people
        if all(word in f"{person.name} {person.number} {person.note}".casefold() for word in sought)
    ]
    chosen = form.get("person") or request.get("login_hint", "").replace("-", "")
    action = "/authorize?" + urlencode({**carried, "lang": language})
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {**carried, "lang": language}.items()
    )
    listed = "".join(
        _choice("person", person.number, person.name, person.number == chosen, _written(person.number), person.note)
        for person in shown
    )
    levels = "".join(
        _choice("acr", level, texts[level], form.get("acr", "loa3") == level) for level in ("loa3", "loa4", "loa2")
    )
    return _document(
        language,
        heading,
        f"""<h1>{escape(heading)}</h1>
<p>{escape(lead)}</p>
{_errors(texts, faults)}
<form method="get" action="/authorize" role="search">{hidden}
<div class="field"><label for="q">{escape(texts["filter"])}</label>
<input id="q" name="q" type="search" value="{escape(query.get("q", ""))}"></div>
<button>{escape(texts["filter_button"])}</button></form>
<form method="post" action="{escape(action)}">
<fieldset><legend>{escape(texts["people"])}</legend>
{listed or f"<p>{escape(texts['nobody'])}</p>"}</fieldset>
<fieldset><legend>{escape(texts["other"])}</legend>
{_field(texts, "pnr", form, faults, 'inputmode="numeric"')}
{_field(texts, "name", form, faults, "")}</fieldset>
<fieldset id="acr"><legend>{escape(texts["acr"])}</legend>{_fault(texts, "acr", faults)}{levels}</fieldset>
<button class="main" name="action" value="{"sign" if signing else "login"}">{escape(heading)}</button>
<button name="action" value="cancel">{escape(texts["cancel"])}</button></form>
<p><a href="{escape("/authorize?" + urlencode({**carried, "lang": texts["other_language"]}))}"
 hreflang="{texts["other_language"]}" lang="{texts["other_language"]}">{escape(texts["language"])}</a></p>""",
        fault=bool(faults),
    )


def front(language: str) -> str:
    """What somebody sees who comes without a request."""
    texts = TEXTS[language]
    return _document(language, texts["title"], f"<h1>{escape(texts['title'])}</h1><p>{escape(texts['front'])}</p>")


def wrong(language: str, reason: str) -> str:
    """A request that can't be sent back to its client."""
    texts = TEXTS[language]
    lead = texts["wrong_lead"].format(reason=reason)
    return _document(language, texts["wrong"], f"<h1>{escape(texts['wrong'])}</h1><p>{escape(lead)}</p>")


def _document(language: str, heading: str, body: str, *, fault: bool = False) -> str:
    texts = TEXTS[language]
    title = f"{texts['errors'] + ': ' if fault else ''}{heading} - {texts['title']}"
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/style.css"></head>
<body><header><p class="warning">{escape(texts["warning"])}</p></header><main>
{body}
</main></body></html>
"""


def _errors(texts: Mapping[str, str], faults: Mapping[str, str]) -> str:
    if not faults:
        return ""
    items = "".join(
        f'<li><a href="#{name}">{escape(texts[f"{name}_{fault}"])}</a></li>' for name, fault in faults.items()
    )
    return f'<div class="errors" role="alert"><h2>{escape(texts["errors"])}</h2><ul>{items}</ul></div>'


def _field(texts: Mapping[str, str], name: str, form: Mapping[str, str], faults: Mapping[str, str], extra: str) -> str:
    described = f"{name}-hint {name}-fault" if name in faults else f"{name}-hint"
    invalid = ' aria-invalid="true"' if name in faults else ""
    return (
        f'<div class="field"><label for="{name}">{escape(texts[name])}</label>'
        f'<p class="hint" id="{name}-hint">{escape(texts[f"{name}_hint"])}</p>{_fault(texts, name, faults)}'
        f'<input id="{name}" name="{name}" value="{escape(form.get(name, ""))}" autocomplete="off" '
        f'aria-describedby="{described}"{invalid} {extra}></div>'
    )


def _fault(texts: Mapping[str, str], name: str, faults: Mapping[str, str]) -> str:
    if name not in faults:
        return ""
    return f'<p class="fault" id="{name}-fault">{escape(texts[f"{name}_{faults[name]}"])}</p>'


def _choice(name: str, value: str, label: str, checked: bool, number: str = "", note: str = "") -> str:
    more = f', <span class="number">{escape(number)}</span>' if number else ""
    more += f", {escape(note)}" if note else ""
    mark = " checked" if checked else ""
    identity = f"{name}-{escape(value)}"
    return (
        f'<div class="choice"><input type="radio" id="{identity}" name="{name}" value="{escape(value)}"'
        f'{mark}><label for="{identity}"><bdi>{escape(label)}</bdi>{more}</label></div>'
    )


def _written(number: str) -> str:
    return f"{number[:8]}-{number[8:]}"
