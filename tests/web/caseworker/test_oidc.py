"""Staff log in by their organisation's own provider, one that others wrote: it opens that organisation and nothing
else, makes nobody and gives no right, and its lies are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from handslag.connectors.eid.port import LOA3
from tests.bed import Process, free_port
from tests.connectors.eid.processes import answer, process
from tests.connectors.eid.test_oidc_provider import installed, provider_command
from tests.web.caseworker.test_log_in import Browser, looks


@pytest.fixture(scope="module")
def issuer(server: Process) -> Iterator[str]:
    port = free_port()
    client = {
        "client_id": "desk", "client_secret": "development-only", "response_types": ["code"],
        "redirect_uris": [server.url("desk", "/oidc/callback/")], "grant_types": ["authorization_code"],
        "id_token_signed_response_alg": "ES256",
    }  # fmt: skip
    address = f"http://eid.localhost:{port}"
    command = provider_command(port, json.dumps({"clients": [client], "par": False, "claims": True}))
    with process(command, f"{address}/.well-known/openid-configuration", {}, installed()):
        yield address


def own_provider(connect: Any, issuer: str, name: str = "office", **more: Any) -> Any:
    """An office whose staff log in by the provider."""
    from tests.office import open_office

    told = {"issuer": issuer, "client_id": "desk", "claim": "email", **more}
    return open_office(connect, name, staff_oidc=told)


def began(her: Browser, office: Any) -> str:
    """Where the organisation's log-in sends her browser."""
    path = f"/oidc/{office.slug}/"
    page = her.get(her.server.url("desk", path), params={"next": f"/{office.slug}/inbox/"})
    assert page.status_code == 200, page.text
    fields = {"csrfmiddlewaretoken": her.cookies["csrf"], "next": f"/{office.slug}/inbox/"}
    sent = her.post(
        her.server.url("desk", path), fields, headers={"Origin": her.server.url("desk", "")}, allow_redirects=False
    )
    return sent.headers["Location"]


def vouched(her: Browser, office: Any, name: str, acr: str = "", **changes: str) -> Any:
    """Log in there as whoever has that log-in name, and come back with what the provider says."""
    back = her.server.url("desk", "/oidc/callback/")
    brought = answer(began(her, office), callback=back, pnr=name, acr=acr) | changes
    return her.get(f"{back}?{urlencode(brought)}")


def test_the_providers_word_opens_its_organisation_and_no_other(server: Process, connect: Any, issuer: str) -> None:
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from handslag.domain.people.operations.staff import admit_staff
    from tests.office import TEST, open_office

    office, other = own_provider(connect, issuer, accepted_acr=[LOA3]), open_office(connect, "second")
    admit_staff(
        **other.by(TEST), user_id=office.staff["hanna"].id, name="Hanna H", unit=other.units["Ekonomi"],
        roles=["caseworker"],
    )  # fmt: skip
    hanna = address_of("hanna", office.slug)
    inbox, there = (server.url("desk", f"/{one.slug}/inbox/") for one in (office, other))
    her = Browser(server)
    asked = her.get(inbox)
    assert f"/oidc/{office.slug}/" in asked.text and f"/oidc/{other.slug}/" not in her.get(there).text
    inside = vouched(her, office, hanna.upper(), LOA3)
    assert (inside.url, inside.status_code) == (inbox, 200)
    assert looks(office, "hanna") == [("read", "log-in", "staff")]
    refused = her.get(there)
    assert refused.status_code == 403 and "Another organisation has logged you in" in refused.text
    # nor does it give itself a way in: nothing of how she logs in by herself is changed on its word
    for path in ("2fa/totp/activate/", "2fa/passkeys/add/", "2fa/recovery-codes/new/", "password/"):
        assert her.get(server.url("desk", f"/log-in/{path}")).status_code == 403, path
    # a level that isn't named replaces the password only, and her code does not lift the limit
    weak = Browser(server)
    page = vouched(weak, office, hanna)
    assert page.url.startswith(server.url("desk", "/log-in/code/"))
    assert weak.get(inbox).url.startswith(server.url("desk", "/log-in/"))
    weak.submit("/log-in/code/", code=one_time_code(TOTP_SECRET))
    assert (weak.get(inbox).status_code, weak.get(there).status_code) == (200, 403)
    # by password and code she gets to both
    alone = Browser(server)
    bo = address_of("bo", office.slug)
    alone.submit("/log-in/", login=bo, password=PASSWORD)
    alone.submit("/log-in/code/", code=one_time_code(TOTP_SECRET))
    assert alone.get(inbox).status_code == 200


