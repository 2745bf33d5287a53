"""A link to a file: for one person, one document, a minute, and once."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from handslag.domain.documents.models import Document
from handslag.domain.tenancy.door import acting
from handslag.jobs.payments import write_run_file
from handslag.kernel.ids import uuid7
from handslag.web.entry import files
from tests.office import TEST, open_office


def test_a_link_to_a_file_is_good_once(database: Any, connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    office = open_office(connect)
    folder = office.case()
    folder.applied()
    folder.decided()
    run = office.run()
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    write_run_file(tenant=tenant, run=str(run.id))
    with acting(office.slug, TEST, "look"):
        document = Document.objects.get(subject_id=run.id, kind="payment file").id
    client = Client(SERVER_NAME="files.localhost")

    def link(who: str) -> str:
        return files.link_to(office.slug, document, office.staff[who]).partition(settings.FILES_ORIGIN)[2]

    address = link("ulla")
    asked = client.head(address)  # as a scanner of links does: it gets no bytes, and uses nothing up
    assert (asked.status_code, asked.content) == (200, b"")
    first = client.get(address)
    assert (first.status_code, b"<CstmrCdtTrfInitn>" in first.content) == (200, True)
    assert first.headers["Content-Disposition"].startswith("attachment")
    assert (client.get(address).status_code, client.head(address).status_code) == (404, 404)
    assert client.get(link("erik")).status_code == 200  # a link of its own
    assert client.get(link("hanna")).status_code == 404  # who makes a link doesn't decide who may have the file
    other = link("ulla")
    assert client.get(other.replace(str(document), str(uuid7()))).status_code == 404
    assert client.get(other[:-1] + ("A" if other[-1] != "A" else "B")).status_code == 404
    key = parse_qs(urlsplit(other).query)["key"][0]
    with connect("web") as at_the_same_moment:  # holds what a download of the same link holds to its end
        once = f"file-link-{hashlib.sha256(key.encode()).hexdigest()}"
        at_the_same_moment.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [once])
        assert client.get(other).status_code == 404
    monkeypatch.setattr(files, "GOOD_FOR", -1)
    assert client.get(other).status_code == 404
