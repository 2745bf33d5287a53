"""Where staff begin: their organisations, and the first page of the one that they chose."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from handslag.domain.tenancy.door import Actor, acting, at_large
from handslag.domain.tenancy.models import Organisation, StaffMember
from handslag.domain.tenancy.states import OrganisationKind, Role
from handslag.web.caseworker.pages import CASE_ROLES, base, page, the_door, the_member
from handslag.web.entry.pages import desk_page
from handslag.web.entry.staff import has_second_factor


def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations of which this member of staff is one; a single one opens at once."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(settings.LOGIN_URL + "?" + urlencode({"next": "/"}))
    if not has_second_factor(request):
        return HttpResponseRedirect(settings.LOGIN_URL + "2fa/totp/activate/")
    with at_large("which organisations"):
        tenants = list(Organisation.objects.filter(is_tenant=True, active=True).order_by("name"))
    user = UUID(str(request.user.pk))
    mine = []
    for tenant in tenants:
        with acting(tenant.id, Actor("staff", user), "which organisations"):
            if StaffMember.objects.filter(user_id=user, active=True).exists():
                mine.append(tenant)
    if len(mine) == 1:
        return HttpResponseRedirect(f"/{mine[0].slug}/")
    request.person = str(request.user)  # type: ignore[attr-defined]
    return render(request, "caseworker/organisations.html", {"mine": mine})


@desk_page("desk")
def home(request: HttpRequest, tenant: str) -> HttpResponse:
    """The first page: an institution’s own, the inbox, the payments, the norms, or the log review; without any, who
    gives out roles."""
    roles, own = the_member(request).roles, the_door(request).the_tenant
    institution = own.kind == OrganisationKind.PROVIDER and own.country == "CH"
    if institution and roles & {*CASE_ROLES, Role.PAYER}:
        return HttpResponseRedirect(f"{base(request)}/partner/")
    if roles & set(CASE_ROLES):
        return HttpResponseRedirect(f"{base(request)}/inbox/")
    if Role.PAYER in roles:
        return HttpResponseRedirect(f"{base(request)}/payments/")
    if Role.ADMINISTRATOR in roles:
        return HttpResponseRedirect(f"{base(request)}/norms/")
    if Role.REVIEWER in roles:
        return HttpResponseRedirect(f"{base(request)}/review/")
    return page(request, "home.html")
