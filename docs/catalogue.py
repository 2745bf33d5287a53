"""The catalogue of messages for the engineer of another system, in English and German: from the READMEs, schemas and
examples that the product is built and tested from."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec

from handslag.rules.yaml_files import shipped

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / "src/handslag/messages"
HTTPS = ROOT / "src/handslag/connectors/exchange/https"
SEDEX = ROOT / "src/handslag/connectors/exchange/sedex"
#: Kinds that travel sealed between organisations; the others are bodies of the interface to a case system.
SEALED = ("receipt", "question", "case_transfer", "document_request", "assignment", "mutation", "case_notification",
          "case_change", "cost_approval", "approval_change", "provider_bill", "payment_advice",
          "reclaim", "reconciliation", "settlement")  # fmt: skip
PLAIN = ("application", "case_status", "client")
#: What is owed to the federation: by sedex, and nothing is answered to it.
OWED = ("social_statistics",)
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Messages: catalogue",
        "lead": "For the engineer of another system. Everything here is generated from the schemas, examples and "
        "notes that the product is built and tested from. To try it out: `./dev sandbox` "
        "plays a municipality, with `--as canton` a canton (`simulators/exchange/README.md`); whole clients of some "
        "hundred lines are `examples/exchange_client.py` and `examples/exchange_client.mjs`, in XML "
        "`examples/exchange_client_xml.py`; "
        "whether a partner keeps what stands here says `handslag exchange "
        "check`. The calls once more, for tools: [openapi.json](../openapi.json).",
        "way": "The way",
        "sedex": "The way by sedex",
        "sealed": "Sealed messages between organisations",
        "plain": "Bodies of the interface to a case system",
        "owed": "What is owed to the federation",
        "fields": "Fields",
        "legend": "Fields in **bold** are needed. The schema (JSON Schema 2020-12): ",
        "field": "field", "type": "type", "meaning": "meaning",
        "valid": "Examples that must be taken", "invalid": "Examples that must be refused",
        "others": "More: ", "why": "why", "answer": "answer",
        "content": "receipt `rejected`, code 200", "unknown": "receipt `rejected`, code 303",
        "door": "HTTP 422, code 200", "silent": "nothing: a person looks at it",
        "refused": "HTTP 422", "garbled": "taken for no answer", "unsent": "never sent",
        "or": " or ", "list": "list of ", "of any kind": "anything",
        "string": "text", "integer": "whole number", "boolean": "true or false", "object": "object",
    },
    "de": {
        "title": "Meldungen: Katalog",
        "lead": "Für die Entwicklerin eines anderen Systems. Alles hier ist aus den Schemas, Beispielen und Notizen "
        "erzeugt, aus denen das Produkt gebaut und geprüft wird. Zum Ausprobieren: `./dev sandbox` "
        "spielt eine Gemeinde, mit `--as canton` einen Kanton (`simulators/exchange/README.md`); ganze Clients in "
        "etwa hundert Zeilen sind `examples/exchange_client.py` und `examples/exchange_client.mjs`, in XML "
        "`examples/exchange_client_xml.py`; "
        "ob ein Partner hält, was hier steht, sagt `handslag exchange check`. "
        "Die Aufrufe noch einmal, für Werkzeuge: [openapi.json](../openapi.json).",
        "way": "Der Weg",
        "sedex": "Der Weg über sedex",
        "sealed": "Gesiegelte Meldungen zwischen Organisationen",
        "plain": "Inhalte der Schnittstelle zu einem Fachverfahren",
        "owed": "Was dem Bund zu liefern ist",
        "fields": "Felder",
        "legend": "**Fett** gesetzte Felder sind nötig. Das Schema (JSON Schema 2020-12): ",
        "field": "Feld", "type": "Typ", "meaning": "Bedeutung",
        "valid": "Beispiele, die angenommen werden müssen", "invalid": "Beispiele, die abgelehnt werden müssen",
        "others": "Weitere: ", "why": "warum", "answer": "Antwort",
        "content": "Quittung `rejected`, Code 200", "unknown": "Quittung `rejected`, Code 303",
        "door": "HTTP 422, Code 200", "silent": "nichts: ein Mensch sieht es an",
        "refused": "HTTP 422", "garbled": "gilt als keine Antwort", "unsent": "wird nie gesendet",
        "or": " oder ", "list": "Liste von ", "of any kind": "beliebig",
        "string": "Text", "integer": "ganze Zahl", "boolean": "true oder false", "object": "Objekt",
    },
}  # fmt: skip


def catalogue(language: str) -> str:
    """The whole page. KeyError for a description that has no German words in `docs/catalogue.de.yaml`."""
    words = WORDS[language]
    readme = "README.md" if language == "en" else f"README.{language}.md"
    lines = [f"# {words['title']}\n", f"{words['lead']}\n", f"## {words['way']}\n", _body(HTTPS / readme, 3)]
    lines += [f"## {words['sedex']}\n", _body(SEDEX / readme, 3)]
    for title, kinds in ((words["sealed"], SEALED), (words["owed"], OWED), (words["plain"], PLAIN)):
        lines.append(f"## {title}\n")
        for kind in kinds:
            lines += _kind(kind, language, readme)
    return "\n".join(lines)


def _kind(kind: str, language: str, readme: str) -> list[str]:
    words, place = WORDS[language], MESSAGES / kind
    where = f"../../../src/handslag/messages/{kind}"
    title = (place / readme).read_text().partition("\n")[0].removeprefix("# ")
    schema = json.loads((place / "schema.json").read_text())
    lines = [f"### {title}\n", _body(place / readme, 4), f"#### {kind}: {words['fields']}\n"]
    lines.append(f"{words['legend']}[schema.json]({where}/schema.json)\n")
    root = schema["$ref"].rpartition("/")[2]
    for name, each in sorted(schema["$defs"].items(), key=lambda pair: (pair[0] != root, pair[0])):
        lines += [f"**{name}**: {_said(each.get('description', ''), language)}\n"]
        lines += [f"| {words['field']} | {words['type']} | {words['meaning']} |", "|---|---|---|"]
        for field, of in each["properties"].items():
            shown = f"**`{field}`**" if field in each.get("required", ()) else f"`{field}`"
            lines.append(f"| {shown} | {_type(of, words)} | {_said(_described(of), language)} |")
        lines.append("")
    first, *others = sorted((place / "examples/valid").glob("*.json"))
    lines += [f"#### {kind}: {words['valid']}\n", f"[{first.stem}]({where}/examples/valid/{first.name})\n"]
    lines += ["```json", first.read_text().rstrip(), "```\n"]
    if others:
        links = ", ".join(f"[{one.stem}]({where}/examples/valid/{one.name})" for one in others)
        lines.append(f"{words['others']}{links}\n")
    lines += [f"#### {kind}: {words['invalid']}\n", f"| | {words['why']} | {words['answer']} |", "|---|---|---|"]
    for path in sorted((place / "examples/invalid").glob("*.json")):
        link = f"[{path.stem}]({where}/examples/invalid/{path.name})"
        lines.append(f"| {link} | {_refusal(kind, path)} | {words[_answer(kind, path)]} |")
    return [*lines, ""]


def _refusal(kind: str, path: Path) -> str:
    """What the reader of the product says of an example that must be refused."""
    module = importlib.import_module(f"handslag.messages.{kind}.message")
    struct = getattr(module, kind.title().replace("_", ""))
    try:
        msgspec.json.decode(path.read_bytes(), type=struct)
    except msgspec.DecodeError as error:
        return f"`{str(error).replace('|', '/').replace('`', chr(39))}`"
    raise ValueError(f"{path.name} isn't refused")


def _answer(kind: str, path: Path) -> str:
    """What is answered to an example that must be refused, by its key in WORDS."""
    from handslag.domain.exchange.frame import Framed

    if kind in OWED:
        return "unsent"
    if kind in PLAIN:
        return "refused" if kind == "application" else "garbled"
    try:
        framed = msgspec.json.decode(path.read_bytes(), type=Framed)
    except msgspec.DecodeError:
        return "door"
    if kind == "receipt":
        return "silent"
    return "content" if framed.version == 1 else "unknown"


def _type(kind: dict[str, Any], words: dict[str, str]) -> str:
    if "$ref" in kind:
        return kind["$ref"].rpartition("/")[2]
    if "anyOf" in kind:
        return words["or"].join(_type(each, words) for each in kind["anyOf"] if each != {"type": "null"})
    if "enum" in kind:
        return ", ".join(f"`{value}`" if value != "" else '`""`' for value in kind["enum"])
    if kind.get("type") == "array":
        return words["list"] + _type(kind["items"], words)
    name = words.get(kind.get("type", ""), words["of any kind"])
    bounds = [f"`{kind['pattern']}`".replace("|", "\\|")] if "pattern" in kind else []
    bounds += [f"≥ {kind['minimum']}"] if "minimum" in kind else []
    bounds += [f"≤ {kind['maximum']}"] if "maximum" in kind else []
    bounds += [f"≤ {kind['maxLength']}"] if "maxLength" in kind else []
    bounds += [f"`{kind['format']}`"] if "format" in kind else []
    return ", ".join([name, *bounds])


def _described(kind: dict[str, Any]) -> str:
    """The description of a field, also where it may be absent."""
    inner = (each.get("description") for each in kind.get("anyOf", ()))
    return str(kind.get("description") or next(filter(None, inner), ""))


_GERMAN: dict[str, str] = shipped(ROOT / "docs/catalogue.de.yaml")


def _said(text: str, language: str) -> str:
    plain = " ".join(text.split())
    return _GERMAN[plain] if language == "de" and plain else plain


def _body(path: Path, level: int) -> str:
    """A README without its title, its headings below ours."""
    text = path.read_text().partition("\n")[2].strip()
    return re.sub(r"^#+", lambda found: "#" * (len(found[0]) + level - 2), text, flags=re.MULTILINE) + "\n"
