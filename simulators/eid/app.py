"""The addresses of the development e-ID as one WSGI application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import StartResponse, WSGIEnvironment

from simulators.eid import pages
from simulators.eid.issuer import LEVELS, SWISS_LEVELS, Issuer, Person, Refused, Unsafe, digits, is_swiss, number_fault

Answer = tuple[HTTPStatus, list[tuple[str, str]], bytes]
Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

LARGEST_FORM = 100_000


def application(issuer: Issuer) -> Application:
    """The WSGI application of `issuer`."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = _route(issuer, environ)
        headers = [
            *headers,
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return answer


def _route(issuer: Issuer, environ: WSGIEnvironment) -> Answer:
    method, path = str(environ["REQUEST_METHOD"]), str(environ.get("PATH_INFO") or "/")
    authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
    key = ("GET" if method == "HEAD" else method, path)
    try:
        query = _parameters(str(environ.get("QUERY_STRING", "")))
        form = _parameters(_body(environ)) if method == "POST" else {}
    except Refused as refused:
        return _json({"error": refused.error, "error_description": refused.description}, HTTPStatus.BAD_REQUEST)
    try:
        match key:
            case ("GET", "/.well-known/openid-configuration"):
                return _json(issuer.metadata())
            case ("GET", "/jwks"):
                return _json(issuer.jwks())
            case ("GET" | "POST", "/authorize"):
                return _authorize(issuer, query, form, posted=method == "POST")
            case ("POST", "/par"):
                return _json(issuer.push(form, authorization), HTTPStatus.CREATED)
            case ("POST", "/token"):
                return _json(issuer.token(form, authorization))
            case ("GET" | "POST", "/userinfo"):
                return _json(issuer.userinfo(authorization))
            case ("GET", "/style.css"):
                return HTTPStatus.OK, [("Content-Type", "text/css; charset=utf-8")], pages.STYLE.encode()
            case ("GET", "/health"):
                return HTTPStatus.OK, [("Content-Type", "text/plain; charset=utf-8")], b"ok\n"
            case ("GET", "/"):
                return _page(pages.front(_language(query)))
    except Refused as refused:
        return _refusal(refused)
    return _page(pages.wrong(_language(query), "404"), HTTPStatus.NOT_FOUND)


def _authorize(issuer: Issuer, query: Mapping[str, str], form: Mapping[str, str], *, posted: bool) -> Answer:
    try:
        request = issuer.request(query)
    except Unsafe as refused:
        return _page(pages.wrong(_language(query), refused.description), HTTPStatus.BAD_REQUEST)
    except Refused as refused:
        return _back(issuer, query, {"error": refused.error, "error_description": refused.description})
    language = _language({**request, **query})
    if not posted:
        return _page(pages.choose(issuer.people, request, query, language, form={}, faults={}))
    if form.get("action") == "cancel":
        return _back(issuer, request, {"error": "access_denied", "error_description": "the person said no"})

    number = digits(form.get("pnr", "")) or digits(form.get("person", ""))
    people = issuer.people
    known = next((person for person in people if person.number == number), None)
    given_name, _, family_name = " ".join(form.get("name", "").split()).rpartition(" ")
    faults: dict[str, str] = {}
    if fault := number_fault(number):
        faults["pnr"] = fault if number else "missing"
    if form.get("acr", "loa3") not in LEVELS:
        faults["acr"] = "missing"
    if not family_name and known is None:
        faults["name"] = "missing"
    if faults:
        page = pages.choose(people, request, query, language, form=form, faults=faults)
        return _page(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    person = Person(number, given_name, family_name) if family_name else known
    assert person is not None
    levels = SWISS_LEVELS if is_swiss(number) else LEVELS
    code = issuer.grant(query, request, person, levels[form.get("acr", "loa3")])
    return _back(issuer, request, {"code": code})


def _back(issuer: Issuer, request: Mapping[str, str], answer: dict[str, str]) -> Answer:
    """Send the browser to the client, with state and issuer (RFC 9207)."""
    answer |= {"iss": issuer.address}
    if "state" in request:
        answer["state"] = request["state"]
    address = request["redirect_uri"]
    location = f"{address}{'&' if '?' in address else '?'}{urlencode(answer)}"
    return HTTPStatus.SEE_OTHER, [("Location", location)], b""


def _refusal(refused: Refused) -> Answer:
    body = {"error": refused.error, "error_description": refused.description}
    if refused.error == "invalid_client":
        status, headers, text = _json(body, HTTPStatus.UNAUTHORIZED)
        return status, [*headers, ("WWW-Authenticate", "Basic")], text
    if refused.error == "invalid_token":
        status, headers, text = _json(body, HTTPStatus.UNAUTHORIZED)
        return status, [*headers, ("WWW-Authenticate", 'Bearer error="invalid_token"')], text
    return _json(body, HTTPStatus.BAD_REQUEST)


def _parameters(text: str) -> dict[str, str]:
    """Form fields; a repeated one is refused (RFC 6749, 3.1)."""
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=100)
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("invalid_request", "a parameter is repeated")
    return dict(pairs)


def _body(environ: WSGIEnvironment) -> str:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isascii() or not length.isdigit() or int(length) > LARGEST_FORM:
        raise Refused("invalid_request", "the form is too large")
    raw: bytes = environ["wsgi.input"].read(int(length))
    return raw.decode("utf-8", "replace")


def _language(parameters: Mapping[str, str]) -> str:
    wanted = parameters.get("lang") or parameters.get("ui_locales", "")
    return next((tag[:2] for tag in wanted.split() if tag[:2] in pages.TEXTS), "sv")


def _json(document: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return status, [("Content-Type", "application/json")], json.dumps(document).encode()


def _page(text: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return status, [("Content-Type", "text/html; charset=utf-8")], text.encode()
