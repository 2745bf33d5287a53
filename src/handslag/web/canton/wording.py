"""What the pages between canton and municipality call things."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from handslag.domain.accounts.queries import Figures
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.states import Action, Business, Direction, Transport
from handslag.domain.tenancy.policies import NotPossible

Words = dict[str, "str | Promise"]

STATUSES: Words = {
    "N": _("N: asylum seeker"),
    "F-A": _("F: provisionally admitted foreigner"),
    "S": _("S: in need of protection"),
    "F-R": _("F: provisionally admitted refugee"),
    "B-R": _("B: recognised refugee"),
}
ACCOMMODATION: Words = {
    "collective": _("Collective accommodation"),
    "apartment": _("Apartment"),
    "private": _("Private, with a host"),
    "institution": _("Institution"),
}
REASONS: Words = {
    "OTHER_MUNICIPALITY": _("Another municipality is responsible"),
    "DUPLICATE_DAY": _("She is somewhere else on that day"),
    "WRONG_STATUS": _("The status is wrong"),
    "QUOTA_REACHED": _("The quota is filled"),
    "NO_CAPACITY": _("There is no place"),
}
#: What changes for somebody.
CHANGES: Words = {
    "status": _("New status"),
    "move": _("Moves to another municipality"),
    "disappearance": _("Disappeared"),
    "departure": _("Left the canton or the country"),
    "death": _("Died"),
    "earnings": _("Lives on own earnings"),
    "earnings_ended": _("No longer lives on own earnings"),
}
#: Whether a change is so.
DISPUTES: Words = {
    "": _("It is so"),
    "WRONG_DAY": _("It was another day"),
    "WRONG_STATUS": _("The status is wrong"),
    "OTHER_MUNICIPALITY": _("Another municipality is responsible"),
    "DUPLICATE_DAY": _("She is somewhere else on that day"),
    "NOT_SO": _("It isn’t so"),
    "PERSON_UNKNOWN": _("She isn’t known here"),
}
#: The permit of somebody whose case is notified.
PERMIT_NAMES: Words = {
    "B": _("B: residence"),
    "C": _("C: settlement"),
    "L": _("L: short stay"),
    "F-R": STATUSES["F-R"],
    "B-R": STATUSES["B-R"],
}
#: What speaks against a claim under section 44, and why one isn't accepted.
AGAINST: Words = {
    "LATE": _("Notified later than 30 days after the decision"),
    "NO_CLAIM_PERIOD": _("Notified later than a year after the decision"),
    "TEN_YEARS_REACHED": _("Ten years of residence are over before the first day"),
    "WRONG_STATUS": _("The status is wrong"),
    "OTHER_MUNICIPALITY": _("Another municipality is responsible"),
    "ALREADY_NOTIFIED": _("It is accepted already"),
    "SPLIT_WRONG": _("The heads or the need are wrong"),
    "DOCUMENT_MISSING": _("Something that shows it is missing"),
}
#: What changes in a case under section 44.
CASE_CHANGES: Words = {
    "household": _("The household changes"),
    "rent": _("The rent changes"),
    "work": _("Work begins or ends"),
    "birth": _("A child is born"),
    "permit": _("The permit changes"),
    "measure": _("A measure begins"),
    "resumed": _("Support begins again"),
    "ended": _("Support ends"),
    "move": CHANGES["move"],
    "takeover": _("Moves here from another municipality"),
}
#: Why a change of a case isn't so, and what speaks against one.
CASE_DISPUTES: Words = {
    **{code: DISPUTES[code] for code in ("WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "NOT_SO")},
    "PERSON_UNKNOWN": DISPUTES["PERSON_UNKNOWN"],
    "NO_CLAIM_PERIOD": _("No claim is accepted for this day"),
    "LATE": _("Support ended more than a year before: the case is notified anew"),
    "DOCUMENT_MISSING": AGAINST["DOCUMENT_MISSING"],
    "ALREADY_NOTIFIED": _("The claim goes on already"),
    "ALREADY_SETTLED": _("Later days are settled already: the difference follows as a correction"),
    "PAID_LATER": _("More has been paid for months after the last day"),
}
#: How somebody left a municipality, in the register.
LEFT: Words = {
    **{how: CHANGES[how] for how in ("disappearance", "departure", "death")},
    "moved": _("Moved, says the municipality that she left"),
}
#: What becomes of own earnings, in the register.
EARNINGS: Words = {"own": CHANGES["earnings"], "earnings_ended": CHANGES["earnings_ended"]}
ROLES: Words = {"adult": _("adult"), "child": _("child")}
#: What speaks against a request for approval of a cost, and why one isn't approved, or not all of it.
COST_AGAINST: Words = {
    "RATE_WRONG": _("The price is above the tariff"),
    "NO_CLAIM_PERIOD": _("Not all of its days are days for which support is reimbursed"),
    "OTHER_MUNICIPALITY": _("Another municipality is responsible on some of its days"),
    "OTHER_PAYER_FIRST": _("Somebody else pays first, and it isn’t said what they pay"),
    "DUPLICATE": _("A cost of this kind is approved or asked for already on some of its days"),
    "NO_TARIFF": _("No rule is entered for this kind of cost: the price can’t be checked"),
    "NOT_ALLOWED": _("This kind of cost isn’t borne"),
    "NOT_NEEDED": _("It isn’t shown that it is needed"),
    "DOCUMENT_MISSING": _("Something that shows it is missing"),
    "PERSON_UNKNOWN": _("She isn’t known here"),
}
#: Why an approval is changed or ended.
APPROVAL_CHANGED: Words = {
    "RATE_WRONG": COST_AGAINST["RATE_WRONG"],
    "NO_CLAIM_PERIOD": COST_AGAINST["NO_CLAIM_PERIOD"],
    "OTHER_MUNICIPALITY": COST_AGAINST["OTHER_MUNICIPALITY"],
    "OTHER_PAYER_FIRST": _("Somebody else pays, or pays a part"),
    "NOT_NEEDED": _("It isn’t needed any more"),
    "OVER_EARLIER": _("It was over earlier"),
    "MORE_NEEDED": _("More is needed"),
    "MISTAKE": _("It was approved by mistake"),
}
#: Why a change of an approval isn't noted.
NOT_KEPT: Words = {
    "APPROVAL_UNKNOWN": _("No approval has this number here"),
    "PERSON_UNKNOWN": COST_AGAINST["PERSON_UNKNOWN"],
    "OVERTAKEN": _("Another change with the same place in the order is noted already"),
}
#: What speaks against a bill of an institution, and why one isn't paid.
BILL_AGAINST: Words = {
    "APPROVAL_MISSING": _("Nothing was approved for her under this number"),
    "NOT_IN_FORCE": _("The approval isn’t in force on all days that are billed"),
    "APPROVAL_EXCEEDED": _("More is billed than is left of the approval"),
    "RATE_WRONG": _("One costs more than was approved"),
    "DUPLICATE_INVOICE": _("A bill with this number or reference is there already"),
    "OTHER_BANK_DETAILS": _("Nobody has confirmed the account of this bill as theirs"),
    "NOT_DELIVERED": _("It wasn’t done as it is billed"),
    "DOCUMENT_MISSING": COST_AGAINST["DOCUMENT_MISSING"],
    "PERSON_UNKNOWN": COST_AGAINST["PERSON_UNKNOWN"],
}
#: Why the text of a QR-bill can't be billed by.
QR_CODES: Words = {
    "format": _("This is no text of a QR-bill: it begins with SPC. Scan the code again."),
    "iban": _("The IBAN in the code can’t be right: check your QR-bill."),
    "currency": _("The QR-bill isn’t in francs: only francs are billed."),
    "amount": _("The amount in the code can’t be read: check your QR-bill."),
    "reference": _("The reference in the code doesn’t fit its IBAN: check your QR-bill."),
}
#: Who reimburses the municipality, by the code in the rules.
PAYERS: Words = {
    "KSA-AK": _("Canton, asylum coordination (lump sum a day)"),
    "KSA-ÖS": _("Canton, public social assistance (section 44)"),
    "municipality": _("Nobody: the municipality bears it"),
    "own": _("Nobody: she lives on own earnings"),
}
#: That nothing of it holds.
NONE: Words = {
    "municipality": _("No municipality"),
    "status": _("No status"),
    "earnings": _("No own earnings"),
}
#: What a notice came by.
KINDS: Words = {
    "assignment": _("Assignment"),
    "mutation": _("Change"),
    "case_notification": _("Case under section 44"),
    "case_change": _("Change of a case under section 44"),
}
#: What the register is about.
WHAT: Words = {
    "municipality": _("Municipality"),
    "status": _("Status"),
    "earnings": _("Own earnings"),
    "claim": _("Section 44 reimburses"),
    "closing": _("Section 44 reimburses no more"),
}
#: Whose account it is: what the partner is to us.
SIDES: Words = {"payer": _("we pay"), "claimant": _("pays us")}
#: The figures of an account, in the order in which money passes through them.
FIGURES: Words = {
    "claimed": pgettext_lazy("account", "Claimed"),
    "in_check": _("In check"),
    "cut": _("Cut"),
    "expired": _("Expired"),
    "accepted": _("Accepted"),
    "netted": _("Netted"),
    "paid": _("Paid"),
    "open": pgettext_lazy("account", "Open"),
}
MOVES: Words = {name: FIGURES[name] for name in ("claimed", "cut", "expired", "accepted", "netted", "paid")}
#: By what law it is claimed.
REGIMES: Words = {"asylum": _("Asylum support"), "section 44": _("Section 44"), "bills": _("Bills of institutions")}
#: What a message asks about.
MESSAGES: Words = {
    "application": _("Application handed over"),
    "approval_change": _("Change of a cost approval"),
    "assignment": _("Assignment"),
    "case_change": _("Change of a case"),
    "case_notification": _("Case under section 44"),
    "case_transfer": _("Case handed over"),
    "cost_approval": _("Cost approval"),
    "document_request": _("Documents asked for"),
    "mutation": _("Change in the register"),
    "payment_advice": _("Payment announced"),
    "provider_bill": _("Bill"),
    "question": _("Question"),
    "reclaim": _("Reclaim"),
    "reconciliation": _("Comparison of accounts"),
    "settlement": _("Question about a settlement"),
}
#: What a posting or an entry rests on.
RESTS: Words = {
    "statement": _("Settlement"),
    "answer": _("Answer on a settlement"),
    "correction": _("Correction"),
    "reclaim": _("Reclaim"),
    "line": _("Line"),
    "booking": _("Booking"),
    "payment": _("Payment"),
}
#: How an account compares with the partner's, by the state of the message that told it.
COMPARED: Words = {
    Business.NONE: _("not answered yet"),
    Business.ACCEPTED: _("equal to the cent"),
    Business.REJECTED: _("not the same"),
    Business.RECALLED: _("recalled"),
}
#: How a payment that was told stands at who is paid, and its tag.
ANNOUNCED: dict[str, tuple[str | Promise, str]] = {
    "announced": (_("announced"), "info"),
    "late": (_("hasn’t arrived yet"), "warning"),
    "arrived": (_("arrived"), "success"),
    "failed": (_("reached nobody: it is open again"), "danger"),
    "differs": (_("doesn’t fit our account"), "danger"),
}
#: The same at who pays, by the state of the message.
ADVISED: dict[str, tuple[str | Promise, str]] = {
    Business.NONE: (_("told, not answered yet"), "info"),
    Business.ACCEPTED: (_("fits the partner’s account"), "success"),
    Business.REJECTED: (_("doesn’t fit the partner’s account"), "danger"),
    Business.RECALLED: (_("recalled"), "neutral"),
}
#: How a reclaim stands, and its tag.
RECLAIMED: dict[str, tuple[str | Promise, str]] = {
    "proposed": (_("waits for a second person"), "warning"),
    "dropped": (_("not told"), "neutral"),
    "told": (_("to be answered by the municipality"), "warning"),
    "accepted": (pgettext_lazy("reclaim", "accepted"), "success"),
    "objected": (_("objected to: the canton decides"), "warning"),
    "kept": (_("kept all the same"), "danger"),
    "withdrawn": (_("withdrawn: nothing is claimed back"), "success"),
}
#: Why a line, or a part of it, isn't reimbursed.
CHECKS: Words = {
    "LATE": _("Claimed too late"),
    "NO_CLAIM_PERIOD": _("No support in this period"),
    "TEN_YEARS_REACHED": _("Ten years in the canton are over"),
    "SEVEN_YEARS_REACHED": _("Seven years since entry are over"),
    "WRONG_STATUS": _("The status was another one on these days"),
    "OTHER_MUNICIPALITY": _("Another municipality, or none, was responsible on these days"),
    "DUPLICATE_DAY": _("These days are claimed or settled already"),
    "DUPLICATE_INVOICE": _("This invoice is claimed already"),
    "NOT_ACCREDITED": _("The offer isn’t accredited"),
    "AREA_NOT_ALLOWED": _("This area isn’t reimbursed for the status"),
    "TARGET_GROUP": _("Not of the target group"),
    "APPROVAL_MISSING": _("The cost approval is missing"),
    "APPROVAL_EXCEEDED": _("More than was approved"),
    "OTHER_PAYER_FIRST": _("Somebody else pays first"),
    "SPLIT_WRONG": _("Divided wrongly"),
    "RATE_WRONG": _("The rate of these days is another one"),
    "INCOME_MISSING": _("She lived on own earnings on these days"),
    "DOCUMENT_MISSING": _("A document is missing"),
    "CEILING_REACHED": _("The ceiling is reached"),
    "ALREADY_SETTLED": _("Settled already, or never settled"),
}
OUTCOMES: Words = {
    "accepted": pgettext_lazy("line", "accepted"),
    "cut": pgettext_lazy("line", "cut"),
    "refused": pgettext_lazy("line", "refused"),
}
#: Kinds of lines that no account names.
LINES: Words = {"days": _("Days"), "cost": _("Cost"), "income": _("Income that is set off")}
#: What a decision grants, where it stands as an account.
DECIDED = _("Support that was decided")
#: In place of the name of somebody whom the reader isn't cleared for.
WITHHELD = _("Protected person")
#: Where something is missing, or that it isn't the same.
DIFFERS: Words = {
    "here": _("missing here"),
    "there": _("missing with the partner"),
    "different": _("not the same at both"),
}
ORDERS: Words = {
    "ordered": _("waits for a second person"),
    "released": _("released; its file is being written"),
    "sent": _("written for the bank, and posted"),
    "accepted": _("the bank takes it"),
    "paid": _("the bank has paid"),
    "rejected": _("the bank refused it: it is open again"),
    "returned": _("the money came back: it is open again"),
    "withdrawn": _("taken back"),
}
#: How an order stands that was released before files were written.
POSTED = _("released and posted")
#: Why the file of an order can't be written.
_FILE: Words = {
    "file: account: changed": _("something else is open by now, or the partner is paid elsewhere: take it back"),
    "file: execution_on: past": _("the day on which the bank was to pay is past: take it back and order it anew"),
}
SAID: Words = {Action.RECALL: _("Recalled"), Action.REMINDER: _("Reminder")}
TRANSPORT: Words = {
    Transport.DRAFTED: _("being written"),
    Transport.SEALED: _("leaves in a moment"),
    Transport.TAKEN_BACK: _("taken back"),
    Transport.HANDED_OVER: _("on its way"),
    Transport.DELIVERED: _("delivered, no answer yet"),
    Transport.REJECTED: _("not delivered"),
    Transport.EXPIRED: _("not collected in 14 days"),
}
BUSINESS: Words = {
    Business.IN_CHECK: _("they are looking at it"),
    Business.ACCEPTED: _("taken"),
    Business.CHANGED: _("taken in part"),
    Business.REJECTED: _("not taken"),
    Business.QUESTION: _("asked back"),
    Business.RECALLED: _("recalled"),
}
_COLOURS = {
    Business.ACCEPTED: "success",
    Business.CHANGED: "warning",
    Business.REJECTED: "danger",
    Business.QUESTION: "warning",
    Transport.REJECTED: "danger",
    Transport.EXPIRED: "danger",
}

REFUSALS: Words = {
    "too late to take back": _("It can’t be taken back any more: ten seconds have passed since it was sent."),
    "sent already": _(
        "This form was sent before, and what it said then is done. Send it again only if this is another."
    ),
    "no such partner": _("This municipality can’t be reached from here."),
    "answer by": _("Choose a day after today, at most three months ahead."),
    "protected exchange": _("She is protected, or somebody in her household is: nothing about her leaves by message."),
    "assess first": _("Her data are marked as confidential: write why it may be told all the same."),
    "no residents": _("Enter how many residents it has."),
    "month not over": _("The month isn’t over yet."),
    "nothing booked": _("Nothing is booked for this month."),
    "same delivery": _("It would say the same as the newest one."),
    "training": _("Nothing leaves where people train."),
    "no sedex": _("The receiver at sedex isn’t set yet: whoever runs the system sets it."),
    "not the newest delivery": _("There is a newer one of this month."),
    "delivery differs": _("Something was booked or recorded since: put it together anew, and look at that."),
    "say why": _("Something is found: write why it is sent all the same."),
    "category": _("Choose a category from the list."),
    "class source": _("Write on what it rests."),
    "same class": _("It is of this category already."),
    "ending reason": _("Choose a reason from the list."),
    "ending month": _("This dossier doesn’t end in this month any more."),
    "not decided yet": _("Support can’t be decided on a day to come."),
    "against it": _("Something speaks against it: write why it is claimed all the same, or change it."),
    "speaks against it": _("Something speaks against it: write why it is told all the same, or change it."),
    "last day": _("Nothing is reimbursed until a day before the first that is claimed."),
    "not ended yet": _("Support can’t have ended on a day to come: tell it then."),
    "not a municipality": _("Only a municipality notifies a case, to its canton."),
    "moves to": _("She can’t move to the municipality that she leaves."),
    "no number": _("She has no ZEMIS number here: nothing can be told about her."),
    "moves from": _("She can’t move from the municipality that she is assigned to."),
    "not here": _("One of these people can’t be assigned by you: ask a colleague with more clearance."),
    "birth to come": _("The day of birth is still to come."),
    "arrival day": _("Nobody arrives before the day of the assignment: ask for another day instead."),
    "not the canton": _("Only the canton does this."),
    "holder": _("Write the holder of the account, the postcode and the town."),
    "iban": _("This is no IBAN, or it is a QR-IBAN: check it against the bank’s letter."),
    "qr iban": _("This is no QR-IBAN: its bank number lies between 30000 and 31999. Leave it empty if there is none."),
    "days back": _("These days don’t count any more, or never did."),
    "more back": _("Claim back no more than was accepted and is left."),
    "claimed back": _("This line is claimed back already."),
    "no such line": _("This settlement has no such line of which anything is left."),
    "time to answer": _("The municipality still has time to answer."),
    "second pair of eyes": _("Somebody else has to look at it: not the person who entered it."),
    "nothing open": _("Nothing is open here."),
    "no bank details": _("Nobody has confirmed where this partner is paid."),
    "other bank details": _("Nobody has confirmed the account of this bill as theirs"),
    "payment ordered": _("A payment waits for its release, or for its file, already."),
    "payments held": _(
        "Payments are held: this installation was restored from a backup. Compare with the bank what has left since, "
        "then let the operator release them."
    ),
    "too many postings": _("This account has too many postings for one message."),
    "why": _("Write why."),
    "late": _("It came after its day: write why it is accepted all the same."),
    "no lines": _("There is no such line."),
    "answered": _("This line is answered already."),
    "amount": _("Accept less than is claimed, and more than nothing; or accept or refuse it as a whole."),
    "days": _("Choose days that the line claims and that aren’t settled yet."),
    "window": _("The period isn’t over yet."),
    "nothing changed": _("Nothing has changed since it was sent."),
    "on its way": _("The canton hasn’t said yet that it has what was sent last: try again in a few minutes."),
    "no such value": _("Choose what counts."),
    "nothing to take": _("There is no row that could be taken: undo it and bring the files again."),
    "changed since": _(
        "The register has changed since: rows that could be taken can’t be any more. Undo it and bring the files again."
    ),
    "not a payer": _("A municipality asks its canton, an institution a canton or a municipality."),
    "approved more": _("Approve no more than is asked for: amount, share and days."),
    "in full": _("This is all that is asked for: approve it in full, or approve less."),
    "unknown person": _("She isn’t registered here: register her first, or refuse."),
    "ceiling": _("Write a price above nothing, or leave it empty."),
    "changed more": _("Change it to no more than was asked for: amount and days. For more they ask anew."),
    "nothing changes": _("This is what it says already: change the amount or the last day."),
    "before it began": _("The last day isn’t before the first."),
    "ends before told": _("It can’t end on a day that is over: what arose until today was borne."),
    "billed from": _("Choose today or a later day: what was billed before stays as it was."),
    "change under way": _("An earlier change of it isn’t noted there yet: wait for that, or take it back."),
    "proposed before": _("A colleague has proposed a change already: tell it, or take it back first."),
    "two people": _("Our rules want two people for it: propose it, and a colleague tells it."),
    "proposed otherwise": _("A colleague has proposed something else in between: look at the page again."),
    "limit": _("Write an amount."),
    "swiss iban": _("This is no IBAN of Switzerland or Liechtenstein: check it against the bill."),
    "reference": _("This reference can’t be paid to this IBAN: check both against the bill."),
    "approval missing": _("Nothing was approved for her under this number: ask back, or say why it isn’t paid."),
    "against the bill": _("Something speaks against it: write why it is paid all the same, or say no."),
    "billed twice": _("It is billed already: nothing is paid twice. Say so, or ask back."),
}
#: Why money that came in can't be matched so.
MATCHES: Words = {
    "payment number": _("Write the number by which the partner names this payment."),
    "number posted": _("A payment with this number is posted on this account already."),
    "more than open": _("More came in than is open there. Choose what it pays, or ask the partner what the rest is."),
    "no such case": _("There is no case with this number here, or you may not see it. Check the number."),
    "no such claim": _("There is no claim with this number here, or you may not see it. Check the number."),
    "more than claimed": _("More came in than is left to pay. What is beyond it isn’t ours: ask whom to pay it back."),
    "no amount": _("The bank gives no amount: ask the bank."),
    "other currency": _("It came in another currency than that of the case."),
    "month": _("Choose a month from the opening of the case to this one."),
    "day": _("The bank booked it on a day to come: match it then."),
    "counterparty": _("Write whom it came from."),
    "booked already": _("This is booked on the case already."),
}
#: Who says what a notice of an import says.
IMPORTED = _("The register of another system")
#: How an import of a register stands, its tables, why files can't be read, and why a row isn't taken.
IMPORT_STATES: Words = {
    "verified": _("verified"),
    "imported": _("waits for a second person"),
    "confirmed": _("goes into the register"),
    "carried": _("in the register"),
}
TABLES: Words = {"persons": _("Persons"), "claims": _("Claims under section 44"), "items": _("Open items")}
UNREADABLE: Words = {
    "text": _("A file is neither text nor a workbook. Save the table as CSV or as a workbook (xlsx) and try again."),
    "quotes": _("A quotation mark is missing in a file, so that its rows can’t be told apart."),
    "workbook": _("The workbook can’t be read. Save the tables as CSV and try again."),
    "size": _("A file is too large."),
    "columns": _("The first line of “%(file)s” names the columns of no table."),
    "twice": _("“%(file)s” is a table that came already in another file."),
    "empty": _("There is no row in the files. Choose files with the tables of the register."),
}
FAULTS: Words = {
    "COLUMNS": _("more values than columns"),
    "MISSING": _("is empty"),
    "LONG": _("is too long"),
    "DAY": _("is no day; expected is 2026-01-31 or 31.1.2026"),
    "AMOUNT": _("is no amount; expected is 1250.50"),
    "NUMBER": _("is no ZEMIS number"),
    "TWICE": _("stands more than once: none of these rows is taken"),
    "MUNICIPALITY": _("is no municipality that can be reached; expected is its address or its number of the BFS"),
    "STATUS": _("is no status; expected is N, F-A, S, F-R or B-R"),
    "REGIME": _("is no regime; expected is asylum or section 44"),
    "ORDER": _("lies before or after a day that it can’t"),
    "TO_COME": _("is still to come"),
    "NAME": _("is registered here under another name"),
    "NOT_HERE": _("can’t be brought by you: ask a colleague with more clearance"),
    "KNOWN": _("is in the register already"),
    "NO_PERSON": _("is nobody whom this import takes"),
    "OVERLAP": _("two claims for her lie on the same days"),
    "SUM": _("doesn’t add up: open is what was accepted and not paid, and no part is more than its whole"),
    "POSTED": _("was taken over already"),
}
#: Why a ZEMIS number can't be taken.
NUMBERS: Words = {"form": _("Write the ZEMIS number with digits, points and dashes, for example 21004711.0.")}
OVERTAKEN = _("Something has happened in between: look at the page again before you go on.")


def why_refused(problems: list[str]) -> str:
    """Why the file of an order can't be written, in words where there are any."""
    return "; ".join(str(_FILE.get(one, one)) for one in problems)


