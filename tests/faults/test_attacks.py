"""What somebody sends who doesn't use our forms: every address of every host, from the routes themselves."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from django.urls import URLPattern, URLResolver

from soak.bad_input import Desk, rows
from soak.stage import TOKEN, Person, at_the_eid
from tests.bed import Database, Process
from tests.faults.conftest import Here

UNKNOWN = "01890000-0000-7000-8000-000000000000"
COUNTERS = ("apply", "desk", "files")
#: Addresses that anybody's cache may keep: nothing personal is in them.
CACHED = re.compile(r"/theme\.css$|^/static/|/keys\.json$")
EVIL = (
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "http:evil.example",
    "javascript:alert(1)", "/%09/evil.example", "///evil.example", "https:///evil.example", "@evil.example",
    " //evil.example", "/{slug}/../../evil", "//evil.example/{slug}/", "http://apply.localhost@evil.example/{slug}/",
)  # fmt: skip


def routes(counter: str, slug: str) -> list[tuple[str, URLPattern]]:
    """Every address of a host with its route, for an organisation and objects that don't exist."""
    found: list[tuple[str, URLPattern]] = []

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, URLPattern]]:
        for one in patterns:
            route = before + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, route)
            else:
                yield route, one

    for route, pattern in walk(importlib.import_module(f"handslag.config.urls.{counter}").urlpatterns, "/"):

        def value(match: re.Match[str]) -> str:
            kind, name = match[1], match[2]
            return slug if name == "tenant" else {"uuid": UNKNOWN, "str": "2026-01"}.get(kind, "household")

        found.append((re.sub(r"<(\w+):(\w+)>", value, route), pattern))
    return found


def everybody(desk: Desk, here: Here, counter: str) -> list[Person]:
    """Nobody known, and somebody who is logged in at the counter."""
    known = {"apply": "petra", "desk": "hanna", "files": "hanna"}[counter]
    session = desk.people[known].session
    return [Person(here, counter, ""), Person(here, counter, session)]  # type: ignore[arg-type]


@pytest.mark.parametrize("counter", COUNTERS)
def test_every_address_and_method_answers_in_order_with_its_headers(
    desk: Desk, here: Here, eid: Process, counter: str
) -> None:
    """No fault of ours; policy, no sniffing, no framing, no keeping on every answer; nothing foreign tells a secret."""
    wrong = []
    paths = [path for path, _ in routes(counter, desk.office.slug)]
    odd = [
        f"/{desk.office.slug}/cases/not-a-uuid/", f"/{desk.office.slug}/cases/{UNKNOWN}/periods/2026-13/",
        f"/{desk.office.slug}/cases/{UNKNOWN}/periods/0000-00/", "/no-such-place/", "/%00/", "/%ff%fe/",
        "/..%2f..%2fetc",
        "/" + "a" * 3000 + "/", f"/{desk.office.slug}/?next=%00&page=%ff&page=9999999999999999999999&view=%00", "//",
        f"/{desk.office.slug}/inbox/?page={'9' * 5000}", f"/{desk.office.slug}/people/?q=%00%ED%A0%80&q=%E2%80%AE",
        "/eid/callback?state=%00&code=x", "/eid/callback?error=access_denied&state=<script>",
    ]  # fmt: skip
    for person in everybody(desk, here, counter):
        for path in [*paths, *odd]:
            for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"):
                if (path in odd and method != "GET") or path.endswith(("/logout/", "/log-out/")):
                    continue
                answer = person.send(method, path)
                place = f"{method} {path[:90]} {bool(person.session)}: {answer.status_code}"
                if answer.status_code >= 500:
                    wrong.append(place)
                if method not in ("GET", "HEAD", "POST") and answer.status_code != 405:
                    wrong.append(f"{place} (a method that we don't serve)")
                head = answer.headers
                cached = CACHED.search(urlsplit(path).path)
                for name, part in {
                    "Content-Security-Policy": "frame-ancestors 'none'",
                    "X-Content-Type-Options": "nosniff",
                    "Referrer-Policy": "same-origin",
                    "Cache-Control": "" if cached else "no-store",
                }.items():
                    if part not in head.get(name, "-"):
                        wrong.append(f"{place} {name}: {head.get(name)}")
                if "unsafe" in head.get("Content-Security-Policy", ""):
                    wrong.append(f"{place} an unsafe policy")
                if re.search(r"Traceback|psycopg|django\.|/src/", answer.text):
                    wrong.append(f"{place} shows our insides")
    assert wrong == [], "\n".join(wrong[:80])


