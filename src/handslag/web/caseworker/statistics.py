"""What is owed to the national statistics: what they ask of a month, the files, and that they were delivered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import period_in
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.statistics.models import Origin, StatisticsFile
from handslag.domain.statistics.operations import Told, make_statistics_file, mark_delivered, record_statistics
from handslag.domain.statistics.queries import build, causes, digest_of, months_of_file, obstacles_of, owed
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.pages import (
    attempt,
    base,
    language,
    page,
    require,
    the_door,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.wording import LACKING, REFUSALS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats

_SHOWN = 60
_FLAGS = {"": None, "yes": True, "no": False}


@desk_page("statistics")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """The months that are owed; POST `month` makes the file of one."""
    require(request, Role.REGISTRAR)
    trouble = ""
    if request.method == "POST":
        try:
            made = attempt(request, make_statistics_file, month=Month.parse(request.POST.get("month", "")))
            return HttpResponseRedirect(f"{base(request)}/statistics/{made.id}/")
        except ValueError:
            trouble = str(REFUSALS["month not over"])
        except NotPossible as refused:
            trouble = refusal(refused)
    day = today(request)
    return page(
        request,
        "statistics.html",
        status=422 if trouble else 200,
        months=[(one, one.delivered is None and one.due_on < day, _whole(one.month)) for one in owed(day)],
        trouble=trouble,
    )


def _whole(month: Month) -> bool:
    return len(months_of_file(month)) > 1


class DeliveredForm(forms.Form):
    """How a file was delivered."""

    how = forms.CharField(
        label=gettext_lazy("How it was delivered"),
        help_text=gettext_lazy("The number of the receipt, or who took it"),
        min_length=3,
        max_length=200,
    )


@desk_page("statistics")
def look(request: HttpRequest, tenant: str, file: UUID) -> HttpResponse:
    """One file: its sums beside the bookings, what is lacking, whether it would be another one today. POST `how` marks
    it as delivered."""
    found = _file(request, file)
    form, trouble = DeliveredForm(typed(request)), ""
    if request.method == "POST" and form.is_valid():
        try:
            attempt(request, mark_delivered, file=found.id, version=version_seen(request), **form.cleaned_data)
            return HttpResponseRedirect(f"{base(request)}/statistics/{found.id}/")
        except NotPossible as refused:
            form.add_error("how", refusal(refused))
        except Conflict:
            trouble = str(REFUSALS["conflict"])
    month, currency = Month.of(found.since), the_door(request).the_tenant.currency
    built = build(month)
    lacking: dict[tuple[str, Month], list[str]] = {}
    for number, when, what in built.lacking:
        lacking.setdefault((number, when), []).append(str(LACKING[what]))
    looked_at("statistics", found.id)
    newer = StatisticsFile.objects.filter(since=found.since, number__gt=found.number).order_by("number").last()
    return page(
        request,
        "statistics_file.html",
        status=422 if form.errors or trouble else 200,
        row=found,
        whole=_whole(month),
        newer=newer,
        differs=(built.digest, built.causes_digest) != (found.digest, found.causes_digest),
        booked=formats.money(found.amount, currency),
        told=formats.money(found.kronor * 100, currency),
        rounded=formats.money(found.kronor * 100 - found.amount, currency),
        lacking=[(number, when, ", ".join(dict.fromkeys(what))) for (number, when), what in lacking.items()][:_SHOWN],
        lacks=len(lacking),
        form=form,
        trouble=trouble,
    )


def _file(request: HttpRequest, key: UUID) -> StatisticsFile:
    member = require(request, Role.REGISTRAR)
    found = StatisticsFile.objects.select_related("made_by", "delivered_by").filter(id=key).first()
    if found is None or found.protection > member.clearance:
        raise Hidden("statistics file", key)
    return found


@desk_page("statistics")
def download(request: HttpRequest, tenant: str, file: UUID, part: str) -> HttpResponse:
    """The file of households or of causes, as it was made."""
    found = _file(request, file)
    text, digest = {
        "households": (found.households, found.digest), "causes": (found.causes, found.causes_digest)
    }[part]  # fmt: skip
    if digest_of(text) != digest:
        raise Http404(f"statistics file {found.id} is not what was made")
    looked_at("statistics file", found.id)
    response = HttpResponse(text.encode(), content_type="text/tab-separated-values; charset=utf-8")
    name = f"{the_door(request).the_tenant.slug}-{Month.of(found.since)}-{found.number}-{part}.txt"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@desk_page("statistics of a case")
def record(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """What the statistics ask of each adult for a month: POST `cause-N`, `refugee-N`, `abroad-N` (0: the applicant)."""
    require(request, Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR)
    found, _member = case_for_staff(case, **who(request))
    looked_at("case", found.id)
    try:
        when = Month.parse(month)
    except ValueError:
        raise Hidden("month") from None
    period = period_in(found.id, when)
    if period is None:
        raise Hidden("month")
    adults = [one for one in (found.applicant, found.co_applicant) if one is not None]
    data, trouble = typed(request), ""
    if request.method == "POST":
        told = [_told(data or {}, n, one) for n, one in enumerate(adults)]
        try:
            attempt(request, record_statistics, case=found.id, month=when, told=told)
            return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{month}/")
        except NotPossible as refused:
            trouble = refusal(refused)
    now, before = obstacles_of(period, [one.id for one in adults])
    origins = {row.person_id: row for row in Origin.objects.filter(person__in=adults)}
    rows = []
    for n, one in enumerate(adults):
        origin = origins.get(one.id)
        shown = {
            "cause": now.get(one.id) or before.get(one.id, ""),
            "refugee": _word(origin.refugee if origin else None),
            "abroad": _word(origin.born_abroad if origin else None),
        }
        if data:
            shown = {name: data.get(f"{name}-{n}", "") for name in shown}
        rows.append({"n": n, "name": full_name(one), "kept": one.id in now, **shown})
    lang = language()
    return page(
        request,
        "record_statistics.html",
        status=422 if trouble else 200,
        case=found,
        month=month,
        since=when.since,
        rows=rows,
        causes=[(code, name.get(lang, name["en"])) for code, name in causes().items()],
        flags=[("", _("not known")), ("yes", _("yes")), ("no", _("no"))],
        trouble=trouble,
    )


def _told(data: Any, n: int, person: Person) -> Told:
    refugee, abroad = (_FLAGS.get(data.get(f"{name}-{n}", "")) for name in ("refugee", "abroad"))
    return Told(person.id, data.get(f"cause-{n}", "")[:30], refugee, abroad)


def _word(told: bool | None) -> str:
    return {None: "", True: "yes", False: "no"}[told]