#: How far a month's delivery to the federal office of statistics is.
DELIVERY_STATES: Words = {
    "made": _("not sent"),
    "sent": _("sent"),
    "arrived": _("arrived at the office"),
    "refused": _("refused by sedex"),
    "expired": _("never fetched"),
}
DIRECTIONS: Words = {"expense": _("Money spent"), "income": _("Money taken in")}
#: Account codes that no kind of cost or income names.
ACCOUNTS_OF_A_CASE: Words = {
    "forsorjningsstod": _("Support by decision"),
    "forskott": _("Advance"),
    "retur": _("Came back from the bank"),
    "felutbetalt": _("Paid beyond the decision"),
    "inkomst": _("Other money that came in"),
    "aterkrav": _("Paid back"),
    "avstadd": _("From who pays for somebody"),
}
#: What sedex says of a delivery; other codes in its own words.
SEDEX_SAYS: dict[int, str | Promise] = {
    0: _("put into the outbox"),
    601: _("on its way"),
    100: _("in the office’s inbox"),
    201: _("there already"),
    204: _("never fetched"),
    701: _("not fetched yet"),
}


def refusal(trouble: NotPossible) -> str:
    """What to tell the person about an operation that couldn't be done."""
    return str(REFUSALS.get(trouble.code, trouble.code))


