"""What every host answers before anybody is known: list, colours, languages, faults."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import requests

from tests import bed
from tests.bed import Database, Process


@pytest.fixture(scope="module")
def slug(database: Database) -> str:
    """An organisation that is only in the directory."""
    with psycopg.connect(database.of_role("owner"), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO tenancy_organisation (slug, name, kind, country, currency, zone, languages, code_type, code,"
            " colour, address_lines, telephone, is_tenant, active) VALUES ('granvik', 'Granviks kommun',"
            " 'municipality', 'SE', 'SEK', 'Europe/Stockholm', '{sv,en}', 'kommunkod', '9911', '#7a3f1f', '{}',"
            " '010-1', true, true) ON CONFLICT DO NOTHING"
        )
    return "granvik"


@pytest.mark.parametrize("counter", ["apply"])
def test_a_host_lists_the_organisations_in_the_language_asked_for(server: Process, slug: str, counter: str) -> None:
    person = requests.Session()
    page = person.get(server.url(counter), headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "Choose your organisation" in page.text
    assert f'href="/{slug}/"' in page.text
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    switched = person.post(
        server.url(counter, "/language/"),
        {"csrfmiddlewaretoken": token, "language": "sv", "next": "/"},
        headers={"Origin": server.url(counter, "")},
    )
    assert "Välj organisation" in switched.text
    assert '<html lang="sv"' in switched.text


def test_figures_are_for_who_asks_on_this_machine_or_shows_the_token(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever host name is asked for: who writes `Host: 127.0.0.1` is not here for it."""
    from django.conf import settings
    from django.test import Client

    settings.STATIC_ROOT.mkdir(exist_ok=True)

    def status(peer: str, **more: str) -> int:
        return int(Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR=peer).get("/metrics", **more).status_code)  # type: ignore[arg-type]

    assert [status(peer) for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1")] == [200, 200, 200]
    assert [status(peer) for peer in ("192.0.2.7", "::ffff:192.0.2.7", "", "x")] == [404, 404, 404, 404]
    assert status("127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7") == 404
    monkeypatch.setattr(settings, "METRICS_TOKEN", "Hemligt")
    assert status("127.0.0.1") == status("192.0.2.7", HTTP_AUTHORIZATION="Bearer hemligt") == 404
    assert status("192.0.2.7", HTTP_AUTHORIZATION="Bearer Hemligt") == 200


def test_the_colour_of_an_organisation_is_a_stylesheet(server: Process, slug: str) -> None:
    sheet = requests.get(server.url("apply", f"/{slug}/theme.css"))
    assert (sheet.status_code, sheet.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "--ds-color-accent-base-default" in sheet.text
    assert requests.get(server.url("apply", "/nowhere/theme.css")).status_code == 404


def test_a_missing_page_is_told_kindly(server: Process) -> None:
    for counter in ("apply", "desk", "files"):
        page = requests.get(server.url(counter, "/no/such/page"), headers={"Accept-Language": "sv"})
        assert (page.status_code, "Vi hittar inte sidan" in page.text) == (404, True)


@pytest.fixture
def own_server(own_copy: Database) -> Iterator[Process]:
    web = bed.web_process(own_copy, bed.free_port())
    web.start()
    yield web
    web.stop()


def test_while_the_database_is_away_nothing_typed_is_lost(own_copy: Database, own_server: Process) -> None:
    person = requests.Session()
    page = person.get(own_server.url("apply"), headers={"Accept-Language": "en"})
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    typed = {"csrfmiddlewaretoken": token, "note": 'Två <rader> & "نور"', "language": "sv"}
    cookies = f"session={'a' * 32}; csrf={person.cookies.get('csrf')}"
    headers = {"Origin": own_server.url("apply", ""), "Accept-Language": "sv", "Cookie": cookies}
    with psycopg.connect(own_copy.server.superuser, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {own_copy.name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [own_copy.name])
        answer = requests.post(own_server.url("apply", "/anything/"), typed, headers=headers)
        assert (answer.status_code, "Vänta ett ögonblick" in answer.text) == (503, True)
        assert 'name="note" value="Två &lt;rader&gt; &amp; &quot;نور&quot;"' in answer.text
        assert f'name="csrfmiddlewaretoken" value="{token}"' in answer.text
        assert 'action="/anything/"' in answer.text
        admin.execute(f"ALTER DATABASE {own_copy.name} ALLOW_CONNECTIONS true")
    session = {"Cookie": f"session={'a' * 32}"}
    tries = (requests.get(own_server.url("apply"), headers=session).status_code for _ in range(8))
    assert next(status for status in tries if status != 503) == 200