def test_who_is_unknown_and_what_is_no_answer_is_refused_with_its_reason(
    server: Process, connect: Any, issuer: str
) -> None:
    from handslag.demo.log_ins import address_of
    from handslag.domain.audit.models import ReadEntry
    from handslag.domain.tenancy.door import acting, system
    from tests.office import open_office

    office, other = own_provider(connect, issuer, accepted_acr=[LOA3]), open_office(connect, "second")
    her = Browser(server)
    for name in ("nobody@staff.example", address_of("hanna", other.slug)):  # theirs is not ours
        page = vouched(her, office, name, LOA3)
        assert page.status_code == 403 and "you have no account here" in page.text
        assert her.get(server.url("desk", f"/{office.slug}/inbox/")).url.startswith(server.url("desk", "/log-in/"))
    with acting(office.slug, system("test"), "look"):
        rows = ReadEntry.objects.filter(purpose="log in", outcome="refused")
        assert set(rows.values_list("what", flat=True)) == {"log-in: unknown at the provider"} and rows.count() == 2
    office.admit("unverified", "Una Verified", "caseworker")  # known here, but the provider didn't check the address
    una = address_of("unverified", office.slug)
    assert una.startswith("unverified")
    page = vouched(her, office, una, LOA3)
    assert page.status_code == 403 and "you have no account here" in page.text
    assert looks(other, "hanna") == []
    hanna, back = address_of("hanna", office.slug), server.url("desk", "/oidc/callback/")
    brought = answer(began(her, office), callback=back, pnr=hanna, acr=LOA3)
    stranger = Browser(server)
    for query in (brought, brought | {"state": "x"}):  # another browser's answer, and one to no question
        assert stranger.get(f"{back}?{urlencode(query)}").url == server.url("desk", "/log-in/")
    wrong = her.get(f"{back}?{urlencode(brought | {'iss': 'https://idp.example'})}")
    assert "doesn’t answer as it should" in wrong.text and f"/oidc/{office.slug}/" in wrong.url
    again = her.get(f"{back}?{urlencode(brought)}")  # answered once, the flow is over
    assert again.url == server.url("desk", "/log-in/")
    closed = answer(began(her, office), callback=back, action="cancel")
    assert "You weren’t logged in there" in her.get(f"{back}?{urlencode(closed)}").text
    plain = her.get(server.url("desk", f"/oidc/{other.slug}/"))
    assert plain.status_code == 404 and "no log-in of its own" in plain.text
    sent = dict(parse_qsl(urlsplit(began(her, office)).query))
    assert sent["code_challenge_method"] == "S256" and sent["acr_values"] == LOA3


def test_it_looks_as_the_rest(
    server: Process, connect: Any, new_context: Callable[..., BrowserContext], fine_at_both: Any
) -> None:
    office = own_provider(connect, "http://eid.localhost:9")  # nobody answers there
    page = new_context(locale="en-GB").new_page()
    page.goto(server.url("desk", f"/{office.slug}/inbox/"))
    fine_at_both(page, "desk-log-in-own")
    page.get_by_role("link", name="Log in through your organisation").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("doesn’t answer as it should")
    fine_at_both(page, "desk-oidc-error")


def test_a_provider_never_gets_the_secret_of_the_e_id(connect: Any, monkeypatch: Any) -> None:
    from django.conf import settings

    from handslag.domain.tenancy.door import acting
    from handslag.web.caseworker.oidc import _choice, _secret
    from tests.office import TEST

    office = own_provider(connect, "https://login.lindhaga.example")
    monkeypatch.setattr(settings, "PRODUCTION", True)
    with acting(office.slug, TEST, "look"):
        assert (_secret(office.slug), _choice(office.slug)) == ("", {})
    monkeypatch.setattr(settings, "SECRETS", {**settings.SECRETS, "staff_oidc": {office.slug: "its own"}})
    with acting(office.slug, TEST, "look"):
        assert (_secret(office.slug), _choice(office.slug)["client_id"]) == ("its own", "desk")