def standing_of(message: Message) -> tuple[str, str]:
    """How an assignment stands, in words, and the colour of the tag: by its matter, before that by its way."""
    if message.direction == Direction.IN and message.business in (Business.NONE, Business.IN_CHECK):
        return (str(_("your unit is looking at it")), "info") if message.business else (str(_("new")), "warning")
    state = message.business or message.transport
    words = BUSINESS if message.business else TRANSPORT
    return str(words[state]), _COLOURS.get(state, "info")  # type: ignore[call-overload]


#: How a change stands, where it isn't called as of an assignment.
_CHANGE: Words = {
    Business.ACCEPTED: _("it is so"),
    Business.CHANGED: _("so for some of them"),
    Business.REJECTED: _("it isn’t so, they say"),
}


#: How questions about lines stand, where it isn't called as of an assignment.
_QUESTION: Words = {Business.ACCEPTED: _("answered"), Business.CHANGED: _("answered in part"),
                    Business.REJECTED: _("not known there")}  # fmt: skip


def question_standing(message: Message) -> tuple[str, str]:
    """The same of questions about lines of a settlement."""
    words, colour = standing_of(message)
    return str(_QUESTION.get(message.business, words)), colour


def statement_standing(
    open_lines: int | None, canton: bool, refused: str | None = "", moved: Figures | None = None
) -> tuple[str, str]:
    """How a settlement stands, in words, and the colour of the tag: by how many lines are open, None before it was
    sent; at the claimant first by whether the payer has it, or refused it; by what the account says of its window
    (`moved`) whether it is paid."""
    if open_lines is None:
        return str(_("not sent yet")), "warning"
    if not canton and refused != "":
        return (str(_("not taken in")), "danger") if refused else (str(_("on its way")), "info")
    if not open_lines:
        settled = moved is not None and moved.accepted and not moved.waits
        return str(_("paid or netted") if settled else _("answered")), "success"
    return (str(_("to answer")), "warning") if canton else (str(_("with the canton")), "info")


