"""The published OpenAPI document is what is served, and nothing is answered that it doesn't name: whatever is sent, by
whoever, in whatever order."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handslag.api.openapi import document
from handslag.api.urls import urlpatterns
from handslag.domain.exchange.operations.partners import end_partner_key
from tests.api.test_exchange_api import ASKED, Outside
from tests.bed import ROOT, Database, Process
from tests.exchange import reachable
from tests.office import Office

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer("application/jose")
def _as_it_is(context: Any, value: Any) -> bytes:
    """A compact JWS or JWE is sent as it is, and so is whatever stands in its place."""
    return str(value).encode("utf-8", "replace")


#: The same questions each time; what a longer run finds becomes an example here.
FEW = settings(
    max_examples=8, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def office(database: Database) -> Office:
    return reachable(database, "open")


@pytest.fixture(scope="module")
def api() -> Any:
    return schemathesis.openapi.from_dict(document())


def test_what_is_documented_is_what_is_served(server: Process) -> None:
    routes = {re.sub(r"<slug:tenant>", "{organisation}", str(each.pattern)) for each in urlpatterns}
    assert {path.lstrip("/") for path in document()["paths"]} == routes
    for path, item in document()["paths"].items():
        where = server.url("api", path.replace("{organisation}", "nowhere"))
        documented = {method for method in item if method != "parameters"}
        for method in ("get", "post", "put", "delete"):
            answer = requests.request(method, where, timeout=10)
            assert (answer.status_code != 405) == (method in documented), (method, path)
    published = requests.get(server.url("api", "/api/v1/openapi.json"), timeout=10).text
    assert published.strip() == (ROOT / "docs/reference/openapi.json").read_text().strip()


def test_whatever_nobody_sends_is_answered_as_documented(api: Any, office: Office, server: Process) -> None:
    sent = set()
    for found in api.get_all_operations():
        operation = found.ok()

        @FEW
        @given(case=operation.as_strategy(), known=st.booleans())
        def send(case: Any, known: bool) -> None:
            if known and "organisation" in (case.path_parameters or {}):
                case.path_parameters["organisation"] = office.slug
            answer = case.call(base_url=server.url("api", ""))
            sent.add((case.operation.label, answer.status_code))
            case.validate_response(answer, checks=CHECKS)

        send()
    assert {label for label, _status in sent} == {
        f"{method.upper()} {path}"
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters"
    }


def _content(name: str) -> st.SearchStrategy[Any]:
    """Whatever the schema of what is signed allows."""
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
    paths = {"/": {"post": {"requestBody": body, "responses": {"200": {"description": ""}}}}}
    found = schemathesis.openapi.from_dict({**document(), "paths": paths})["/"]["POST"]
    return found.as_strategy().map(lambda case: case.body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


#: Who sends, which call, what is changed in something right, or anything at all instead of it.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["partner", "stranger", "ended"]),
        st.one_of(
            st.tuples(st.just("envelopes"), st.dictionaries(st.sampled_from(sorted(ASKED)), _JSON, max_size=2)),
            st.tuples(st.just("collect"), st.one_of(st.just({}), _content("Request"))),
            st.tuples(st.just("keys"), st.one_of(st.just({}), _content("KeyFile"))),
        ),
        st.booleans(),
    ),
    min_size=4,
    max_size=8,
)


def test_whatever_each_role_signs_in_whatever_order_is_answered_as_documented(
    api: Any, office: Office, server: Process, database: Database
) -> None:
    roles = {name: Outside(office) for name in ("partner", "stranger", "ended")}
    roles["partner"].register()
    roles["ended"].register()
    gone = roles["ended"]
    end_partner_key(**gone.told(), partner=gone.address, key_id=gone.signing.thumbprint())
    operations = {op.label.rpartition("/")[2]: op for op in (found.ok() for found in api.get_all_operations())}
    seen: set[tuple[str, str, int]] = set()

    def payload(text: str) -> bytes:
        return urlsafe_b64decode(text.split(".")[1] + "==")

    def body(who: Outside, call: str, changed: dict[str, Any]) -> Any:
        if call == "envelopes":
            right = json.loads(who.content())
            told = {**right, **changed} if "header" not in changed else {**right, "header": changed["header"]}
            return who.enclose(who.sign(json.dumps(told).encode(), who.signing))
        if call == "collect":
            asked = {**json.loads(payload(who.request())), **changed}
            return who.sign(json.dumps(asked).encode(), who.signing)
        (right,) = json.loads(who.file())
        return [who.sign(json.dumps({**json.loads(payload(right)), **changed}).encode(), who.signing)]

    @FEW
    @example(steps=[("partner", (call, {}), False) for call in ("keys", "envelopes", "collect")])
    @example(steps=[("stranger", ("collect", {}), False), ("ended", ("collect", {}), True)])
    @example(steps=[("partner", ("envelopes", {"header": None}), False)])
    @given(steps=STEPS)
    def sequence(steps: list[Any]) -> None:
        sent = []
        for role, (call, changed), again in steps:
            text = body(roles[role], call, changed)
            sent += [(role, call, text)] * (2 if again else 1)
        for role, call, text in sent:
            kind = "application/json" if call == "keys" else "application/jose"
            case = operations[call].Case(path_parameters={"organisation": office.slug}, body=text, media_type=kind)
            answer = case.call(base_url=server.url("api", ""))
            seen.add((role, call, answer.status_code))
            case.validate_response(answer, checks=CHECKS)

    sequence()
    assert {("partner", "envelopes", 200), ("partner", "collect", 200), ("partner", "keys", 200)} <= seen
    refused = {(role, status) for role, _call, status in seen}
    assert {("stranger", 403), ("ended", 401), ("partner", 422)} <= refused
    assert not {(role, call) for role, call, status in seen if role != "partner" and status == 200}
