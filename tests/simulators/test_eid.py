"""The development e-ID itself: it says no where a real one would, and its page serves everybody."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Page

from handslag.connectors.eid.port import LOA2, LOA3, LOA4
from tests.bed import free_port
from tests.connectors.eid.processes import CALLBACK, Simulator, browser

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SECRET = ("handslag-demo", "development-only")
ASKED = {
    "client_id": "handslag-demo",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "state": "the state",
    "nonce": "abcdefghijkl",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
PERSON = {"pnr": "19850314-9802", "action": "login"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    address = f"http://eid.localhost:{free_port()}"
    with Simulator(address, tmp_path_factory.mktemp("eid")).running() as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with browser() as opened:
        yield opened


def asking(simulator: Simulator, **changes: str | None) -> str:
    request = {name: value for name, value in (ASKED | changes).items() if value is not None}
    return f"{simulator.issuer}/authorize?{urlencode(request)}"


def brought(answer: requests.Response) -> dict[str, str]:
    """What the answer sends the browser to our callback with."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_anybody_gets_a_code_by_one_post(simulator: Simulator, session: requests.Session) -> None:
    answer = session.post(asking(simulator), data=PERSON, allow_redirects=False)
    code = brought(answer)
    assert code == {"code": code["code"], "iss": simulator.issuer, "state": "the state"}
    for acr in ("loa2", "loa3", "loa4"):
        fields = {"pnr": "199001019802", "name": "Nora Nilsson", "acr": acr, "action": "sign"}
        assert "code" in brought(session.post(asking(simulator), data=fields, allow_redirects=False))


def test_discovery_names_the_three_levels(simulator: Simulator, session: requests.Session) -> None:
    document = session.get(f"{simulator.issuer}/.well-known/openid-configuration").json()
    assert document["issuer"] == simulator.issuer
    assert document["acr_values_supported"][:3] == [LOA2, LOA3, LOA4]
    assert "d" not in session.get(f"{simulator.issuer}/jwks").json()["keys"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody"},
        {"client_id": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": "https://e.example/"},
        {"redirect_uri": None},
        {"request_uri": "urn:ietf:params:oauth:request_uri:unknown"},
    ],
)
def test_a_browser_is_never_sent_to_a_stranger(
    simulator: Simulator, session: requests.Session, changes: dict[str, str | None]
) -> None:
    for method in ("GET", "POST"):
        answer = session.request(method, asking(simulator, **changes), data=PERSON, allow_redirects=False)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_request_that_breaks_the_protocol_goes_back(
    simulator: Simulator, session: requests.Session, changes: dict[str, str | None], error: str
) -> None:
    answer = brought(session.get(asking(simulator, **changes), allow_redirects=False))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "the state", simulator.issuer)


def test_a_code_is_redeemed_once_by_its_client_with_its_verifier(
    simulator: Simulator, session: requests.Session
) -> None:
    def redeem(auth: tuple[str, str] | None = SECRET, **changes: str) -> tuple[int, str]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        answer = session.post(f"{simulator.issuer}/token", data=fields | changes, auth=auth)
        assert answer.headers["Cache-Control"] == "no-store"
        tokens.append(answer.json().get("access_token", ""))
        return answer.status_code, answer.json().get("error", "")

    tokens: list[str] = []
    code = brought(session.post(asking(simulator), data=PERSON, allow_redirects=False))["code"]
    assert redeem(auth=("handslag-demo", "wrong")) == (401, "invalid_client")
    assert redeem(auth=None) == (401, "invalid_client")
    assert redeem(grant_type="password") == (400, "unsupported_grant_type")
    assert redeem(code="another") == (400, "invalid_grant")
    assert redeem(code_verifier="w" * 43) == (400, "invalid_grant")
    assert redeem(code_verifier="") == (400, "invalid_grant")
    assert redeem(redirect_uri=CALLBACK + "/") == (400, "invalid_grant")
    assert redeem() == (200, "")
    bearer = {"Authorization": f"Bearer {tokens[-1]}"}
    told = session.get(f"{simulator.issuer}/userinfo", headers=bearer)
    assert told.json()["https://id.oidc.se/claim/personalIdentityNumber"] == "198503149802"
    assert redeem() == (400, "invalid_grant")
    assert session.get(f"{simulator.issuer}/userinfo", headers=bearer).status_code == 401
    assert session.get(f"{simulator.issuer}/userinfo").status_code == 401


def test_a_pushed_request_is_for_one_log_in(simulator: Simulator, session: requests.Session) -> None:
    pushed = session.post(f"{simulator.issuer}/par", data=ASKED, auth=SECRET)
    assert pushed.status_code == 201
    url = f"{simulator.issuer}/authorize?" + urlencode(
        {"client_id": "handslag-demo", "request_uri": pushed.json()["request_uri"]}
    )
    assert session.get(url).status_code == 200
    assert "code" in brought(session.post(url, data=PERSON, allow_redirects=False))
    assert session.get(url).status_code == 400
    for fields, auth, status in (
        (ASKED, ("handslag-demo", "wrong"), 401),
        (ASKED | {"redirect_uri": "https://e.example/"}, SECRET, 400),
        (ASKED | {"client_id": "somebody"}, SECRET, 400),
    ):
        assert session.post(f"{simulator.issuer}/par", data=fields, auth=auth).status_code == status