def change_standing(message: Message) -> tuple[str, str]:
    """The same of a change."""
    words, colour = standing_of(message)
    return str(_CHANGE.get(message.business, words)), colour


#: How a notified case stands, where it isn't called as of an assignment.
_NOTIFICATION: Words = {
    Business.ACCEPTED: _("accepted"),
    Business.CHANGED: _("accepted for some of them"),
    Business.REJECTED: _("not accepted"),
}


def notification_standing(message: Message) -> tuple[str, str]:
    """The same of a notified case."""
    words, colour = standing_of(message)
    return str(_NOTIFICATION.get(message.business, words)), colour


#: How a request for approval of a cost stands, where it isn't called as of an assignment.
_COST: Words = {
    Business.ACCEPTED: _("approved"),
    Business.CHANGED: _("approved in part"),
    Business.REJECTED: _("not approved"),
}


#: How a change of an approval stands, where it isn't called as of an assignment.
_LIMIT: Words = {Business.ACCEPTED: _("noted by both"), Business.REJECTED: _("not noted there")}


def limit_standing(message: Message) -> tuple[str, str]:
    """The same of a change of an approval."""
    words, colour = standing_of(message)
    return str(_LIMIT.get(message.business, words)), colour


#: How a bill stands, where it isn't called as of an assignment.
_BILL: Words = {Business.ACCEPTED: _("accepted, will be paid"), Business.REJECTED: _("not paid")}


def bill_standing(message: Message) -> tuple[str, str]:
    """The same of a bill of an institution."""
    words, colour = standing_of(message)
    return str(_BILL.get(message.business, words)), colour


def cost_standing(message: Message) -> tuple[str, str]:
    """The same of a request for approval of a cost."""
    words, colour = standing_of(message)
    return str(_COST.get(message.business, words)), colour
