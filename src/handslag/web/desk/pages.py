"""What every page of staff shares: navigation by role, the one way to answer, the one way to try an operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language, gettext

from handslag.domain.audit.operations import Look
from handslag.domain.tenancy.door import Door
from handslag.domain.tenancy.permissions import Member, member_behind, require_role
from handslag.domain.tenancy.policies import NotForThem
from handslag.domain.tenancy.states import OrganisationKind, Role
from handslag.kernel.ids import key_of, uuid7
from handslag.web.entry import kept
from handslag.web.ui import formats
from handslag.web.ui.site import Link

T = TypeVar("T")
CASE_ROLES = (Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR)


def the_door(request: HttpRequest) -> Door:
    """The door that `desk_page` opened."""
    door: Door = request.door  # type: ignore[attr-defined]
    return door


def the_member(request: HttpRequest) -> Member:
    """The member of staff who asks."""
    return member_behind(the_door(request), request.now)  # type: ignore[attr-defined]


def require(request: HttpRequest, *roles: Role) -> Member:
    """The member of staff who asks, if she holds one of `roles`; NotAllowed otherwise."""
    return require_role(the_door(request).the_actor, request.now, *roles)  # type: ignore[attr-defined]


def who(request: HttpRequest) -> dict[str, Any]:
    """What questions of permission take: by, now."""
    return {"by": the_door(request).the_actor, "now": request.now}  # type: ignore[attr-defined]


def attempt(request: HttpRequest, operation: Callable[..., T], **told: Any) -> T:
    """Call one operation as the person who asks. What it refuses leaves nothing behind, and is raised on; what it
    refuses to this person stands in the read log."""
    try:
        with transaction.atomic():
            return operation(tenant=the_door(request).the_tenant.slug, **who(request), **told)
    except NotForThem as refused:
        request.looks.append(Look(refused.code, refused.subject, "refused"))  # type: ignore[attr-defined]
        raise


def number_in(text: str) -> int:
    """A small number as a form or an address carries it; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def version_seen(request: HttpRequest) -> int:
    """The version of the row that the posted form was made from; 0, which no row has, for what is none."""
    return number_in(request.POST.get("version", ""))


def today(request: HttpRequest) -> Any:
    """The day that it is where the organisation is."""
    return the_door(request).the_tenant.today(request.now)  # type: ignore[attr-defined]


def language() -> str:
    """The language of the page, as the texts of each law know it: sv (also for ar), de, fr or en."""
    spoken = (get_language() or "sv").split("-")[0]
    return {"sv": "sv", "ar": "sv", "de": "de", "fr": "fr"}.get(spoken, "en")


def typed(request: HttpRequest) -> QueryDict | None:
    """What was typed: the posted form, or what was kept for this page when the session had ended."""
    if request.method == "POST":
        return request.POST
    request.kept_shown = True  # type: ignore[attr-defined]
    return getattr(request, "kept", None)


def text_in(data: QueryDict, name: str, most: int) -> str:
    """What a field of several lines says, each line break one character, as a browser counts them against `most`: what
    it lets somebody type is never cut."""
    return str(data.get(name, "")).replace("\r\n", "\n")[:most]


def rows_in(data: QueryDict, name: str, most: int, part: str = "") -> int:
    """How many rows a form had when it was sent, at most `most`: its fields are called name-0, name-1, ... and then
    `part`."""
    pattern = re.compile(rf"{re.escape(name)}-(\d{{1,4}}){re.escape(part)}")
    numbers = [int(found[1]) for field in data if (found := pattern.fullmatch(field))]
    return min(max(numbers, default=-1) + 1, most)


def base(request: HttpRequest) -> str:
    """The address of the organisation's pages: `/lindhaga`."""
    return f"/{the_door(request).the_tenant.slug}"


def form_key(request: HttpRequest) -> UUID | None:
    """The `key` of the form that was sent, made when its page was: sent twice, it is done once. None without one."""
    return key_of(request.POST.get("key", ""))


def form_keys(request: HttpRequest) -> Iterator[UUID | None]:
    """Keys for all that one form makes, always the same ones; Nones without one."""
    key = form_key(request)
    return (key and UUID(int=(key.int + n) % 2**128) for n in count())


