"""The open interfaces as OpenAPI 3.1, for tools; in words they stand in `docs/reference/messages/en.md`."""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from handslag.api import sheet
from handslag.api.problems import CodedProblem, Problem, only
from handslag.domain.exchange.wrap import LARGEST_WRAPPED, KeyFile, Request

_PROBLEM = "application/problem+json"
_COMPACT = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){2,4}$"
#: What a call over the exchange is refused with.
_REFUSALS = {
    "401": "Signed by a key that we don't know, or that has ended: send your key file, then again.",
    "403": "From no partner of this organisation.",
    "404": "No such organisation.",
    "413": "More than two megabytes, or more than one of content.",
    "422": "Anything else: not encrypted to us, signed in another way, for somebody else, at another time, once more.",
}
#: The same where a key file is told: one that we don't know has no other way in than by hand.
_REFUSALS_OF_KEYS = {
    **{status: said for status, said in _REFUSALS.items() if status not in ("401", "422")},
    "422": "Anything else: no key file, or signed by no key that we know.",
}
_CALLS: dict[str, tuple[str, str, str, dict[str, Any], dict[str, Any]]] = {
    "envelopes": (
        "Take an envelope",
        "A compact JWE; inside the message as its sender signed it. What becomes of it, receipts say. The same again"
        " changes nothing.",
        "application/jose",
        {"$ref": "#/components/schemas/Envelope"},
        {"$ref": "#/components/schemas/Taken"},
    ),
    "collect": (
        "Give what waits",
        "A compact JWS over a Request, good once. Answers with envelopes, the oldest first; those named in `collected`"
        " aren't given again.",
        "application/jose",
        {"$ref": "#/components/schemas/SignedRequest"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Envelope"}},
    ),
    "keys": (
        "Swap key files",
        "A list of compact JWS over a KeyFile, one by each signing key. Answers with ours.",
        "application/json",
        {"$ref": "#/components/schemas/SignedKeyFile"},
        {"$ref": "#/components/schemas/SignedKeyFile"},
    ),
}


@cache
def document() -> dict[str, Any]:
    """The whole document. What a signed text says is beside its schema, as `contentSchema`."""
    _places, parts = msgspec.json.schema_components(
        [CodedProblem, Problem, KeyFile, Request], ref_template="#/components/schemas/{name}"
    )
    of_sheet = copy.deepcopy(sheet.schema()["$defs"])
    of_sheet = json.loads(json.dumps(of_sheet).replace("#/$defs/", "#/components/schemas/"))
    signed = {"type": "string", "pattern": _COMPACT, "contentMediaType": "application/jose"}
    parts = {
        **of_sheet,
        **parts,
        "Envelope": {**signed, "maxLength": LARGEST_WRAPPED, "description": "ECDH-ES+A256KW, A256GCM"},
        "SignedRequest": {**signed, "contentSchema": {"$ref": "#/components/schemas/Request"}, "description": "ES256"},
        "SignedKeyFile": {
            "type": "array",
            "items": {**signed, "contentSchema": {"$ref": "#/components/schemas/KeyFile"}},
            "minItems": 1,
        },
        "Taken": {
            "type": "object",
            "properties": {"digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
            "required": ["digest"],
            "description": "The SHA-256 of the payload that was signed: the JSON, not the compact text.",
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Handslag: open interfaces",
            "version": version("handslag"),
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
            "description": "Messages between installations, and calculations for whoever asks. No call has a log-in: a"
            " message is believed by its signature, a calculation is stored nowhere.",
        },
        "paths": {
            **{f"/api/v1/exchange/{{organisation}}/{name}": _call(name, *told) for name, told in _CALLS.items()},
            "/api/v1/sheet": {"post": _sheet()},
            "/api/v1/sheet/schema": {"get": _published("The JSON Schema of a calculation", "application/schema+json")},
            "/api/v1/openapi.json": {"get": _published("This document", "application/json")},
        },
        "components": {"schemas": {name: parts[name] for name in sorted(parts)}},
    }


def _call(name: str, title: str, words: str, kind: str, body: dict[str, Any], answer: dict[str, Any]) -> Any:
    of = _REFUSALS_OF_KEYS if name == "keys" else _REFUSALS
    refusals = {status: _refusal(said, "CodedProblem") for status, said in of.items()}
    organisation = {
        "name": "organisation",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
        "description": "As in the address of its key file.",
    }
    return {
        "parameters": [organisation],
        "post": {
            "operationId": name,
            "tags": ["exchange"],
            "summary": title,
            "description": words,
            "requestBody": {"required": True, "content": {kind: {"schema": body}}},
            "responses": {
                "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
                **refusals,
            },
        },
    }


def _sheet() -> dict[str, Any]:
    html = {"schema": {"type": "string"}}
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    return {
        "operationId": "sheet",
        "tags": ["sheet"],
        "summary": "Calculate",
        "description": "The sheet that the office would get; no decision. Amounts in minor units.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}},
        },
        "responses": {
            "200": {"description": "The sheet.", "content": {**answer, "text/html": html, "text/plain": html}},
            "400": _refusal(
                "The question can't be read, or the facts can't be calculated: each problem with its place in the"
                " question, in the language asked for (`lang`), else the pack's own.",
                "Problem",
            ),
            "413": _refusal(f"More than {sheet.MOST_BYTES} bytes.", "Problem"),
            "415": _refusal("Not application/json.", "Problem"),
        },
    }


def _refusal(words: str, kind: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {_PROBLEM: {"schema": {"$ref": f"#/components/schemas/{kind}"}}},
    }


def _published(title: str, kind: str) -> dict[str, Any]:
    return {
        "summary": title,
        "tags": ["documents"],
        "responses": {"200": {"description": title + ".", "content": {kind: {"schema": {"type": "object"}}}}},
    }


@csrf_exempt  # there is nothing to protect: a POST is told that it is none
@only("GET")
def published(request: HttpRequest) -> HttpResponse:
    """`GET /api/v1/openapi.json`: the document."""
    return HttpResponse(written(), content_type="application/json")


def written() -> str:
    """The document as it is published."""
    return json.dumps(document(), ensure_ascii=False, indent=2, sort_keys=True)
