"""What somebody of the unit has to look at: a letter or file that couldn't be made, money that can't be paid."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.audit.models import Event as EventRow
from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.entitlement.operations import CORRECTION
from handslag.domain.entitlement.queries import proposed_months
from handslag.domain.exchange.models import Message, Outcome
from handslag.domain.exchange.permissions import messages_of
from handslag.domain.exchange.queries import name_of
from handslag.domain.payments.models import BankFile, Run
from handslag.domain.payments.queries import file_refusal
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.settlement.models import Reclaim
from handslag.domain.statistics.models import FederalDelivery
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.operations import finish_task
from handslag.domain.tasks.states import TaskState
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, page, require, version_seen
from handslag.web.caseworker.wording import REFUSALS
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats

_ROLES = (*CASE_ROLES, Role.PAYER, Role.ADMINISTRATOR)

KINDS = {
    "hand-over parked": _("An application didn’t reach the other case system: send it again, or enter it there"),
    "question": _("Another organisation asks something"),
    "case transfer": _("Another municipality tells of somebody who moves here"),
    "assignment": _("The canton assigns somebody: say when she arrived, or why she isn’t taken"),
    "settlement refused": _("The other side couldn’t take in what we settle: see why, and settle it again"),
    "accounts differ": _("Our account and a partner’s aren’t the same: look at what differs"),
    "assigned": _("Somebody whom the canton assigned was taken: open her case"),
    "case notification": _("A municipality claims reimbursement under section 44: say for each person until when"),
    "case change": _("Something changes in a case under section 44, or somebody moves: say if it is so"),
    "support ended": _("A case was closed whose cost the canton reimburses: tell it that support has ended"),
    "takeover untold": _("Somebody moves, and her new municipality can’t be told by message: tell it another way"),
    "cost approval": _("Somebody asks whether we bear a cost: approve it, in part, or say why not"),
    "reclaim": _("The canton claims something of settled lines back: accept it, or object"),
    "reclaim objected": _("A municipality objects to what is claimed back: keep it or withdraw it, with why"),
    "payment differs": _("A payment doesn’t fit the account of who is paid: look at what differs"),
    "provider bill": _("An institution bills what was approved: say that it is paid, or why not"),
    "bill elsewhere": _("An accepted bill names an account that nobody has confirmed: ask, and have it recorded"),
    "approval change": _("A colleague proposes to change or end a cost approval: tell it, or take the proposal back"),
    "approval changed": _("The payer has changed or ended a cost approval: see what it bears now, and tell who bills"),
    "mutation": _("Something changes for an asylum person and doesn’t fit the register by itself: say if it is so"),
    "contradiction": _("Messages contradict each other about an asylum person: no payer until it is settled"),
    "move untold": _("Somebody moved whom nothing may be told about by message: tell the municipality that she left"),
    "case to register": _("Somebody who moves here was taken over from another municipality: register the case"),
    "question reminded": _("Another organisation still waits for your answer"),
    "question answered": _("Another organisation answered"),
    "question asked back": _("Another organisation asks back before it answers"),
    "message not delivered": _("A message was refused by the other side"),
    "message not collected": _("A message isn’t collected for three days: call them"),
    "message given": _("A colleague asks you to look at a message"),
    "question unanswered": _("No answer came in time: remind them, or ask another way"),
    "question overdue": _("Another organisation should have your answer by now"),
    "message expired": _("A message wasn’t collected in 14 days and counts as not delivered: tell them another way"),
    "message kept back": _("A message was kept here: somebody in the household became protected"),
    "message unreadable": _("Something arrived that can’t be read"),
    "letter refused": _("The letter can't be made as PDF: send the decision another way"),
    "run file refused": _("The payment file can't be written"),
    "secrecy at an authority": _("An authority marks somebody of the case as protected: check the person’s protection"),
    "line disputed": _("An applicant says that a fetched line is wrong: answer it before the decision"),
    "fetched after decision": _(
        "An authority has said something new about a month that is decided: see whether it changes anything"
    ),
    "payment blocked": _(
        "Money is granted, but it can’t be paid as it stands: see why under direct payments of the case"
    ),
    "advance refused": _("An advance was refused by the second person: talk to who waits for it"),
    "advance unconfirmed": _("An advance waits for a second person: confirm it in the case, under direct payments"),
    "message": _("A message waits for an answer"),
    "urgent application": _("Urgent: somebody should read now what stands in an application"),
    "urgent message": _("Urgent: a message that somebody should read now"),
    "urgent words": _("Urgent: somebody should read now what stands in an answer, an appeal or about a fetched line"),
    "evidence": _("What was asked for has come: photos, documents or a message"),
    "evidence late": _("The day for an answer is over: look at what there is, or ask again"),
    "infected file": _("A file has a virus and stays locked: ask for it in another way"),
    "application withdrawn": _("The application was taken back by who made it: nothing is decided on it"),
    "account change": _("Somebody asks to be paid into another account: check that it comes from her"),
    "not signed": _("One of two adults has signed, the other hasn’t: nothing is sent, so talk to each of them"),
    "signature refused": _(
        "One of two adults signed, then the application was taken back: nothing is sent, so talk to each of them alone"
    ),
    "signature missing": _("A signature is missing on an application on paper: ask for it, and note it when it comes"),
    "withdrawn by one": _("One of two adults took the application back: it stands for the other one"),
    "household changed": _("Somebody moved in or out: look at the months that this concerns"),
    "direct payment not covered": _("The support doesn’t cover a direct payment: all of it is planned to the person"),
    "hearing": _("They are asked what they think before a decision: read what they say, or go on after the day"),
    "appeal": _("A decision is appealed: see when it came, change what is obviously wrong, send it to the court"),
    "condition over": _("The day of a condition has passed: see whether it is met; nothing follows by itself"),
    "appeal late": _("An appeal was found late: somebody else decides whether to dismiss it"),
    "appeal due": _("An appeal should be at the court by now"),
    "appeal dismissed": _("An appeal that came on paper was dismissed: send the decision by post"),
    "appeal package": _("The package for the court is ready: send it"),
    "paid beyond decision": _(
        "More has been paid for a month than is granted now: ask what happened, and consider whether to do nothing"
    ),
    "other help": _("Something was refused: is help under 12 kap. 2 § to be tried? Propose it, or say why not"),
    "claimed beyond paid": _(
        "More is claimed back than was paid too much, since a decision was changed: give up that part"
    ),
    "carried surplus": _("A month counts a surplus that the month before doesn’t leave any more: look at that month"),
    "access taken": _("A colleague opened this case with a reason of her own: read it in what happened"),
    "payment rejected": _("The bank refused a payment: check the account, then let the payment go"),
    "payment returned": _("Money came back: check the account, then let it be paid again"),
    "bank file": _("The bank’s answers hold lines that fit no payment"),
    "money for case": _("Money that came in was booked on this case, or taken back: does it change a month?"),
    "order failed": _("A payment to a partner reached nobody: look at where it is paid, and order it anew"),
    "notice parked": _("A notice doesn't reach the person: tell them another way"),
    "protection raised": _("Somebody in this case is protected now: does its caseworker still see it?"),
    "statistics due": _("The federal statistics of a month are put together: look at them, and send them"),
    "statistics changed": _("Something was booked for a month whose statistics were sent: put it together anew"),
    "statistics lost": _("The federal statistics of a month didn’t arrive: see what sedex says, and send them again"),
    "accounts unclassed": _("The federal statistics hold account codes without a category: say which it is"),
    "sheet differs": _("A stored calculation doesn’t come out the same any more: tell whoever runs the system"),
    CORRECTION: _("By today’s reading of the law earlier months would give more: look, and decide"),
    "registration referred": _("A colleague wants to register a number that is here already, but may not see whose"),
    "staff notice parked": _("Notices don't reach this colleague: is the address right?"),
}
#: Tasks that are done on the page of the person in the register.
ABOUT_REGISTER = ("contradiction", "move untold", "takeover untold", "support ended")
#: Where on a case's pages a task is done, other than on the first.
_PLACES = {
    "paid beyond decision": "recoveries/",
    "claimed beyond paid": "recoveries/",
    "other help": "other-help/",
    "condition over": "orders/",
}


#: Tasks about messages that didn't arrive: their page offers to send them again.
_LOST = ("message not delivered", "message not collected", "message expired", "message kept back", "message given")


@dataclass(frozen=True)
class Shown:
    """A task as the page shows it: what it is about, where to go, more words."""

    task: Task
    kind: str
    name: str
    url: str
    more: str


def _open_tasks(request: HttpRequest, member: Member) -> list[Shown]:
    """The open tasks of her unit, oldest first: about cases and people that she may see and, for payers, about runs."""
    tasks = list(Task.objects.filter(unit_id=member.unit_id, state=TaskState.OPEN).order_by("created_at"))
    keys = [task.subject_id for task in tasks]
    cases = Case.objects.select_related("applicant", "co_applicant").in_bulk(keys)
    runs = Run.objects.in_bulk(keys) if Role.PAYER in member.roles else {}
    files = BankFile.objects.in_bulk(keys) if Role.PAYER in member.roles else {}
    orders = PaymentOrder.objects.in_bulk(keys) if Role.PAYER in member.roles else {}
    staff = StaffMember.objects.in_bulk(keys)
    people = Person.objects.filter(protection_level__lte=member.clearance).in_bulk(keys)
    messages: dict[UUID, Message] = messages_of(member).in_bulk(keys)
    reclaims = Reclaim.objects.in_bulk(keys)
    registrar = Role.REGISTRAR in member.roles
    arrivals = Outcome.objects.in_bulk(keys) if member.roles & {Role.REGISTRAR, Role.ADMINISTRATOR} else {}
    told = FederalDelivery.objects.filter(protection__lte=member.clearance).defer("content") if registrar else None
    deliveries = told.in_bulk(keys) if told is not None else {}
    staff_of = StaffMember.objects.in_bulk([task.assignee_id for task in tasks if task.kind == "message given"])
    shown = []
    for task in tasks:
        kind = str(KINDS.get(task.kind, task.kind))
        if case := cases.get(task.subject_id):
            adults = [p for p in (case.applicant, case.co_applicant) if p is not None]
            may = member.roles & set(CASE_ROLES) and max(p.protection_level for p in adults) <= member.clearance
            if may:
                more = " · ".join([case.number, *(_gains(case.id) if task.kind == CORRECTION else ())])
                where = _PLACES.get(task.kind, "")
                shown.append(Shown(task, kind, case_name(case), f"{base(request)}/cases/{case.id}/{where}", more))
        elif person := people.get(task.subject_id):
            if task.kind in ABOUT_REGISTER and member.roles & set(CASE_ROLES):
                shown.append(Shown(task, kind, full_name(person), f"{base(request)}/register/{person.id}/", ""))
            elif registrar or Role.ADMINISTRATOR in member.roles:
                url = f"{base(request)}/people/{person.id}/" if registrar else f"{base(request)}/tasks/"
                shown.append(Shown(task, kind, full_name(person), url, _who_tried(task)))
        elif message := messages.get(task.subject_id):
            due = f"{message.due_on:%Y-%m-%d}" if message.due_on else ""
            place = "traffic/" if task.kind in _LOST else ""
            then = "take-over/" if task.kind == "case to register" and registrar else ""
            place = "payment_advices/" if task.kind == "payment differs" else f"questions/{place}"
            url = f"{base(request)}/{place}{message.id}/{then}"
            shown.append(Shown(task, kind, name_of(message.partner), url, _given(task, staff_of) or due))
        elif reclaim := reclaims.get(task.subject_id):
            due = f"{reclaim.answer_by:%Y-%m-%d}" if reclaim.answer_by else ""
            shown.append(Shown(task, kind, name_of(reclaim.partner), f"{base(request)}/reclaims/{reclaim.id}/", due))
        elif arrival := arrivals.get(task.subject_id):
            url = f"{base(request)}/questions/arrivals/{arrival.id}/"
            more = _given(task, staff_of) or arrival.trouble
            shown.append(Shown(task, kind, name_of(arrival.sender), url, more))
        elif delivery := deliveries.get(task.subject_id):
            place = "accounts" if task.kind == "accounts unclassed" else str(delivery.id)
            url = f"{base(request)}/federal_statistics/{place}/"
            shown.append(Shown(task, kind, f"{Month.of(delivery.since)}", url, ""))
        elif colleague := staff.get(task.subject_id):
            shown.append(Shown(task, kind, colleague.name, f"{base(request)}/tasks/", ""))
        elif run := runs.get(task.subject_id):
            more = "; ".join(file_refusal(run.id))
            shown.append(Shown(task, kind, run.number, f"{base(request)}/runs/{run.id}/", more))
        elif order := orders.get(task.subject_id):
            url = f"{base(request)}/accounts/{order.account_id}/#orders"
            shown.append(Shown(task, kind, order.number, url, "; ".join(file_refusal(order.id))))
        elif file := files.get(task.subject_id):
            shown.append(Shown(task, kind, f"{file.kind} {file.message_id}", f"{base(request)}/bank/", ""))
    return shown


def _given(task: Task, staff: dict[UUID, StaffMember]) -> str:
    """Whom a message was given to."""
    colleague = staff.get(task.assignee_id) if task.assignee_id and task.kind == "message given" else None
    return colleague.name if colleague else ""


def _gains(case: UUID) -> list[str]:
    """What each month of a proposed correction would gain."""
    months = proposed_months(case)
    return [f"{month['since'][:7]}: +{formats.money(month['after'] - month['before'])}" for month in months]


def _who_tried(task: Task) -> str:
    """The colleagues who tried to register this person since the task was opened."""
    tried = EventRow.objects.filter(
        subject_id=task.subject_id, kind="registration referred", at__gte=task.created_at
    ).values("actor_id")
    return ", ".join(StaffMember.objects.filter(user_id__in=tried).order_by("name").values_list("name", flat=True))


@desk_page("tasks")
def tasks(request: HttpRequest, tenant: str) -> HttpResponse:
    """What waits for somebody of the unit."""
    return _tasks(request)


def _tasks(request: HttpRequest, trouble: str = "") -> HttpResponse:
    member = require(request, *_ROLES)
    looked_at("tasks")
    return page(
        request, "tasks.html", rows=_open_tasks(request, member), fronted=bool(setting("case_system")), trouble=trouble
    )


@desk_page("tasks")
@require_POST
def done(request: HttpRequest, tenant: str, task: UUID) -> HttpResponse:
    """Done: POST `version`."""
    member = require(request, *_ROLES)
    if task not in {one.task.id for one in _open_tasks(request, member)}:
        raise Hidden("task", task)
    seen = version_seen(request)
    try:
        attempt(request, finish_task, task=task, version=seen)
    except Conflict:
        return _tasks(request, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/tasks/")