def test_repeated_oversized_and_unknown_things(simulator: Simulator, session: requests.Session) -> None:
    assert session.get(asking(simulator) + "&state=other").status_code == 400
    assert session.post(asking(simulator), data={"pnr": "1" * 200_000}).status_code == 400
    assert session.get(f"{simulator.issuer}/nowhere").status_code == 404
    assert session.get(f"{simulator.issuer}/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, ["Välj en person eller skriv ett personnummer.", "Skriv för- och efternamn."]),
        (
            {"pnr": "8503149802", "name": "A B"},
            ["Personnumret ska ha tolv siffror: ÅÅÅÅMMDD-NNNN."],
        ),
        ({"pnr": "19850231-9802", "name": "A B"}, ["Personnumret har ett datum som inte finns."]),
        (
            {"pnr": "19850314-9803", "name": "A B"},
            ["Personnumrets sista siffra stämmer inte med de andra."],
        ),
        ({"pnr": "19900101-9802"}, ["Skriv för- och efternamn."]),
        ({"pnr": "19850314-9802", "acr": "loa5"}, ["Välj ett certifikat."]),
    ],
)
def test_a_mistake_in_the_form_is_told_and_nothing_is_lost(
    simulator: Simulator, session: requests.Session, fields: dict[str, str], faults: list[str]
) -> None:
    answer = session.post(asking(simulator), data=fields | {"action": "login"}, allow_redirects=False)
    assert answer.status_code == 422
    told = re.findall(r'<li><a href="#\w+">([^<]+)</a></li>', html.unescape(answer.text))
    assert told == faults
    assert f'value="{fields.get("pnr", "")}" autocomplete' in answer.text


def test_names_are_text_and_the_list_can_be_searched(simulator: Simulator, session: requests.Session) -> None:
    page = session.get(asking(simulator, q="lindqvist 1985")).text
    assert re.findall(r'name="person" value="(\d+)"', page) == ["198503149802"]
    page = session.get(asking(simulator, q='"><script>alert(1)</script>')).text
    assert "<script" not in page
    assert "Ingen påhittad person passar" in page
    page = session.post(asking(simulator), data={"name": "<b>x"}).text
    assert 'value="&lt;b&gt;x"' in page


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_page_is_accessible_on_a_narrow_screen(
    simulator: Simulator,
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], list[str]],
    language: str,
) -> None:
    page = new_context(width=320).new_page()
    for url in (asking(simulator, lang=language), asking(simulator, lang=language, prompt="login")):
        page.goto(url)
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert axe(page) == []
    assert page.get_by_text("abcdefgh", exact=False).count() == 1
    page.locator("button[value=sign]").click()
    page.get_by_role("alert").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert axe(page) == []


def test_the_keyboard_is_enough_without_javascript(
    simulator: Simulator, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(width=320, java_script_enabled=False).new_page()
    page.goto(asking(simulator, lang="en"))
    for key in ("Tab", "Tab", "Tab", "Space", "Tab", "Tab", "Tab", "ArrowDown", "Tab"):
        page.keyboard.press(key)
    with page.expect_request(lambda request: request.url.startswith(CALLBACK)) as back:
        page.keyboard.press("Enter")
    assert set(dict(parse_qsl(urlsplit(back.value.url).query))) == {"code", "iss", "state"}


def test_the_people_are_those_of_the_demonstration_as_its_file_says_now(tmp_path: Path) -> None:
    address = f"http://eid.localhost:{free_port()}"

    def listed(simulator: Simulator, session: requests.Session) -> list[tuple[str, str]]:
        page = html.unescape(session.get(asking(simulator)).text)
        return re.findall(r'name="person" value="(\d+)".*?<bdi>(.*?)</label>', page)

    with Simulator(address, tmp_path).running() as simulator, browser() as session:
        assert ("198503149802", 'Amina Lindqvist</bdi>, <span class="number">19850314-9802</span>') in listed(
            simulator, session
        )
        person = {"number": "199006159801", "given_name": "نور", "family_name": "Ek", "note": "Lindhaga"}
        (tmp_path / "eid-people.json").write_text(json.dumps([person]), encoding="utf-8")
        assert listed(simulator, session) == [
            ("199006159801", 'نور Ek</bdi>, <span class="number">19900615-9801</span>, Lindhaga')
        ]
        answer = session.post(asking(simulator), data={"person": "199006159801"}, allow_redirects=False)
        assert "code" in brought(answer)
