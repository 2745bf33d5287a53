"""Password and one-time code; no further without one; shut out at once when a right is taken."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, quote
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.bed import Process


class Browser(requests.Session):
    """Somebody at the desk's log-in."""

    def __init__(self, server: Process) -> None:
        super().__init__()
        self.server = server
        self.headers["Accept-Language"] = "en"

    def submit(self, path: str, **fields: str) -> requests.Response:
        """GET the page for its token, then POST the fields; redirections are followed."""
        self.get(self.server.url("desk", "/log-in/"))
        token = {"csrfmiddlewaretoken": self.cookies["csrf"]}
        return self.post(self.server.url("desk", path), token | fields, headers={"Origin": self.server.url("desk", "")})


@pytest.fixture
def newcomer(connect: Any, office: Any) -> str:
    """The address of a member of staff who has a password and no one-time code yet."""
    from handslag.demo.log_ins import PASSWORD
    from handslag.domain.people.operations.staff import admit_staff
    from handslag.domain.tenancy.door import at_large, system
    from handslag.domain.tenancy.models import StaffUser

    with at_large("test", writing=True):
        user = StaffUser(email=f"{uuid4().hex}@staff.example")
        user.set_password(PASSWORD)
        user.save()
    admit_staff(
        **office.by(system("test")), user_id=user.id, name="Nils Ny", unit=office.units["Ekonomi"], roles=["caseworker"]
    )
    return user.email


