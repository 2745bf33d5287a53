"""Photos and documents, with an application or as the answer to a request; what can't be taken is told file by file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.decisions.permissions import appeal_file_for_citizen
from handslag.domain.documents.models import Document
from handslag.domain.documents.states import ScanState
from handslag.domain.intake import operations as intake
from handslag.domain.intake.models import Attachment, Draft
from handslag.domain.intake.permissions import attachment_for_citizen, draft_for_citizen, request_for_citizen
from handslag.domain.intake.queries import attachments_of, lines_of
from handslag.domain.intake.states import DraftState, RequestState
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.ids import key_of, uuid7
from handslag.web.citizen.document import code_name
from handslag.web.citizen.person import me
from handslag.web.citizen.signing import moved_on
from handslag.web.citizen.steps import form_behind, labels
from handslag.web.entry import kept
from handslag.web.entry.files import document_for, link_to
from handslag.web.entry.pages import citizen_page, opened, outside_page
from handslag.web.entry.uploads import LARGEST, Refused, Taken, keep, named_key, too_large

#: What our inputs offer: photos of a phone's camera, and what else we can open.
FIELDS = ("photo", "files")


def shown(files: list[Attachment]) -> list[dict[str, Any]]:
    """Files as pages show them: name, size, and whether they have been checked for viruses."""
    return [{"key": one.id, **shown_document(one.document)} for one in files]


def shown_document(document: Document) -> dict[str, Any]:
    """A file as pages show it."""
    return {
        "document": document.id,
        "title": document.title,
        "size": max(1, round(document.size / 1000)),
        "state": document.scan_state,
    }


def why_refused(refused: Refused) -> str:
    """Why a file couldn't be taken, and what to do."""
    words = {"name": refused.title, "mb": LARGEST // 1_000_000}
    told = {
        "too large": gettext(
            "%(name)s is too large: %(mb)s MB at most. Take a photo of it instead, or send it in parts."
        ),
        "empty": gettext("%(name)s is empty. Open it on your phone to see what is in it, then send it again."),
        "encrypted": gettext("%(name)s is locked with a password. Save it without the password, then send it again."),
        "too many files": gettext("%(name)s: that is more files than we can take here. Write a message, and we help."),
    }
    other = gettext("%(name)s is of a kind that we can’t open. Send a photo or a PDF instead.")
    return told.get(refused.code, other) % words


def received(request: HttpRequest) -> tuple[list[Taken], list[Refused]]:
    """What was uploaded, stored outside any door: what could be taken, and what not."""
    with opened(request) as door:
        tenant, key = door.the_tenant.id, file_key()
    sent = [file for name in FIELDS for file in request.FILES.getlist(name)]
    found = keep(tenant, key, sent[: intake.MOST_FILES])
    more = [Refused(file.name or "", "too many files") for file in sent[intake.MOST_FILES :]]
    refused = [one for one in found if isinstance(one, Refused)]
    return [one for one in found if isinstance(one, Taken)], [*too_large(request), *refused, *more]


@require_http_methods(["GET", "HEAD", "POST"])
@outside_page("renewal", whose=("files", "tenant", "draft"))
def files(request: HttpRequest, tenant: str, draft: UUID) -> HttpResponse:
    """The files of an application; POST adds some (`photo` from the camera, `files`)."""
    by: Actor = request.entrance[1]  # type: ignore[attr-defined]
    refused: list[Refused] = []
    logged_out = request.method == "GET" and kept.take(request, by) is not None if by.id else False
    with opened(request):
        me(request)
        found = draft_for_citizen(draft, by)
        if found.state != DraftState.OPEN:
            return HttpResponseRedirect(moved_on(tenant, found) or reverse("sign", args=[tenant, draft]))
    if request.method == "POST":
        taken, refused = received(request)
        try:
            if taken:
                with opened(request):
                    intake.attach_files(
                        tenant=tenant,
                        by=by,
                        now=request.now,  # type: ignore[attr-defined]
                        draft=draft,
                        files=[(one.title, one.file) for one in taken],
                        line=request.POST.get("line") or None,
                    )
        except NotPossible as trouble:
            if trouble.code != "too many files":
                return HttpResponseRedirect(reverse("step", args=[tenant, draft, "check"]))
            refused += [Refused(one.title, trouble.code) for one in taken]
        if taken and not refused:
            return HttpResponseRedirect(f"{reverse('files', args=[tenant, draft])}?{_origin(request, found)}added")
    with opened(request):
        looked_at("draft", found.case_id)
        facts = {
            "draft": found,
            "month": found.period.since,
            "files": _with_lines(found),
            "lines": _lines(found),
            "line": request.POST.get("line", ""),
            "refused": [why_refused(one) for one in refused],
            "nothing": request.method == "POST" and not refused,
            "added": "added" in request.GET,
            "logged_out": logged_out,
            "origin": _origin(request, found),
            "back": reverse("step", args=[tenant, draft, _step(request, found)]),
        }
        return render(request, "citizen/files.html", facts, status=422 if facts["refused"] or facts["nothing"] else 200)


def _lines(draft: Draft) -> list[tuple[str, str]]:
    """The lines that she has written, as a file names them, and what they are called with their amounts as typed."""
    answers = draft.answers
    rows = [(kind, row) for kind in ("incomes", "costs") for row in answers.get(kind, [])]
    law = form_behind(draft).legal_order
    said = [
        " ".join(filter(None, (code_name(law, kind, row["code"]), row["amount"], row["note"]))) for kind, row in rows
    ]
    named = zip(lines_of(answers), rows, said, strict=True)
    return [(line, words) for line, (_kind, row), words in named if row["code"]]


def _with_lines(draft: Draft) -> list[dict[str, Any]]:
    """The files of a draft as pages show them, each with what it shows."""
    lines, files = dict(_lines(draft)), attachments_of(draft.id)
    return [told | {"line": lines.get(one.line or "", "")} for one, told in zip(files, shown(files), strict=True)]


def _step(request: HttpRequest, draft: Any) -> str:
    asked = request.GET.get("from", "")
    return asked if asked in labels(form_behind(draft)) and asked != "sign" else "check"


def _origin(request: HttpRequest, draft: Any) -> str:
    return f"from={_step(request, draft)}&"


@require_POST
@citizen_page("renewal", instead=("files", "tenant", "draft"), whose=("files", "tenant", "draft"))
def remove(request: HttpRequest, tenant: str, draft: UUID) -> HttpResponse:
    """Take a file away: POST `file`."""
    me(request)
    by: Actor = request.door.the_actor  # type: ignore[attr-defined]
    found = draft_for_citizen(draft, by)
    key = key_of(request.POST.get("file", ""))
    if key is not None:
        try:
            intake.remove_file(tenant=tenant, by=by, now=request.now, draft=draft, attachment=key)  # type: ignore[attr-defined]
        except NotPossible:
            pass  # taken away already, or being signed: the page shows how it stands
    return HttpResponseRedirect(f"{reverse('files', args=[tenant, draft])}?{_origin(request, found)}removed")


@require_http_methods(["GET", "HEAD", "POST"])
@outside_page("request", whose=("request", "tenant", "asked"))
def answer(request: HttpRequest, tenant: str, asked: UUID) -> HttpResponse:
    """What we need from her, and by when; POST answers by files, a message, or both."""
    by: Actor = request.entrance[1]  # type: ignore[attr-defined]
    assert by.id is not None
    again = kept.take(request, by) if request.method == "GET" else None
    posted = request.POST if request.method == "POST" else again
    text = posted.get("text", "") if posted is not None else ""
    refused: list[Refused] = []
    trouble = ""
    with opened(request):
        me(request)
        found = request_for_citizen(asked, by)
    here = reverse("request", args=[tenant, asked])
    if request.method == "POST":
        taken, refused = received(request)
        try:
            with opened(request):
                intake.answer_request(
                    tenant=tenant,
                    by=by,
                    now=request.now,  # type: ignore[attr-defined]
                    asked=asked,
                    files=[(one.title, one.file) for one in taken],
                    message=named_key(request.POST.get("message", "")),
                    text=text,
                )
            text = ""
            if not refused:
                return HttpResponseRedirect(f"{here}?sent")
        except NotPossible as refusal:
            if refusal.code in ("sent already", "closed"):
                return HttpResponseRedirect(here)
            if refusal.code == "too many files":
                refused += [Refused(one.title, refusal.code) for one in taken]
            elif refusal.code == "long message":
                trouble = gettext("The message is too long. Send it in several parts.")
            elif not refused:
                trouble = gettext("Choose a photo or a file, or write a message.")
    with opened(request):
        found = request_for_citizen(asked, by)
        looked_at("request", found.case_id)
        sent = Attachment.objects.select_related("document").filter(request=found).order_by("added_at", "id")
        facts = {
            "asked": found,
            "closed": found.state == RequestState.CLOSED,
            "files": shown(list(sent)),
            "refused": [why_refused(one) for one in refused],
            "trouble": trouble,
            "sent": "sent" in request.GET,
            "logged_out": again is not None,
            "text": text,
            "message": posted.get("message", "") if posted is not None and text else uuid7(),
        }
        return render(request, "citizen/request.html", facts, status=422 if facts["refused"] or trouble else 200)


@require_safe
@citizen_page("document")
def download(request: HttpRequest, tenant: str, document: UUID) -> HttpResponse:
    """Leads to a file of hers on the host of files, once it is checked."""
    me(request)
    door = request.door  # type: ignore[attr-defined]
    try:
        attachment_for_citizen(document, door.the_actor)
    except Hidden:
        appeal_file_for_citizen(document, door.the_actor)
    if not Document.objects.filter(id=document, scan_state=ScanState.CLEAN).exists():
        return HttpResponseRedirect(reverse("my", args=[tenant]))
    found = document_for(document, door.the_actor, request.now)  # type: ignore[attr-defined]
    return HttpResponseRedirect(link_to(door.the_tenant.slug, found.id, door.the_actor))