@pytest.mark.parametrize("counter", COUNTERS)
def test_every_address_refuses_a_post_that_no_page_of_ours_sent(desk: Desk, here: Here, counter: str) -> None:
    person = everybody(desk, here, counter)[1]
    origin = here.origin(counter)
    tricks: list[tuple[str, dict[str, str], str]] = [
        ("no token", {"Origin": origin}, ""),
        ("another's token", {"Origin": origin}, f"csrfmiddlewaretoken={'a' * 32}"),
        ("from elsewhere", {"Origin": "https://evil.example"}, f"csrfmiddlewaretoken={TOKEN}"),
        ("from a sandbox", {"Origin": "null"}, f"csrfmiddlewaretoken={TOKEN}"),
    ]
    wrong = []
    for path, _ in routes(counter, desk.office.slug):
        for what, headers, form in tricks:
            answer = requests.post(
                origin + path, data=form, allow_redirects=False, timeout=30,
                headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
                cookies={"session": person.session, "csrf": TOKEN},
            )  # fmt: skip
            if answer.status_code not in (403, 404, 405):
                wrong.append(f"{path} {what}: {answer.status_code}")
    assert wrong == []


def test_bodies_that_no_form_sends(desk: Desk, here: Here, database: Database) -> None:
    """Too large, too many, broken, of another type, twice, unknown, missing: told, and nothing is written."""
    before = rows(database)
    token = f"csrfmiddlewaretoken={TOKEN}&".encode()
    by_header, plain = {"X-CSRFToken": TOKEN}, "application/x-www-form-urlencoded"
    parts = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n' + TOKEN.encode() + b"\r\n"
    bodies: list[tuple[str, bytes, dict[str, str]]] = [
        ("ten megabytes", token + b"message=" + b"x" * 10_000_000, {}),
        ("ten thousand fields", token + b"&".join(b"f%d=1" % n for n in range(10_000)), {}),
        ("unknown fields", token + b"is_admin=1&tenant=2&role=decider&_method=DELETE&id=" + UNKNOWN.encode(), {}),
        ("missing fields", token, {}),
        ("everything twice", token + b"version=1&version=9&action=continue&action=add&message=a&message=b", {}),
        ("broken percent", token + b"message=%zz%&version=%", {}),
        ("JSON", b'{"version": 1e400}', {**by_header, "Content-Type": "application/json"}),
        ("XML", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///x'>]><a>&b;</a>", {**by_header, "Content-Type": "text/xml"}),
        ("half a part", part + b'--x\r\nContent-Disposition: form-data; name="a"; filename="\x00../a"\r\n\r\nx', parts),
        ("no boundary", b"--x", {**by_header, "Content-Type": "multipart/form-data"}),
        ("another charset", token + b"message=a", {"Content-Type": f"{plain}; charset=utf-16"}),
        ("no charset there is", token + b"message=a", {"Content-Type": f"{plain}; charset=x"}),
    ]  # fmt: skip
    wrong = []
    for who, path in desk.pages:
        for what, body, headers in bodies:
            if what.startswith("ten m") and who not in ("petra", "hanna"):
                continue
            answer = desk.people[who].send_body("POST", path, body, **headers)
            if answer.status_code >= 500:
                wrong.append(f"{path} {what}: {answer.status_code}")
            if what.startswith("ten ") and (answer.status_code != 400 or "too large" not in answer.text):
                wrong.append(f"{path} {what}: {answer.status_code}")
    assert wrong == [], "\n".join(wrong)
    assert rows(database) == before


@pytest.mark.parametrize(
    "host", ["evil.example", "apply.localhost.evil.example", "apply.localhost:80@evil.example", "a b", ""]
)
def test_a_foreign_host_name_is_refused(here: Here, host: str) -> None:
    answer = requests.get(here.origin("apply") + "/", headers={"Host": host}, allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_a_forwarded_host_name_changes_nothing(desk: Desk, here: Here) -> None:
    slug = desk.office.slug
    for path in ("/", f"/{slug}/", f"/{slug}/log-in/?next=/{slug}/my/"):
        headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Host": "evil.example"}
        answer = requests.get(here.origin("apply") + path, headers=headers, timeout=10)
        assert (answer.status_code, "evil" in answer.text) == (200, False)


def _where_a_log_in_leads(here: Here, desk: Desk, after: str, session: str = "") -> tuple[str, str]:
    """(the session's key afterwards, where the browser is sent) of a citizen's whole log-in with `next`."""
    slug, folder = desk.office.slug, desk.people["petra"]
    browser = requests.Session()
    if session:
        browser.cookies.set("session", session, domain="apply.localhost", path="/")
    page = browser.get(f"{here.origin('apply')}/{slug}/log-in/", params={"next": after})
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    told = {"csrfmiddlewaretoken": token[1], "next": after}
    sent = browser.post(page.url.split("?")[0], told, headers={"Origin": here.origin("apply")}, allow_redirects=False)
    back = browser.get(at_the_eid(sent.headers["Location"], desk.numbers["petra"]), allow_redirects=False)
    assert folder.session != browser.cookies["session"]
    return browser.cookies["session"], back.headers["Location"]


def test_next_leads_nowhere_else(desk: Desk, here: Here, eid: Process) -> None:
    slug = desk.office.slug
    for place in EVIL:
        _, where = _where_a_log_in_leads(here, desk, place.format(slug=slug))
        assert where.startswith(f"/{slug}/"), (place, where)
    assert _where_a_log_in_leads(here, desk, f"/{slug}/my/?a=1")[1] == f"/{slug}/my/?a=1"
    for place in EVIL:
        for counter in ("apply", "desk"):
            chosen = Person(here, counter, "").send("POST", "/language/", language="sv", next=place)  # type: ignore[arg-type]
            where = urlsplit(chosen.headers.get("Location", "/"))
            assert where.hostname in (None, f"{counter}.localhost"), (place, chosen.headers["Location"])


def test_a_session_from_before_the_log_in_is_worth_nothing(desk: Desk, here: Here, eid: Process) -> None:
    planted = requests.post(
        f"{here.origin('apply')}/{desk.office.slug}/log-in/",
        {"csrfmiddlewaretoken": TOKEN}, cookies={"csrf": TOKEN}, headers={"Origin": here.origin("apply")},
        allow_redirects=False, timeout=10,
    ).cookies["session"]  # fmt: skip
    for fixed in (planted, "a" * 32):
        after, _ = _where_a_log_in_leads(here, desk, "", session=fixed)
        assert after != fixed
        mine = Person(here, "apply", fixed).send("GET", f"/{desk.office.slug}/my/")  # type: ignore[arg-type]
        assert mine.status_code == 302 and "/log-in/" in mine.headers["Location"]
        assert Person(here, "apply", after).send("GET", f"/{desk.office.slug}/my/").status_code == 200  # type: ignore[arg-type]


def test_staff_get_a_new_session_at_log_in_and_stay_inside(desk: Desk, here: Here) -> None:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    from handslag.demo.fill import PASSWORD, TOTP_SECRET

    browser = requests.Session()
    browser.headers["Origin"] = here.origin("desk")

    def token(page: requests.Response) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert found
        return found[1]

    page = browser.get(f"{here.origin('desk')}/log-in/?next=//evil.example/")
    told = {"login": f"alva@{desk.office.slug}.example", "password": PASSWORD, "next": "//evil.example/"}
    page = browser.post(f"{here.origin('desk')}/log-in/", {**told, "csrfmiddlewaretoken": token(page)})
    before = browser.cookies["session"]
    for counter in yield_hotp_counters_from_time():
        code = format_hotp_value(hotp_value(TOTP_SECRET, counter))
        told = {"code": code, "csrfmiddlewaretoken": token(page)}
        done = browser.post(page.url, told, allow_redirects=False)
        if done.status_code == 302:
            break
    assert (done.status_code, urlsplit(done.headers["Location"]).hostname) == (302, None)
    assert browser.cookies["session"] != before
    old = Person(here, "desk", before).send("GET", f"/{desk.office.slug}/inbox/")  # type: ignore[arg-type]
    assert old.status_code == 302 and "/log-in/" in old.headers["Location"]


def test_health_and_figures_tell_nothing_of_anybody(desk: Desk, here: Here) -> None:
    base = here.origin("apply").replace("apply.localhost", "127.0.0.1")
    health = requests.get(f"{base}/health", timeout=10)
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    figures = requests.get(f"{base}/metrics", timeout=10).text
    assert 'handslag_requests_total{counter="apply",method="POST"' in figures
    assert "handslag_jobs{" in figures
    for secret in [desk.office.slug, "Petra", "Nilsson", *desk.numbers.values()]:
        assert secret not in figures
    for counter in COUNTERS:
        assert "handslag_" not in requests.get(f"{here.origin(counter)}/metrics", timeout=10).text


def test_unlisted_keys_and_messages_never_reach_the_log(database: Database) -> None:
    """A programmer's carelessness is caught: keys that aren't listed, texts of libraries, messages of exceptions."""
    careless = (
        "import django; django.setup(); import logging, structlog\n"
        "log = structlog.get_logger('web')\n"
        "log.warning('case opened', name='CANARY', number='CANARY', amount='CANARY', case='1')\n"
        "logging.getLogger('django.request').error('CANARY %s', 'CANARY', extra={'status_code': 500})\n"
        "try:\n    raise ValueError('CANARY')\nexcept ValueError:\n"
        "    log.error('broken', exc_info=True); logging.getLogger('x').exception('CANARY')\n"
    )
    told = {**database.environment("web"), "DJANGO_SETTINGS_MODULE": "handslag.config.settings"}
    done = subprocess.run([sys.executable, "-c", careless], env=told, capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert (done.returncode, len(lines), "CANARY" in done.stderr + done.stdout) == (0, 4, False)
    assert (lines[0]["dropped"], lines[0]["case"]) == (["amount", "name", "number"], "1")
    assert [line.get("error") for line in lines] == [None, None, "ValueError", "ValueError"]