def _between_canton_and_municipality(request: HttpRequest) -> list[tuple[str, str, tuple[Role, ...]]]:
    """The places of a Swiss office for what goes between canton, municipality and institution; nobody else has them."""
    if the_door(request).the_tenant.country != "CH":
        return []
    if the_door(request).the_tenant.kind == OrganisationKind.PROVIDER:
        return [
            (gettext("Overview"), "/partner/", (*CASE_ROLES, Role.PAYER)),
            (gettext("Cost approvals"), "/cost_approvals/", CASE_ROLES),
            (gettext("Accounts"), "/accounts/", (*CASE_ROLES, Role.PAYER)),
            (gettext("Calendar"), "/calendar/", (*CASE_ROLES, Role.PAYER)),
        ]
    return [
        (gettext("The register"), "/register/", CASE_ROLES),
        (gettext("Assignments"), "/assignments/", CASE_ROLES),
        (gettext("Changes"), "/mutations/", CASE_ROLES),
        (gettext("Section 44"), "/case_notifications/", CASE_ROLES),
        (gettext("Cost approvals"), "/cost_approvals/", CASE_ROLES),
        (gettext("Settlements"), "/statements/", (*CASE_ROLES, Role.PAYER)),
        (gettext("Accounts"), "/accounts/", (*CASE_ROLES, Role.PAYER)),
        (gettext("Calendar"), "/calendar/", (*CASE_ROLES, Role.PAYER)),
    ]


def _statistics(request: HttpRequest) -> str:
    """Where the statistics are that the organisation owes."""
    return "/federal_statistics/" if the_door(request).the_tenant.country == "CH" else "/statistics/"


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page with its navigation. Call it inside the door. What was posted and stands nowhere on it (the form is
    gone, as somebody else was first, or a field takes less) is shown beside, to copy."""
    member, home = the_member(request), base(request)
    places = [
        *_between_canton_and_municipality(request),
        (gettext("Inbox"), "/inbox/", CASE_ROLES),
        (gettext("Proposals"), "/proposals/", (Role.CASEWORKER, Role.DECIDER)),
        (gettext("People"), "/people/", CASE_ROLES),
        (gettext("Questions"), "/questions/", CASE_ROLES),
        (gettext("Payments"), "/payments/", (Role.PAYER,)),
        (gettext("Print"), "/print/", (Role.REGISTRAR,)),
        (gettext("Statistics"), _statistics(request), (Role.REGISTRAR,)),
        (gettext("Payees"), "/payees/", (Role.REGISTRAR, Role.CASEWORKER, Role.PAYER)),
        (gettext("Tasks"), "/tasks/", (*CASE_ROLES, Role.PAYER, Role.ADMINISTRATOR)),
        (gettext("Norms"), "/norms/", (Role.ADMINISTRATOR,)),
        (gettext("Delegations"), "/delegations/", (Role.ADMINISTRATOR,)),
        (gettext("Staff"), "/staff/", (Role.ADMINISTRATOR,)),
        (gettext("Case system"), "/case-system/", (Role.ADMINISTRATOR,)),
        (gettext("Log review"), "/review/", (Role.REVIEWER,)),
    ]
    if the_door(request).the_tenant.training:
        places.append((gettext("Training"), "/training/", (Role.ADMINISTRATOR,)))
    request.nav = tuple(  # type: ignore[attr-defined]
        Link(label, home + where, current=request.path.startswith(home + where))
        for label, where, roles in places
        if member.roles & set(roles)
    )
    request.search_url = f"{home}/people/" if member.roles & set(CASE_ROLES) else ""  # type: ignore[attr-defined]
    beforehand = (Link(gettext("Pre-calculation"), f"{home}/precalculations/"),)
    times = (Link(gettext("Time per step"), f"{home}/times/"),)
    request.footer = (  # type: ignore[attr-defined]
        Link(gettext("Change organisation"), "/"),
        Link(gettext("Your desk"), f"{home}/me/"),
        *(beforehand if member.roles & {*CASE_ROLES, Role.ADMINISTRATOR} else ()),
        *(times if member.roles & {Role.DECIDER, Role.ADMINISTRATOR} else ()),
        Link(gettext("Your log-in"), "/log-in/2fa/"),
    )
    request.keys = member.keys  # type: ignore[attr-defined]
    if access := the_door(request).memory.get("access"):
        request.notice = (  # type: ignore[attr-defined]
            gettext("You opened this case by yourself"),
            access.text,
            gettext("Your access is logged and ends %(until)s.") % {"until": formats.moment(access.until)},
        )
    told = {"base": home, "me": member, "form_key": uuid7(), **context}
    response = render(request, template, told, status=status)
    if unshown := kept.unshown(request, response):
        response = render(request, template, {**told, "unshown": unshown}, status=status)
    return response