def test_without_a_one_time_code_nobody_gets_further_than_to_its_activation(
    server: Process, office: Any, newcomer: str, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    from handslag.demo.log_ins import PASSWORD, one_time_code

    page.goto(server.url("desk", f"/{office.slug}/inbox/"))
    assert axe(page) == []
    page.fill("[name=login]", newcomer)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(server.url("desk", "/log-in/2fa/totp/activate/"))
    assert axe(page) == []
    expect(page.get_by_role("img", name="Bild att läsa av")).to_be_visible()
    page.goto(server.url("desk", f"/{office.slug}/people/"))
    expect(page).to_have_url(server.url("desk", "/log-in/2fa/totp/activate/"))

    page.get_by_text("Jag kan inte läsa av den").click()
    secret = page.locator(".h-digest").inner_text()
    page.fill("[name=code]", "000000" if one_time_code(secret) != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    code = one_time_code(secret)
    page.fill("[name=code]", code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Reservkoder")).to_be_visible()
    assert axe(page) == []
    codes = page.locator(".h-codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="Fortsätt").click()
    expect(page).to_have_url(server.url("desk", f"/{office.slug}/inbox/"))

    again = Browser(server)
    again.submit("/log-in/", login=newcomer, password=PASSWORD)
    assert again.submit("/log-in/code/", code=codes[0]).url == server.url("desk", f"/{office.slug}/inbox/")
    third = Browser(server)
    third.submit("/log-in/", login=newcomer, password=PASSWORD)
    for taken in (codes[0], code):  # each code once, also the one that activated them
        assert "/log-in/code/" in third.submit("/log-in/code/", code=taken).url


def test_a_one_time_code_is_taken_once_and_the_password_alone_opens_nothing(server: Process, office: Any) -> None:
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code

    her, copycat = Browser(server), Browser(server)
    address = address_of("hanna", office.slug)
    assert her.submit("/log-in/", login=address, password=PASSWORD).url == server.url("desk", "/log-in/code/")
    assert her.get(server.url("desk", f"/{office.slug}/inbox/")).url.startswith(server.url("desk", "/log-in/"))
    code = one_time_code(TOTP_SECRET)
    assert her.submit("/log-in/code/", code=code).url == server.url("desk", f"/{office.slug}/inbox/")
    copycat.submit("/log-in/", login=address, password=PASSWORD)
    assert copycat.submit("/log-in/code/", code=code).url == server.url("desk", "/log-in/code/")


def test_a_code_that_was_taken_stays_taken_as_long_as_it_is_good(server: Process, office: Any) -> None:
    from allauth.mfa.models import Authenticator
    from django.core.cache import cache
    from django.db import connection

    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from handslag.domain.tenancy.door import at_large
    from handslag.web.entry.codes import taken_first

    her, copycat = Browser(server), Browser(server)
    address = address_of("bo", office.slug)
    her.submit("/log-in/", login=address, password=PASSWORD)
    code = one_time_code(TOTP_SECRET, later=1)
    assert her.submit("/log-in/code/", code=code).url == server.url("desk", f"/{office.slug}/inbox/")
    cache.clear()  # as after half a minute, while the code is still good
    copycat.submit("/log-in/", login=address, password=PASSWORD)
    assert copycat.submit("/log-in/code/", code=code).url == server.url("desk", "/log-in/code/")

    with at_large("test"):
        key = Authenticator.objects.get(user__email=address, type="totp").pk
    both = Barrier(2)

    def take(_n: int) -> bool:
        try:
            with at_large("test", writing=True):
                both.wait()
                return taken_first(key, "123456")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as at_once:
        assert sorted(at_once.map(take, range(2))) == [False, True]


def test_a_note_sent_after_the_session_was_over_comes_back_after_the_log_in(server: Process, office: Any) -> None:
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from handslag.domain.casefile.models import Note
    from handslag.domain.tenancy.door import acting, system

    case = office.case().case.id
    path = f"/{office.slug}/cases/{case}/notes/"
    her = Browser(server)
    her.headers["Referer"] = server.url("desk", f"/{office.slug}/cases/{case}/?q=secret")
    asked = her.submit(path, kind="note", text="\r\nHalf an hour's <work>\r\non it", at="", adds_to="")
    assert asked.url == server.url("desk", f"/log-in/?next={quote(path, safe='')}")
    here = asked.url.removeprefix(server.url("desk", ""))
    her.submit(here, login=address_of("hanna", office.slug), password=PASSWORD)
    back = her.submit("/log-in/code/", code=one_time_code(TOTP_SECRET))

    def stored() -> list[str]:
        with acting(office.slug, system("test"), "look"):
            return list(Note.objects.values_list("text", flat=True))

    for page in (back, her.get(back.url)):
        assert (page.status_code, page.url) == (200, server.url("desk", path))
        assert "This isn’t saved yet" in page.text
        assert 'readonly dir="auto">\n\r\nHalf an hour&#x27;s &lt;work&gt;\r\non it</textarea>' in page.text
        assert f'href="/{office.slug}/cases/{case}/"' in page.text and "secret" not in page.text
        assert f'action="{path}"' in page.text and stored() == []  # nothing is sent by itself
    sent = her.submit(path, kind="note", text="\r\nHalf an hour's <work>\r\non it", at="", adds_to="")
    assert sent.status_code == 200 and stored() == ["Half an hour's <work>\r\non it"]
    assert her.get(server.url("desk", path)).status_code == 405  # sent once, gone


def test_a_form_of_before_somebody_else_logged_in_is_sent_as_her_only_when_she_says_so(
    server: Process, office: Any, log_in: Any, fine_at_both: Any
) -> None:
    """Two windows of one browser: in the second one a colleague logs in, and the first one's form is sent. Nothing is
    written until she has read as whom; what was typed is there to copy, without its files."""
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from handslag.domain.casefile.models import Note
    from handslag.domain.tenancy.door import acting, system

    case = office.case().case.id
    here, path = f"/{office.slug}/cases/{case}/", f"/{office.slug}/cases/{case}/notes/"
    both = Browser(server)

    def comes(who: str) -> None:
        both.submit("/log-in/", login=address_of(who, office.slug), password=PASSWORD)
        assert both.submit("/log-in/code/", code=one_time_code(TOTP_SECRET)).ok

    def written() -> list[tuple[str, str]]:
        with acting(office.slug, system("test"), "look"):
            return list(Note.objects.values_list("text", "written_by__name"))

    comes("hanna")
    both.get(server.url("desk", here))
    old = both.cookies["csrf"]
    typed = {"csrfmiddlewaretoken": old, "kind": "note", "text": "Ringde <hyresvärden>", "at": "", "adds_to": ""}
    both.submit("/log-in/logout/")
    comes("bo")
    headers = {"Origin": server.url("desk", ""), "Referer": server.url("desk", here)}
    for more, told in (({}, False), ({"files": {"file": ("a.png", b"x")}}, True)):
        answer = both.post(server.url("desk", path), typed, headers=headers, **more)
        assert (answer.status_code, answer.headers["Cache-Control"], written()) == (403, "no-store", [])
        assert f"as <bdi>{address_of('bo', office.slug)}</bdi>. If that is you" in answer.text
        assert "Ringde &lt;hyresvärden&gt;</textarea>" in answer.text and f'href="{here}"' in answer.text
        assert ("Files can’t be kept" in answer.text) == told and old not in answer.text
    foreign = both.post(server.url("desk", path), typed, headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403 and "hyresvärden" not in foreign.text and written() == []
    page = log_in(office, "bo")  # as she sees it
    page.goto(server.url("desk", here))
    page.context.add_cookies([{"name": "csrf", "value": "b" * 32, "url": server.url("desk", "/")}])
    page.locator("textarea[name=text]").first.fill("Ringde hyresvärden")
    page.locator("form[action$='/notes/'] button").first.click()
    fine_at_both(page, "desk-not-as")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert "Somebody has logged in anew" in page.inner_text("main") and written() == []
    assert both.submit(path, **{name: typed[name] for name in ("kind", "text", "at", "adds_to")}).ok
    assert written() == [("Ringde <hyresvärden>", "Bo Beslutsfattare")]


def looks(office: Any, who: str) -> list[tuple[str, str, str]]:
    """What the read log says of somebody's log-ins: outcome, what, by whom."""
    from handslag.domain.audit.models import ReadEntry
    from handslag.domain.tenancy.door import acting, system

    with acting(office.slug, system("test"), "look"):
        rows = ReadEntry.objects.filter(subject=office.members[who], purpose="log in").order_by("at", "id")
        return list(rows.values_list("outcome", "what", "actor_kind"))


def test_guessing_is_stopped(server: Process, office: Any) -> None:
    from handslag.demo.log_ins import PASSWORD, address_of

    guesser = Browser(server)
    address, where = address_of("erik", office.slug), f"/log-in/?next=/{office.slug}/inbox/"
    pages = [guesser.submit(where, login=address, password=f"guess {n}") for n in range(6)]
    assert "Too many failed login attempts" in pages[-1].text
    # Also the right password waits now.
    assert guesser.submit("/log-in/", login=address, password=PASSWORD).url == server.url("desk", "/log-in/")
    wrong, locked = ("refused", "log-in: wrong password", "system"), ("refused", "log-in: locked out", "system")
    assert looks(office, "erik") == [*[wrong] * 5, locked]
    guesser.submit(where, login="nobody@nowhere.example", password="guess")
    log = server.child.log_file.read_text()
    assert log.count('"reason": "wrong password"') >= 6 and log.count('"reason": "locked out"') >= 2
    assert address not in log and "nobody@nowhere.example" not in log


def test_a_log_in_leaves_a_trace_and_so_does_a_wrong_code(server: Process, office: Any) -> None:
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code

    her, code = Browser(server), one_time_code(TOTP_SECRET)
    her.submit("/log-in/", login=address_of("bo", office.slug), password=PASSWORD)
    assert looks(office, "bo") == []
    her.submit("/log-in/code/", code="000000" if code != "000000" else "111111")
    assert looks(office, "bo") == [("refused", "log-in: wrong code", "system")]
    her.submit("/log-in/code/", code=code)
    assert looks(office, "bo") == [("refused", "log-in: wrong code", "system"), ("read", "log-in", "staff")]
    assert looks(office, "hanna") == []


def test_a_town_hall_behind_one_address_is_let_in_at_eight_o_clock(server: Process, office: Any) -> None:
    from handslag.demo.log_ins import PASSWORD, address_of

    address = address_of("hanna", office.slug)
    # Every attempt counts against the limit. Most leave the password out: to look at one takes a third of a second.
    unfinished = [Browser(server).submit("/log-in/", login=address, password="") for _ in range(32)]
    assert {(answer.status_code, answer.url) for answer in unfinished} == {(200, server.url("desk", "/log-in/"))}
    answers = [Browser(server).submit("/log-in/", login=address, password=PASSWORD) for _ in range(8)]
    assert {(answer.status_code, answer.url) for answer in answers} == {(200, server.url("desk", "/log-in/code/"))}


def test_a_right_that_is_taken_ends_the_session_at_once(desk: Any, office: Any) -> None:
    from handslag.domain.people.operations.staff import take_role

    bo, hanna = desk(office, "bo"), desk(office, "hanna")
    assert (bo.open("/inbox/").status_code, hanna.open("/inbox/").status_code) == (200, 200)
    take_role(**office.act("alva"), member=office.members["bo"], role="decider")
    answer = bo.open("/inbox/")
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/log-in/")
    assert hanna.open("/inbox/").status_code == 200


def test_a_new_password_ends_the_other_sessions(server: Process, desk: Any, office: Any) -> None:
    from handslag.demo.log_ins import PASSWORD

    here, there = desk(office, "hanna"), desk(office, "hanna")
    new = "correct horse battery staple"
    changed = here.post(
        server.url("desk", "/log-in/password/"),
        {"csrfmiddlewaretoken": "a" * 32, "oldpassword": PASSWORD, "password1": new, "password2": new},
        headers={"Origin": server.url("desk", "")},
        allow_redirects=False,
    )
    assert changed.status_code == 302, changed.text
    assert there.open("/inbox/").status_code == 302


def test_a_member_of_two_organisations_chooses_and_sees_no_third(
    new_context: Callable[..., BrowserContext], connect: Any, office: Any, log_in: Callable[..., Page], server: Process
) -> None:
    from handslag.domain.people.operations.staff import admit_staff
    from tests.office import TEST, open_office

    second, third = open_office(connect, "second"), open_office(connect, "third")
    admit_staff(
        **second.by(TEST), user_id=office.staff["hanna"].id, name="Hanna H", unit=second.units["Ekonomi"],
        roles=["payer"],
    )  # fmt: skip
    page = log_in(office, "hanna", by_hand=True)
    page.goto(server.url("desk", "/"))
    hrefs = [link.get_attribute("href") for link in page.locator("main a").all()]
    assert hrefs == [f"/{office.slug}/", f"/{second.slug}/"]
    page.goto(server.url("desk", f"/{third.slug}/"))
    expect(page.get_by_role("heading")).to_have_text("We can’t find that page")


def test_a_passkey_logs_in_by_itself_and_only_when_it_knows_its_owner(
    server: Process, connect: Any, office: Any, log_in: Callable[..., Page], axe: Callable[[Page], list[str]],
    picture: Any, fine_at_both: Any,
) -> None:  # fmt: skip
    from handslag.demo.log_ins import PASSWORD, address_of
    from handslag.domain.people.operations.staff import admit_staff, set_policy
    from tests.office import TEST, open_office

    other = open_office(connect, "second")
    admit_staff(
        **other.by(TEST), user_id=office.staff["hanna"].id, name="Hanna H", unit=other.units["Ekonomi"],
        roles=["caseworker"],
    )  # fmt: skip
    page = log_in(office, "hanna", by_hand=True)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    key = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    page.goto(server.url("desk", "/log-in/2fa/"))
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)  # once more, before she changes how she logs in
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a passkey")
    assert axe(page) == []
    picture(page, "desk-passkey-1280")
    page.get_by_label("What you call it").fill("My <laptop>")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("My <laptop>")).to_be_visible()
    assert axe(page) == []

    def leave() -> None:
        page.context.clear_cookies(name="session")
        page.goto(server.url("desk", f"/{office.slug}/inbox/"))

    leave()
    assert axe(page) == []
    with page.expect_request(lambda r: r.method == "POST" and "/passkey/" in r.url) as sent:
        page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    # The same answer to another question opens nothing.
    [answer] = parse_qs(sent.value.post_data or "")["credential"]
    thief = Browser(server)
    asked = thief.get(server.url("desk", "/log-in/passkey/"), headers={"Accept": "application/json"})
    assert asked.json()["request_options"]["publicKey"]["challenge"]
    assert thief.submit("/log-in/passkey/", credential=answer).url == server.url("desk", "/log-in/")
    assert thief.submit("/log-in/passkey/", credential="{}").url == server.url("desk", "/log-in/")
    assert thief.get(server.url("desk", f"/{office.slug}/inbox/")).url.startswith(server.url("desk", "/log-in/"))
    leave()
    expect(page.get_by_role("button", name="Log in with a passkey")).to_be_visible()
    # Without a finger or PIN the authenticator gives no answer, and the page says so.
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("The passkey did not answer")).to_be_visible()
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")

    # Where the organisation wants both, its pages ask for the password as well, in a session that is open too.
    set_policy(**office.act("alva"), name="passkey_alone", value=False)
    page.goto(server.url("desk", f"/{office.slug}/people/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your password too")
    fine_at_both(page, "desk-passkey-besides")
    page.get_by_label("Password").fill("a guess")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your password too")
    assert ("refused", "log-in: wrong password", "system") in looks(office, "hanna")
    page.goto(server.url("desk", f"/{other.slug}/people/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("People")  # the other one takes the passkey alone
    page.goto(server.url("desk", f"/{office.slug}/people/"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(server.url("desk", f"/{office.slug}/people/"))
    # After the password the passkey stands in for the code.
    leave()
    page.fill("[name=login]", address_of("hanna", office.slug))
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("One-time code")
    fine_at_both(page, "desk-passkey-for-the-code")
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_text("The passkey was not taken")).to_be_visible()
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")


@pytest.mark.parametrize(
    ("shown", "alone"),
    [
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}], True),
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}, {"method": "mfa", "type": "totp"}], True),
        # another organisation's provider is no password here
        ([{"method": "oidc", "tenant": "other"}, {"method": "mfa", "type": "webauthn", "passwordless": True}], True),
        ([{"method": "oidc", "tenant": "here"}, {"method": "mfa", "type": "webauthn", "passwordless": True}], False),
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}, {"method": "password"}], False),
        ([{"method": "password"}, {"method": "mfa", "type": "webauthn"}], False),
        ([{"method": "password"}, {"method": "mfa", "type": "totp"}], False),
        ([], False),
    ],
)
def test_what_a_passkey_shows_alone(shown: list[dict[str, Any]], alone: bool, monkeypatch: Any) -> None:
    from django.http import HttpRequest

    from handslag.web.entry import staff

    request = HttpRequest()
    request.user = object()  # type: ignore[assignment]
    monkeypatch.setattr(staff, "get_authentication_records", lambda *_: shown)
    assert staff.by_passkey_alone(request, "here") is alone


