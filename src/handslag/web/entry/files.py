"""The host of files: a document as attachment, by a link that is good for a minute and once.

The link carries no cookie and no personal datum: the organisation, the document, and a signed value that names
who asked. Who may have the document is asked twice: where the link is made, and here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import structlog
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from handslag.connectors.store.content_type import ALLOWED, TEXT
from handslag.connectors.store.port import StoreFault, for_tenant
from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import Look, looked_at, write_looks
from handslag.domain.casefile.permissions import case_for_citizen, case_for_staff, person_for_staff
from handslag.domain.decisions.permissions import appeal_file_for_citizen, personal_letter_for_citizen
from handslag.domain.decisions.queries import letter_in, personal_letter_unseen, unseen_by_relative, unseen_by_staff
from handslag.domain.documents.models import Document
from handslag.domain.documents.states import ScanState
from handslag.domain.intake.permissions import attachment_for_citizen
from handslag.domain.payments.queries import protection_in
from handslag.domain.people.permissions import representation_behind
from handslag.domain.tasks.models import PrintBatch
from handslag.domain.tasks.queries import protection_printed
from handslag.domain.tenancy.door import Actor, UnknownTenant, acting, acting_door
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, require_role
from handslag.domain.tenancy.states import Role
from handslag.kernel import clock

#: Seconds that a link is good for.
GOOD_FOR = 60
_SALT = "handslag.files"
log = structlog.get_logger("files")


def document_for(key: UUID, by: Actor, now: Any) -> Document:
    """The document, if this person may have it and its scan is done; Hidden otherwise. Inside acting().

    Nobody gets a letter, a file to or from the bank, or pages to post with somebody in it who is protected from them
    today.

    Staff: documents of cases they have a relation to; payers the files of payment runs and of orders to pay
    a partner, and the bank's answers;
    registrars what is to be printed; who may see a person, the evidence of who acts for her. Citizens: the letters of
    cases in which they are one of the two adults, and the files that they gave, or that concern them.
    """
    document = Document.objects.filter(id=key, scan_state__in=[ScanState.CLEAN, ScanState.OWN]).first()
    if document is None:
        raise Hidden("document", key)
    if document.kind == "payment file" and acting_door().the_tenant.training:  # it never gets to a bank
        raise Hidden("document", key)
    kind = Subject.objects.values_list("kind", flat=True).get(id=document.subject_id)
    try:
        if by.kind == "citizen" and by.id and kind == "case" and document.kind == "decision letter":
            case_for_citizen(document.subject_id, by)
            letter = letter_in(key)
            if unseen_by_relative(letter.decision, letter.content, by.id):
                raise Hidden("document", key)
        elif by.kind == "citizen" and kind == "case" and document.kind == "personal letter":
            personal_letter_for_citizen(document.id, by)
        elif by.kind == "citizen" and kind == "case" and document.kind == "evidence":
            attachment_for_citizen(document.id, by)
        elif by.kind == "citizen" and kind == "case" and document.kind == "appeal":
            appeal_file_for_citizen(document.id, by)
        elif by.kind == "staff" and kind == "case":
            _case, member = case_for_staff(document.subject_id, by, now)
            if document.kind == "decision letter":
                letter = letter_in(key)
                if unseen_by_staff(letter.decision, letter.content, member):
                    raise Hidden("document", key)
            elif document.kind == "personal letter" and personal_letter_unseen(key, member):
                raise Hidden("document", key)
        elif by.kind == "staff" and kind == "person" and document.kind == "representation":
            person_for_staff(document.subject_id, by, now)
        elif by.kind == "staff" and kind in ("run", "bank file", "order"):
            member = require_role(by, now, Role.PAYER)
            if protection_in([key])[key] > member.clearance:
                raise Hidden("document", key)
        elif by.kind == "staff" and kind == "print batch":
            member = require_role(by, now, Role.REGISTRAR)
            batch = PrintBatch.objects.get(id=document.subject_id)
            if protection_printed([batch])[batch.id] > member.clearance:
                raise Hidden("document", key)
        else:
            raise Hidden("document", key)
    except (Hidden, NotAllowed) as refused:
        raise Hidden("document", key) from refused
    return document


def link_to(tenant: str, document: UUID, by: Actor) -> str:
    """The address of a document on the host of files, good for a minute, for `by`."""
    key = signing.dumps(
        [tenant, str(document), by.kind, str(by.id), *([str(by.through)] if by.through else [])], salt=_SALT
    )
    return f"{settings.FILES_ORIGIN}/{tenant}/documents/{document}?" + urlencode({"key": key})


def download(request: HttpRequest, tenant: str, document: UUID) -> HttpResponse:
    """The document's bytes as attachment; the page "not found" for everybody and everything else."""
    try:
        told = signing.loads(request.GET.get("key", ""), salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return render(request, "entry/not_found.html", status=404)
    if told[:2] != [tenant, str(document)]:
        return render(request, "entry/not_found.html", status=404)
    by, now = Actor(told[2], UUID(told[3]), through=UUID(told[4]) if told[4:] else None), clock.now()
    try:
        with acting(tenant, by, "file download") as door:
            key = file_key()
            organisation = door.the_tenant.id
            looks = []
            try:
                if not _is_first_use(request.GET["key"], uses=request.method != "HEAD"):
                    raise Hidden("document", document)
                if by.through is not None:
                    representation_behind(by, now)
                found = document_for(document, by, now)
                looked_at("document", found.id)
                looks = door.memory["looks"]
            except Hidden as hidden:
                looks = [Look(hidden.what, hidden.subject, "refused")]
    except UnknownTenant:
        return render(request, "entry/not_found.html", status=404)
    write_looks(tenant=organisation, by=by, purpose="file download", looks=looks, now=now)
    if looks[0].outcome == "refused":
        return render(request, "entry/not_found.html", status=404)
    store = for_tenant(Path(settings.DATA) / "files" / str(organisation), key)
    try:
        content = b"".join(store.read(UUID(found.store_key)))
    except StoreFault as fault:
        log.error("file not readable", document=str(document), error=type(fault).__name__)
        return render(request, "entry/broken.html", {"method": "GET", "path": request.path}, status=500)
    response = HttpResponse(content, content_type=found.content_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_name(found))}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    return response


def _is_first_use(key: str, *, uses: bool) -> bool:
    """Whether a link is used for the first time: of two at the same moment, one. It is used up by that where it `uses`
    it: whoever only asks about the file leaves it good. Inside acting()."""
    once = f"file-link-{hashlib.sha256(key.encode()).hexdigest()}"
    with connection.cursor() as cursor:  # held to the end of the transaction: the cache alone lets two through at once
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [once])
        (alone,) = cursor.fetchone()
    return bool(alone) and (cache.add(once, True, 2 * GOOD_FOR) if uses else cache.get(once) is None)


_ENDINGS = {"application/xml": ".xml", TEXT.media_type: ".txt", **{k.media_type: f".{k.extension}" for k in ALLOWED}}


def _name(document: Document) -> str:
    ending = _ENDINGS.get(document.content_type, "")
    return document.title if document.title.endswith(ending) else document.title + ending