def test_an_administrators_link_sets_a_new_password_once(server: Process, database: Any, office: Any) -> None:
    from allauth.mfa.models import Authenticator

    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from handslag.domain.tenancy.door import at_large
    from tests.office import command

    address = address_of("bo", office.slug)
    reset = partial(command, database, "organisation", "reset-password", office.slug)
    assert "no member of staff" in reset("nobody@staff.example").stderr
    done = reset(address)
    assert done.returncode == 0, done.stderr[-1000:]
    link = server.url("desk", "/log-in/" + done.stdout.strip().partition("/log-in/")[2])
    her = Browser(server)
    assert her.submit("/log-in/", login=address, password=PASSWORD).url == server.url("desk", "/log-in/")
    page = her.get(link)
    assert "Set a new password" in page.text and page.url != link  # the address bar no longer holds the key
    path = page.url.removeprefix(server.url("desk", ""))
    assert "This password is too short" in her.submit(path, password1="short", password2="short").text
    new = "a new and much longer one"
    assert her.submit(path, password1=new, password2=new).url == server.url("desk", "/log-in/")
    assert "This link opens nothing" in Browser(server).get(link).text
    assert her.submit("/log-in/", login=address, password=new).url == server.url("desk", "/log-in/code/")
    code = one_time_code(TOTP_SECRET)
    assert her.submit("/log-in/code/", code=code).url == server.url("desk", f"/{office.slug}/inbox/")
    # With the factors gone she sets up a one-time code anew, as on her first day.
    assert reset(address, "--factors").returncode == 0
    assert her.get(server.url("desk", f"/{office.slug}/inbox/")).url.startswith(server.url("desk", "/log-in/"))
    with at_large("test"):
        assert not Authenticator.objects.filter(user__email=address).exists()
