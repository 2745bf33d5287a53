"""Words for codes: refusals of operations, problems of forms, events, states, channels."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handslag.domain.exchange.sedex import Effect, effect_of
from handslag.domain.exchange.states import Action, Business, Code, Transport
from handslag.domain.tenancy.policies import NotPossible

REFUSALS: dict[str, str | Promise] = {
    "protected address": _("Somebody in the household is protected: no address is told."),
    "files too large": _("Together these are larger than a message can be: give fewer, and the others in another way."),
    "nothing told": _("Choose at least one thing to tell."),
    "transfer ground": _("Your organisation doesn’t hand cases over on this ground."),
    "consent day": _("This day is still to come."),
    "no such partner": _("Choose an organisation that can be asked."),
    "protected exchange": _(
        "Somebody in this household is protected. Nothing about it leaves by message: ask another way, as your "
        "instructions for protected people say."
    ),
    "assess first": _(
        "Somebody in this household has protected personal data. Write why this may be told to them all the same."
    ),
    "answer by": _("Choose a day from tomorrow on, within three months."),
    "no number": _("This person has no number by which the other side could know her."),
    "too late to take back": _("It can’t be taken back any more: ten seconds have passed since it was sent."),
    "out of turn": _("This can’t be done any more: it was answered or changed in between."),
    "nothing granted": _("Nothing was granted for this month."),
    "same file": _("Nothing has changed since: the newest file says the same."),
    "protected file": _("Somebody in it is protected. A registrar with the clearance for that has to make it."),
    "nobody told": _("Choose something."),
    "cause": _("Choose a cause from the list."),
    "delivered how": _("Write how it was delivered."),
    "step": _("Choose a step."),
    "minutes": _("Write a number of minutes above 0."),
    "baseline source": _("Write who measured it, when and how."),
    "month not over": _("Choose a month that is over."),
    "review begun": _("This month’s sample is drawn already: find it in the list."),
    "review closed": _("This month is closed."),
    "targeted at": _("Write the number of a case, or choose a member of staff: one of the two."),
    "targeted reason": _("Write in a sentence or two why these looks are reviewed."),
    "own look": _("Looks of your own are reviewed by somebody else."),
    "no look ticked": _("Tick the looks that you have reviewed."),
    "outcome": _("Choose what you found."),
    "outcome words": _("Write what was said, or who takes it on."),
    "looks left": _("Some looks still have no outcome. Your own are reviewed by another reviewer."),
    "review report": _("Write in a sentence or two what the month showed."),
    "person known": _("Somebody with this number is registered already. Search for the number."),
    "not here": _(
        "This number can’t be registered here. A colleague with the right clearance has to do it, and has been told."
    ),
    "person name": _("Enter at least one name."),
    "address": _("Write the address, or at least the town."),
    "later address": _("There is an address from a later day already. Choose that day or a later one."),
    "far day": _("Choose a day within a year from today."),
    "birth to come": _("This day of birth hasn’t come yet. Check the year."),
    "nothing to lower": _("Nothing waits to be agreed to any more."),
    "one or two adults": _("A household of a case has one or two adults. Another adult has a household of their own."),
    "in a household already": _("One of them is in a household already on that day."),
    "authority missing": _(
        "An authority hasn’t answered. Check in another way, or say on the case page why it can wait; then propose."
    ),
    "no answer chosen": _("Tick whose answer you go on without."),
    "no reason": _("Write how you have checked it otherwise, or why it can wait."),
    "long reason": _("The reason is too long for this place. Write it shorter, and the rest as a note."),
    "not connected": _("This organisation doesn’t ask other authorities."),
    "empty message": _("Write the answer."),
    "long message": _("The message is too long. Send it in several parts."),
    "said more": _("She has written since this page was opened. Read it above, then send your answer."),
    "other message": _("Another message was sent from this page. Reload the page, then send this one."),
    "applies": _("This person applies in an open case of the household. Close that case first."),
    "day before moving in": _("Choose a day after the person moved in."),
    "day before opening": _("Choose a day on or after the case was opened."),
    "closed": _("The case is closed already."),
    "worked elsewhere": _("This case is worked in another case system. It is decided and paid there."),
    "case reason": _("Write why the case is closed."),
    "adults of the household": _("The case must name exactly the adults of the household."),
    "open case": _("One of the adults has an open case already."),
    "channel": _("Choose how the application came in."),
    "form": _("The office doesn’t take applications by this form."),
    "incomplete": _("Some answers need your attention."),
    "signature missing": _(
        "Tick each signature that stands on the paper. Where one is missing, tick that too: the application is "
        "received all the same."
    ),
    "ground of acting": _("Your organisation doesn’t take that ground on-line."),
    "scope": _("Choose what the representative may do."),
    "last day": _("Choose a last day that is today or later, and not before the first."),
    "represents herself": _("Nobody is a representative of herself."),
    "protected representation": _(
        "One of the two can’t be served on-line. Take applications on paper, by telephone or at the counter."
    ),
    "represented already": _("This person acts for her already. End that first."),
    "no evidence": _("Write where the paper with the signature is kept."),
    "signed already": _("This signature is noted already."),
    "signature of one missing": _("The applicant must have signed. Tick the signature if it stands on the paper."),
    "counterparty": _("Write whom the money came from."),
    "other content": _("This form was sent before with other content. Open a new form if this is another application."),
    "key taken": _("This form can’t be sent. Open a new one; what you typed stays on this page until then."),
    "draft on-line": _(
        "An application for this month is under way on-line. Wait for it, or ask the person to withdraw it."
    ),
    "month": _("Choose a month from two months ago to the next."),
    "sent already": _(
        "This form was sent before, and what it said then is done. Send it again only if this is another."
    ),
    "second person": _("A second person who may grant advances confirms this one, in the case."),
    "month closed": _("This month can’t be applied for."),
    "facts": _("These facts can’t be calculated."),
    "local norm": _("No calculation could use this. Check name, amounts and table."),
    "example norm": _(
        "No decision can rest on an example, so it can’t be confirmed. Enter it anew with whose decision it is as its "
        "source, and as decided or worked out."
    ),
    "worked cases": _("With this value a worked case can’t be calculated. Look at what it would change."),
    "norms": _("No norm is in force for this month."),
    "precalculation runs": _("Such a calculation is under way, or has halted: look at it in the list."),
    "precalculation month": _("Choose a month that is at most a year away."),
    "precalculation value": _("This value ends a norm: there is nothing to calculate with."),
    "empty request": _("Write what you need to know or see."),
    "long request": _("Write less: at most 4,000 characters, and 30 lines of 200 for what is to be shown."),
    "newer application": _("A newer application or a correction has come. Calculate and save again before you go on."),
    "not in force": _(
        "This application was taken back or corrected, so a signature on it has no effect. Enter what came as an "
        "application."
    ),
    "taken back": _("The application was taken back: there is nothing to decide."),
    "taken back since": _(
        "An application was taken back since this was calculated. Look whether its lines still count, and save again."
    ),
    "fetched since": _(
        "An authority has said something new since this was calculated. Look at it in the case, then calculate and "
        "save again."
    ),
    "dispute since": _(
        "A dispute of a fetched line was answered since this was calculated. Calculate with that, and save again."
    ),
    "household since": _(
        "The register has another household than this calculation. Take it over in the case, then calculate and save "
        "again."
    ),
    "no budget": _("No budget that was decided holds for this month. Calculate it and propose a decision."),
    "budget months": _("Only a full grant holds for several months, for twelve at most."),
    "calculated already": _("Somebody has calculated this month: propose a decision on it."),
    "no declaration": _("She hasn’t declared this month yet."),
    "declared otherwise": _(
        "She declares something else than the budget rests on. Calculate the month and propose a decision."
    ),
    "household moved": _(
        "The household is another one than in the budget. Calculate the month and propose a decision."
    ),
    "reduced since": _(
        "A reduction that was decided holds in this month. Calculate the month and propose a decision."
    ),
    "kept back since": _(
        "An instalment is kept back by the budget, and what is left to pay is less by now. Calculate the month and "
        "propose a decision."
    ),
    "instalments since": _(
        "The calculation keeps back otherwise than what was decided, or than what is left to pay now. Calculate and "
        "save again."
    ),
    "appeal suspends": _("An appeal suspends this condition: nothing is reduced because of it while that runs."),
    "order appealed": _("An appeal against this is noted already."),
    "appeal forwarded": _("Give a day from when it came here, up to today."),
    "nothing to pay": _("Nothing is left to pay of this claim."),
    "kept back already": _("Another instalment is kept back in this case. Lift that one first."),
    "not heard first": _(
        "First ask what they think about this month, and wait for the answer or the day: nothing is kept back without "
        "it."
    ),
    "reductions since": _(
        "The calculation reduces otherwise than what was decided on this month. Calculate and save again."
    ),
    "condition about": _("Write what she has to do, in words; it takes 4,000 characters."),
    "condition open": _("The day of this condition hasn’t passed yet."),
    "condition ended": _("This condition was met, or holds no longer."),
    "order waits": _("A proposal of this case waits to be decided. The next one can be made after that."),
    "reduced from": _(
        "Choose a month after the day of the condition that isn’t decided; to lift it, one that is reduced."
    ),
    "reduced already": _("Another reduction holds in one of these months. Lift that one first."),
    "not heard yet": _(
        "First ask what they think about this month, and wait for the answer or the day: no reduction is decided "
        "without it."
    ),
    "percent": _("At most %(most)s per cent."),
    "reduction months": _("At most %(most)s months."),
    "yearly limit": _("The budget has a cost with a limit for the year. Calculate the month and propose a decision."),
    "not as in the budget": _(
        "By today’s norms and ages it is another amount than in the budget. Calculate the month and propose a decision."
    ),
    "not the newest sheet": _("There is a newer calculation. Look at it before you go on."),
    "reasons": _("Write the reasons in words: which facts decided it."),
    "no remedy": _("How an order is appealed in this canton isn’t known here: nothing can be decided."),
    "language": _("Choose one of the languages of letters."),
    "example norms": _(
        "The calculation rests on an example of a norm, and no decision can. One of your organisation’s an "
        "administrator replaces or withdraws under Norms; then calculate again."
    ),
    "proposed": _("There is a proposal for this month already."),
    "not heard": _(
        "First ask what they think, and wait for the answer or the day. Or write why that is clearly not needed."
    ),
    "appealed": _(
        "The decision is appealed: until the court has it, it is changed only where it is obviously wrong and quickly "
        "put right (38 §)."
    ),
    "appeal runs": _(
        "A decision on one of these months is appealed. The claim waits until the court has decided, or the appeal is "
        "dismissed."
    ),
    "with the court": _("The appeal is with the court: only the court changes the decision now."),
    "no appeal": _("Scan the paper, or write what it says."),
    "long appeal": _("The text is too long for this place. Scan the paper instead."),
    "appeal day": _("Choose a day that has been, and that fits what happened before it."),
    "finding": _("Choose what you find."),
    "appeal told": _("Choose the day on which she got the decision: not before it was taken, nor a day to come."),
    "appeal in time": _("By that day it came in time: three weeks, to the next working day."),
    "appeal late": _("By that day it came late. Say that, or why it isn’t dismissed, or choose another day."),
    "files waiting": _("A file isn’t checked for viruses yet. Wait a minute, then try again."),
    "hearing about": _("Write what you consider to decide, and what that rests on; it takes 10,000 characters."),
    "hearing day": _("Choose a later day than today."),
    "hearing open": _("They are asked already and still have time to answer."),
    "hearing answered": _("This is answered already."),
    "hearing over": _("The month was decided in between. Look at the decision."),
    "same calculation": _("This calculation is decided. Change what was wrong and calculate again, then propose."),
    "refusal ground": _("That ground isn’t there for this month. Choose another one."),
    "ground of change": _("Choose why the decision is changed."),
    "to disadvantage": _("Less than was decided can only be decided on one of the grounds that the law names."),
    "repayable": _(
        "Choose on which condition it is to be paid back; a refusal has none, and none is added afterwards."
    ),
    "not an advance": _("The decision on that month doesn’t say that it is an advance on a benefit."),
    "beyond granted": _("That is more than was paid for that month and hasn’t come back."),
    "purpose": _("Write what the help is for, in at most 120 characters."),
    "applied": _("Write how much is applied for."),
    "beyond applied": _("Grant at most what is applied for; 0 if nothing is granted."),
    "recovery ground": _("Choose on what ground it is claimed back."),
    "section": _("Write the section of law."),
    "beyond paid": _("More than was paid too much, or than isn’t claimed yet. Look at the amounts of each month."),
    "more than claimed": _("That is more than is left to pay."),
    "agreed": _("Write what you agreed, with whom and when."),
    "claim": _("This is a claim to pay back. Whoever may decide can give it up, wholly or in part."),
    "decision": _("This rests on a decision. Change the decision: its booking is corrected by that."),
    "second pair of eyes": _("You prepared this yourself. A colleague has to take the next step."),
    "delegation": _("You have no delegation for this decision and amount. Somebody who has takes it."),
    "delegation kind": _("Choose which decisions."),
    "delegation to": _(
        "Choose deciders, caseworkers, or one colleague who works here; nobody only for what is automated."
    ),
    "phrase": _("This phrase isn’t in force. Choose another."),
    "co-applicant": _("There is no co-applicant in this case."),
    "one record": _("That is the same record."),
    "merged already": _(
        "One of the two is proposed to be merged, or is merged, already. Look at the list of merged records."
    ),
    "other birth day": _("The two have different days of birth: as registered, they are two people."),
    "other number": _("Both have a number of the same type, so they are two people, or one number is wrong."),
    "less protected": _("The record that stays is less protected than the other. Raise its protection first."),
    "goes on": _(
        "Something still goes on by the record that would lead to the other. Choose that one as the one that stays; "
        "or, if both have a case, end in one of them what goes on, and go on in the other. It is:"
    ),
    "lower merged": _(
        "Another record of the same person leads here. Undo the merge first, and look at the protection of each by "
        "itself."
    ),
    "merge reason": _("Write why: it stays beside the two records."),
    "clause": _("Write the clause of the delegation order."),
    "delegation source": _("Write whose decision it is, of which day."),
    "switch unit": _("Choose a unit and a group that the connection names."),
    "switch reason": _("Write in a sentence why, and by whose decision."),
    "switched so": _("It is so already."),
    "switch waits": _("For this unit and group something waits to be confirmed or taken back first."),
    "automated months": _("Write how many months in a row, 1 to 12, may be granted without a person."),
    "e-mail": _("This is no e-mail address."),
    "staff name": _("Write the name; it takes 120 characters."),
    "unit": _("Choose a unit."),
    "clearance": _("Choose a protection level."),
    "admitted already": _("She has a place here already. Propose a role instead."),
    "own role": _("Nobody gives herself a role."),
    "no such role": _("She doesn’t hold this role any more."),
    "role held": _("She holds this role already on one of these days."),
    "role proposed": _("This role is proposed for her already: another administrator gives it."),
    "last administrator": _("She is the only administrator. Another one must be there first."),
    "log-in in use": _("Her log-in is in use, or was made elsewhere: she logs in with it. The operator can reset it."),
    "delegation days": _("The last day must not lie before the first."),
    "amount": _("Enter an amount above 0."),
    "source": _("Write what the booking rests on."),
    "reversed": _("This booking is corrected already."),
    "paid": _("The payment is on its way to the bank. It can’t be taken back here."),
    "past day": _("Choose today or a later day."),
    "far pay day": _("That is more than two months ahead, and everything due now would wait for it. Check the year."),
    "day to answer": _("Choose a day after today."),
    "payments held": _(
        "Payments are held: this installation was restored from a backup. Compare with the bank what has left since, "
        "then let the operator release them."
    ),
    "nothing due": _("No payment is due by that day."),
    "no account": _("There is still no account for this person. A registrar can record one."),
    "bank name": _(
        "The bank’s file takes Latin letters only, and this name can’t be written in them, or only in part. A "
        "registrar writes the name as it stands in the passport or at the bank; then the payment is planned by itself."
    ),
    "payee name": _(
        "The bank’s file takes Latin letters only, and this payee’s name can’t be written in them, or only in part. "
        "Write the name in Latin letters, as the bank has it."
    ),
    "bank message": _(
        "The bank can’t send the message of this order. End the order, order it anew, and let the payment go by that "
        "one."
    ),
    "message": _("The bank can’t send this message: write all of it in Latin letters or digits."),
    "no slips": _("The bank takes no payment slips as it is set up here. Record an account for this person."),
    "no address": _("A payment slip needs a street, a postcode and a town. A registrar can record them."),
    "booked already": _("This is booked already: the same evidence, account, person and amount."),
    "whose income": _("This person doesn’t live in the household in that month."),
    "no such page": _("That PDF has no such page."),
    "came back already": _("This page is noted as come back already, or somebody looks at it."),
    "why refused": _("Write why the advance is refused."),
    "decided meanwhile": _(
        "The month is decided meanwhile: an advance beside the decision would be paid on top. Refuse it. Pay at once "
        "what is planned, if anything is; what is urgent beside that is other help, or a new decision."
    ),
    "why redirected": _("Write why it goes to somebody else."),
    "why cancelled": _("Write why you cancel the run."),
    "no banking day": _("Banks don’t pay on that day. Choose a banking day."),
    "cut-off": _("It is too late for the bank to pay on that day. Choose a later banking day."),
    "cut-off passed": _("The bank’s cut-off for this day has passed. Cancel the run and reserve a new one."),
    "account reason": _("Write why the account isn’t changed."),
    "changed today": _("The account was changed today already. It can be changed again tomorrow."),
    "reason": _("Write why you stop the payment."),
    "payee": _("This payee can’t be paid: it isn’t confirmed, or it has ended."),
    "name": _("Write the payee’s name."),
    "note": _("Write what it was."),
    "code": _("Choose what the account is for."),
    "ledger account": _("An account has up to twelve digits or letters."),
    "day not over": _("The day isn’t over yet."),
    "nothing posted": _("Nothing was posted on that day."),
    "fixed": _("The day is fixed already."),
    "chart": _("The chart of accounts lacks an account for"),
    "returned": _("Money that came back stays booked. Correct what is owed again instead."),
    "account number": _("This number can’t be right. Check each digit."),
    "organisation number": _("An organisation number has ten digits, and the last one must fit. Check it."),
    "ground": _("Write what it rests on: whose wish, and when it was told."),
    "reference": _("This OCR number can’t be right. It goes to a giro, without a message beside it. Check each digit."),
    "reference qrr_needed": _(
        "This payee has a QR-IBAN: it takes only the QR reference of 27 digits that stands on the QR-bill."
    ),
    "reference qr_iban_needed": _(
        "This is a QR reference, and it goes only to a QR-IBAN. This payee has an ordinary IBAN: write its SCOR "
        "reference (it begins with RF), or a message."
    ),
    "reference check_digit": _("This reference can’t be right. Check each digit against the bill."),
    "two texts": _("Write either the reference or a message, not both."),
    "months": _("The end must lie after the beginning."),
    "ordered already": _(
        "Money for the same already goes there in some of these months, and would then go there twice. End that order "
        "first, or say below that this is to be paid as well."
    ),
    "dispute unanswered": _(
        "An applicant says that a fetched line is wrong. Answer it under “From other authorities” first."
    ),
    "verdict": _("Choose what the office goes by."),
    "no why": _("Write why. The applicant reads it."),
    "long why": _("The reason takes 500 characters."),
    "decided": _(
        "This month is decided already: pay what it grants. What is urgent beside it is other help, or a new decision."
    ),
    "set off": _("An advance is set off here. Change the decision instead."),
    "given back": _(
        "This money is about to go out again, as it is granted after all. Stop the payment of that month first."
    ),
    "account known": _("This person has an account already. A second person has to confirm a change."),
    "colleague": _("Choose a colleague of the unit who works cases and may see these people."),
    "access reason": _("Choose why you need to open the case."),
    "access text": _("Write in your own words why, in ten characters or more."),
    "no such case": _("There is no case with this number that you may open. What you tried is logged."),
    "note text": _("Write the note; it takes 10,000 characters."),
    "note time": _("Write the day and the time of the call or the appointment."),
    "nothing chosen": _("Tick the applications first."),
    "nothing to remind": _(
        "None of these waits for its applicant, or all were reminded today. Only who has to answer is reminded."
    ),
    "deputy days": _("Choose a colleague and both days, the first before the last."),
    "deputy": _("Choose another colleague who works cases."),
    "replaced": _("Another decision has replaced it: look at that one."),
    "help has left": _("More than that has left already; it isn’t taken back by another decision."),
    "line gone": _("Choose the line that the document shows. One that you have added must be saved first."),
    "conflict": _("Somebody else was quicker. This is how it stands now."),
}

#: What a member of staff may be.
ROLES: dict[str, str | Promise] = {
    "registrar": _("Registrar: people, households, paper"),
    "caseworker": _("Caseworker: works cases"),
    "decider": _("Decider: takes decisions"),
    "payer": _("Payer: payments and settlements"),
    "administrator": _("Administrator: staff, norms, settings"),
    "reviewer": _("Reviewer: the log of looks"),
}
ACCESS_REASONS: dict[str, str | Promise] = {
    "cover": _("I stand in for a colleague who is away"),
    "person here": _("The person is here, or on the telephone"),
    "emergency": _("A need that can’t wait"),
    "supervision": _("A complaint, an appeal, or a check of our work"),
}

INBOX_STATES: dict[str, str | Promise] = {
    "waiting": _("not taken"),
    "taken": _("taken"),
    "asked": _("waits for the applicant"),
    "done": _("decided"),
}

#: The parts of a view of the inbox, and what each may be.
FILTERS: dict[str, str | Promise] = {
    "whose": _("Whose"),
    "whose mine": _("mine"),
    "whose unit": _("the unit’s"),
    "whose nobody": _("nobody’s"),
    "whose all": _("all that I see"),
    "state": _("State"),
    "state any": _("any"),
    "state waiting": _("not taken"),
    "state taken": _("taken"),
    "state asked": _("waits for the applicant"),
    "due": _("Due"),
    "due any": _("any day"),
    "due today": _("today or before"),
    "due week": _("within a week"),
    "channel": _("Came in"),
    "channel any": _("in any way"),
    "channel online": _("on-line"),
    "channel paper": _("on paper"),
    "channel phone": _("by telephone"),
    "channel counter": _("at the counter"),
}

NOTE_KINDS: dict[str, str | Promise] = {
    "note": _("Note"),
    "phone": _("Telephone call"),
    "appointment": _("Appointment"),
}

#: What a warning says; `what` is the line or the person that it is about.
WARNINGS: dict[str, str | Promise] = {
    "UNHANDLED_INCOME": _("A fetched payment that no rule has a place for: %(what)s"),
    "FETCHED_OTHERWISE": _("%(of)s: %(now)s fetched, %(before)s in the calculation"),
    "FETCHED_MARKED": _("The calculation counts otherwise than %(what)s says. It marks the person as protected."),
    "INCOME_CHANGE": _("%(what)s has changed much: %(before)s before, %(now)s now"),
    "CHANGE_MARKED": _("Payments from %(what)s have changed much. It marks the person as protected."),
    "MISSING_SSBTEK": _("No answer yet from %(what)s about %(whose)s"),
    "NEW_INCOME": _("New income: %(what)s %(now)s"),
    "NEW_EXPENSE": _("New cost: %(what)s %(now)s"),
    "NEW_PERSON": _("New in the household: %(what)s"),
    "INCOME_DROPPED": _("Income that is gone: %(what)s, %(before)s before. It counts only if you enter it."),
    "HOUSEHOLD_CHANGE": _("The household isn’t as last month"),
    "HOUSING_COST_CHANGE": _("%(what)s has changed: %(before)s before, %(now)s now"),
    "EXPENSE_REVIEW": _("%(what)s is to be looked at by a person"),
    "EXPENSE_CAPPED": _("%(what)s: %(before)s applied for, the guideline gives %(now)s"),
}

#: What a value of the municipality's is, as norm files say it.
NORM_STATUSES: dict[str, str | Promise] = {
    "official": _("Decided, as its source says"),
    "derived": _("Worked out from what was decided"),
    "example": _("An example: no decision can rest on it"),
}

PROBLEMS: dict[str, str | Promise] = {
    "choose": _("Choose an answer."),
    "missing": _("This has to be answered."),
    "day": _("Write the date as year, month and day, for example 2026-03-25."),
    "too long": _("The text is too long."),
    "too many": _("There are too many rows."),
    "empty": _("Enter an amount. Enter 0 if there is none."),
    "negative": _("Write the amount without a minus sign."),
    "characters": _("Write the amount with digits, for example 4390 or 4390,50."),
    "groups": _(
        "We can’t tell how much this is. Write it without dots, commas or spaces between the thousands, "
        "for example 4390 or 4390,50."
    ),
    "decimals": _("Write at most two digits after the comma, for example 4390,50."),
    "size": _("This amount is larger than we can take. Check the number of digits."),
}

#: What an applicant says is wrong with a fetched line.
DISPUTE_REASONS: dict[str, str | Promise] = {
    "amount": _("the amount is wrong"),
    "missing": _("didn’t get this money"),
    "not_mine": _("isn’t theirs"),
    "month": _("is for another month"),
    "other": _("something else"),
}

#: What a caseworker can decide about it.
VERDICTS: dict[str, str | Promise] = {
    "fetched": _("We go by what the authority says"),
    "said": _("We go by what the applicant says"),
    "other": _("We count it in another way"),
}

#: Why a look-up failed, in words; another code is shown as the authority sent it.
LOOK_UP_TROUBLES: dict[str, str | Promise] = {
    "no answer": _("the answer says nothing of this authority"),
    "timeout": _("no answer in time"),
    "unreachable": _("the service can’t be reached"),
    "paused": _("the service didn’t answer several times; it is tried again later"),
    "not understood": _("the answer couldn’t be read"),
    "about another person": _("the answer was about somebody else and wasn’t kept"),
    "no personal number": _("the person has no number to ask with"),
    "not connected": _("this installation isn’t connected"),
    "partial": _("some benefits couldn’t be delivered"),
}

TRANSPORT: dict[Transport, tuple[str | Promise, str]] = {
    Transport.DRAFTED: (_("being written"), "neutral"),
    Transport.SEALED: (_("leaves in a moment"), "info"),
    Transport.TAKEN_BACK: (_("taken back"), "neutral"),
    Transport.HANDED_OVER: (_("on its way"), "info"),
    Transport.DELIVERED: (_("delivered"), "info"),
    Transport.REJECTED: (_("not delivered"), "danger"),
    Transport.EXPIRED: (_("not collected in 14 days"), "danger"),
}
BUSINESS: dict[Business, tuple[str | Promise, str]] = {
    Business.NONE: ("", "neutral"),
    Business.IN_CHECK: (_("they are looking at it"), "info"),
    Business.ACCEPTED: (_("answered"), "success"),
    Business.CHANGED: (_("answered in part"), "success"),
    Business.REJECTED: (_("no answer possible"), "warning"),
    Business.QUESTION: (_("asked back"), "warning"),
    Business.RECALLED: (_("recalled"), "neutral"),
}
#: What somebody does by a message about a question, where the words in it don't say it.
SAID: dict[str, str | Promise] = {
    Action.RECALL: _("Question recalled"),
    Action.REMINDER: _("Reminder"),
}
#: What a message between organisations is, by its action.
WHAT: dict[str, str | Promise] = {
    Action.REQUEST: _("Question"),
    Action.RESPONSE: _("Answer"),
    Action.CORRECTION: _("Addition"),
    Action.RECALL: _("Recall"),
    Action.REMINDER: _("Reminder"),
}
#: Why a point isn't answered.
REASONS: dict[str, str | Promise] = {
    "NOT_KNOWN": _("Not known here"),
    "PERSON_UNKNOWN": _("The person isn’t known here"),
    "NO_GROUND": _("There is no ground to tell it"),
    "OTHER_AUTHORITY": _("Another authority knows it"),
    "TOO_LARGE": _("Too large to go by message"),
    "NOT_NEEDED": _("Not needed here"),
    "NOT_MOVED": _("She hasn’t moved here"),
    "WRONG": _("It is wrong"),
}
#: Why the other side couldn't take in what was submitted or decided of a settlement.
FAULTS: dict[str, str | Promise] = {
    "NUMBER": _("Something else came under this number before"),
    "SUM": _("The number of lines or their sum isn’t right"),
    "WINDOW": _("There is no such fund or window"),
    "LINE": _("A line can’t be one"),
    "PERSON_UNKNOWN": _("The person isn’t known there"),
    "CORRECTS": _("A settled line that is corrected isn’t known there"),
    "ANSWERED": _("A line that is withdrawn was decided already"),
    "ALREADY_CLAIMED": _("A cost or a day is claimed already"),
    "STATEMENT": _("There is no such statement"),
    "DIFFERS": _("What is accepted isn’t the same at both sides"),
}
#: On what ground another municipality is told of a case.
TRANSFER_GROUNDS: dict[str, str | Promise] = {
    "consent": _("She consents"),
    "law": _("A section of law"),
}
#: What a decision of another municipality came to.
RESULTS: dict[str, str | Promise] = {
    "granted": _("granted"),
    "partly granted": _("partly granted"),
    "not granted": _("not granted"),
}
#: What a receipt of sedex says of a message, by its code.
SEDEX: dict[int, str | Promise] = {
    0: _("Put into the outbox of the sedex client."),
    100: _("It lies in the other side’s inbox at sedex; that they took it in, they say themselves."),
    200: _("Sedex can’t read its envelope: this system may be set up wrongly."),
    201: _("Sedex had it already; nothing follows."),
    202: _("Sedex found an envelope and no message beside it."),
    203: _("Sedex says it is too old to be sent."),
    204: _("The other side didn’t fetch it from sedex in time."),
    300: _("Sedex doesn’t know us as sender: our number there may be wrong."),
    301: _("Sedex doesn’t know the other side: its number there may be wrong or ended."),
    302: _("Sedex doesn’t know our client."),
    303: _("Sedex doesn’t know the type of message that was agreed."),
    304: _("Sedex doesn’t know the class of the message."),
    310: _("Sedex doesn’t allow us to send such messages there: it has to be applied for."),
    311: _("Sedex doesn’t allow the other side to receive such messages from us."),
    312: _("Our certificate at sedex has ended or was withdrawn."),
    313: _("Sedex doesn’t allow the other recipients."),
    320: _("The other side didn’t fetch it from sedex in time."),
    330: _("It is too large for sedex."),
    400: _("Sedex had trouble with the network. It is sent again by itself."),
    401: _("Sedex couldn’t be reached. It is sent again by itself."),
    402: _("Sedex couldn’t reach its directory. It is sent again by itself."),
    403: _("Sedex couldn’t write its log. It is sent again by itself."),
    404: _("Sedex couldn’t ask whether it is allowed. It is sent again by itself."),
    500: _("The sedex client had trouble of its own. It is sent again by itself."),
    501: _("The other side’s sedex client couldn’t receive it. It is sent again by itself."),
    601: _("Sedex has it, and is taking it to the other side."),
    701: _("The other side hasn’t fetched it from sedex, which won’t keep it for much longer."),
}
#: Why a message didn't arrive.
NOT_DELIVERED: dict[str, str | Promise] = {
    "protected": _("Somebody in the household became protected: it was kept here."),
    "overtaken": _("It was kept here: in between the question was answered or recalled."),
    Code.CONTENT: _("The other side can’t read it."),
    Code.OTHER_CONTENT: _("Another message came there under the same number."),
    Code.TOO_OLD: _("It came too late to be taken."),
    Code.EXPIRED: _("Nobody collected it in 14 days."),
    Code.NOT_FOR_US: _("It was for somebody else."),
    Code.UNKNOWN_TYPE: _("The other side doesn’t know this kind of message."),
    Code.UNKNOWN_REFERENCE: _("The other side doesn’t know the message that it is about."),
    Code.NOT_ASKED_BACK: _(
        "Nothing had been asked back there, so this isn’t taken: recall the first message, and send it anew."
    ),
    Code.SIGNATURE: _("The other side couldn’t check who sent it."),
    Code.TOO_LARGE: _("It is too large."),
    **{f"sedex {code}": text for code, text in SEDEX.items() if effect_of(code) in (Effect.REFUSED, Effect.EXPIRED)},
}
ORDER_KINDS: dict[str, str | Promise] = {
    "condition": _("Condition"),
    "reduction": _("Reduction"),
    "instalment": _("Instalment kept back"),
}
REQUEST_STATES: dict[str, str | Promise] = {
    "open": _("waits for the answer"),
    "answered": _("answered"),
    "closed": _("closed"),
}
SCAN_STATES: dict[str, str | Promise] = {
    "waiting": _("locked until it is checked for viruses"),
    "infected": _("has a virus: locked"),
    "clean": "",
    "own": "",
}
RUN_KINDS: dict[str, str | Promise] = {
    "month": _("A coming month, beside the month calculated before"),
    "norms": _("The norms of a month, beside those of the day before it"),
    "value": _("One value as if it held, beside the norms without it"),
}
RUN_STATES: dict[str, str | Promise] = {
    "running": _("under way"),
    "halted": _("halted"),
    "ended": _("ended"),
}
#: From which facts a case was calculated beforehand.
BASES: dict[str, str | Promise] = {
    "sheet": _("the calculation of that month"),
    "application": _("as applied for"),
    "carried": _("as the month before, if nothing has happened since"),
}
#: Why a case couldn't be calculated beforehand.
NOT_CALCULATED: dict[str, str | Promise] = {
    "nothing": _("Neither calculated before nor applied for"),
    "household": _("The household is another one: calculate this month by hand"),
    "facts": _("The facts can’t be calculated"),
    "norms": _("No norm is in force, or it has no row for somebody in the household"),
    "unexpected": _("An error in the product: tell who runs it"),
}
#: What became of an application: nothing more where it counts as it is.
BECAME: dict[str, str | Promise] = {
    "": "",
    "correction": _("correction"),
    "corrected": _("corrected later"),
    "taken back": _("taken back"),
}

#: On what somebody may act for another.
ACTS_BY: dict[str, str | Promise] = {
    "god_man": "god man",
    "forvaltare": "förvaltare",
    "fullmakt": _("power of attorney (fullmakt)"),
}
EVENTS: dict[str, str | Promise] = {
    "authorities asked": _("Other authorities asked"),
    "authorities answered": _("Other authorities answered"),
    "fetched line disputed": _("Says that a fetched line is wrong"),
    "dispute taken back": _("Took back that a fetched line is wrong"),
    "dispute answered": _("Answered what the applicant says is wrong"),
    "asked elsewhere": _("Another organisation was asked"),
    "answered elsewhere": _("Another organisation answered"),
    "case opened": _("Case opened"),
    "case transferred": _("Another municipality is told of the case: somebody moves there"),
    "person assigned": _("Assigned to a municipality"),
    "notice taken": _("A message says where she is or what her status is"),
    "contradiction settled": _("Settled what messages contradict each other about"),
    "money posted": _("Posted on the account of a partner"),
    "account told": _("Asked a partner whether its account is the same"),
    "account compared": _("Compared our account with a partner’s"),
    "bank details recorded": _("Bank details of a partner recorded"),
    "bank details confirmed": _("Bank details of a partner confirmed"),
    "bank details ended": _("Bank details of a partner ended"),
    "payment ordered": _("Payment to a partner ordered"),
    "payment released": _("Payment to a partner released"),
    "payment withdrawn": _("Payment to a partner taken back"),
    "order file written": _("File of a payment to a partner written"),
    "bank lines matched": _("The bank’s answers matched to accounts"),
    "payment order answered": _("The bank answered on a payment to a partner"),
    "incoming money matched": _("Money from a partner matched and posted"),
    "incoming money matched by hand": _("Money that came in matched by hand and booked"),
    "match by hand undone": _("Money that came in taken back from where it was matched"),
    "order file refused": _("File of a payment to a partner can’t be written"),
    "statement submitted": _("Claimed from the canton by a statement"),
    "statement received": _("A statement of a municipality has come in"),
    "lines answered": _("Answered lines of a statement"),
    "answers noted": _("The canton has answered lines of our statement"),
    "days left out": _("Decided not to claim days of hers"),
    "case taken over": _("Taken over from another municipality"),
    "message sent": _("The person wrote a message"),
    "message answered": _("Answered a message"),
    "case closed": _("Case closed"),
    "case reopened": _("Case open again"),
    "access taken": _("Opened by a colleague who has no other relation to the case"),
    "client followed": _("Looked up in the case system that works it"),
    "case asked elsewhere": _("The other case system was asked"),
    "hand-over queued": _("To be handed over"),
    "hand-over tried": _("Handed over, or tried to be"),
    "hand-over settled": _("Hand-over settled by a person"),
    "draft opened": _("Application begun"),
    "signer reminded": _("The other adult was reminded to sign"),
    "draft superseded": _("Unsigned application on-line closed: one came on paper"),
    "household asked about": _("Not to be signed on-line: another adult lives in the household"),
    "signing ended": _("Not signed by both in time: not sent"),
    "account change begun": _("Another account: begun"),
    "account change asked": _("Another account asked for, signed with e-ID"),
    "account change withdrawn": _("Change of account taken back"),
    "account change refused": _("Change of account not done"),
    "account changed": _("Account changed"),
    "first application begun": _("Begins to apply for the first time"),
    "account followed": _("Planned payments go to the new account"),
    "draft withdrawn": _("Application taken back before it was sent"),
    "application signed": _("Signed by one of two"),
    "application submitted": _("Application received"),
    "files attached": _("Files added to the application"),
    "file removed": _("A file taken away before it was sent"),
    "evidence asked": _("Asked the applicant for something"),
    "evidence sent": _("The applicant answered"),
    "request closed": _("Enough is known: the request is closed"),
    "document scanned": _("File checked for viruses"),
    "deadline ended": _("A deadline ended"),
    "application withdrawn": _("Application taken back by the person"),
    "representation registered": _("Representative registered"),
    "representation ended": _("Representation ended"),
    "signature recorded": _("A signature that was missing on the paper has come"),
    "inbox taken": _("Taken to work on"),
    "note written": _("Noted"),
    "proposal withdrawn": _("Proposal taken back"),
    "warning acknowledged": _("Warning looked at"),
    "document linked": _("A document put beside a line"),
    "document unlinked": _("A document taken from a line"),
    "warnings reconciled": _("Warnings checked"),
    "inbox put back": _("Put back"),
    "handed over": _("Handed over"),
    "applicant awaited": _("Waits for the applicant"),
    "applicant reminded": _("Applicant reminded"),
    "inbox closed": _("Left the inbox"),
    "period assessed": _("Calculated"),
    "local norm entered": _("Norm of the municipality entered"),
    "local norm confirmed": _("Norm of the municipality confirmed"),
    "precalculation started": _("Calculation of all open cases begun"),
    "precalculation halted": _("Calculation of all open cases halted"),
    "precalculation continued": _("Calculation of all open cases goes on"),
    "precalculation ended": _("Calculation of all open cases ended"),
    "decision proposed": _("Decision proposed"),
    "decision returned": _("Proposal sent back"),
    "decision taken": _("Decision taken"),
    "hearing opened": _("Asked what they think before a decision"),
    "hearing answered": _("Said what she thinks"),
    "delegation entered": _("Delegation entered"),
    "delegation confirmed": _("Delegation confirmed"),
    "delegation ended": _("Delegation ended"),
    "training reset asked": _("Reset of the training organisation asked for"),
    "training reset": _("Training organisation emptied and filled anew"),
    "switch entered": _("Switch to the other case system entered"),
    "switch confirmed": _("Switch to the other case system confirmed"),
    "switch taken back": _("Switch to the other case system taken back"),
    "merge proposed": _("Merging two records proposed"),
    "records merged": _("Two records merged"),
    "merge taken back": _("Proposal to merge two records taken back"),
    "merge undone": _("Merge of two records undone"),
    "hearings closed": _("Decided: what they were asked takes no answer any more"),
    "order proposed": _("Condition or reduction proposed"),
    "order returned": _("Proposed condition or reduction sent back"),
    "order withdrawn": _("Proposed condition or reduction taken back"),
    "order decided": _("Condition or reduction decided"),
    "order appeal noted": _("Appeal against a condition, reduction or instalment noted"),
    "order appeal changed": _("What is known of such an appeal changed"),
    "order appeal ended": _("Such an appeal was decided"),
    "order ended": _("Condition or reduction holds no longer"),
    "other help proposed": _("Help under 12 kap. 2 § proposed"),
    "other help returned": _("Proposed help under 12 kap. 2 § sent back"),
    "other help withdrawn": _("Proposed help under 12 kap. 2 § taken back"),
    "other help decided": _("Help under 12 kap. 2 § decided"),
    "other help left": _("Help under 12 kap. 2 § not tried, with the reason"),
    "recovery proposed": _("Claim to pay back proposed"),
    "recovery returned": _("Proposed claim sent back"),
    "recovery withdrawn": _("Proposed claim taken back"),
    "recovery decided": _("Claim to pay back decided"),
    "instalments agreed": _("Instalments agreed"),
    "ceded benefit booked": _("Benefit came in that was paid in advance"),
    "repayment booked": _("Money came in for a claim"),
    "recovery waived": _("Claim given up, wholly or in part"),
    "personal letter rendered": _("Letter made"),
    "appeal lodged": _("Decision appealed"),
    "appeal checked": _("Appeal: looked at the day it came"),
    "appeal dismissed": _("Appeal dismissed as late"),
    "appeal forwarded": _("Appeal handed over to the court"),
    "appeal packed": _("Package for the court made"),
    "judgment noted": _("The court’s decision noted"),
    "letter rendered": _("Letter made"),
    "letter refused": _("The letter can’t be set: send it another way"),
    "document recorded": _("Document kept"),
    "deadline set": _("Deadline set"),
    "notices queued": _("Notice queued"),
    "notice ended": _("Notice handled"),
    "payments planned": _("Payment planned"),
    "payment unblocked": _("Payment unblocked"),
    "payment held": _("Payment stopped"),
    "payment resumed": _("Payment let go"),
    "payment redirected": _("Payment goes to somebody else than planned"),
    "payment blocked": _("Payment blocked: the bank’s file can’t say it"),
    "payment confirmed": _("Paid, says the bank"),
    "payment rejected": _("Refused by the bank, planned again"),
    "payment returned": _("Money came back, booked and owed again"),
    "direct payment ordered": _("Direct payment ordered"),
    "direct payment ended": _("Direct payment ended"),
    "advance granted": _("Advance granted"),
    "advance confirmed": _("Advance confirmed by a second person"),
    "advance refused": _("Advance refused by a second person"),
    "income booked": _("Income booked"),
    "case booked": _("Booked on the case account"),
    "booking reversed": _("Booking corrected"),
    "task opened": _("Task opened"),
    "task done": _("Task done"),
}

CHANNELS: dict[str, str | Promise] = {
    "online": _("on-line"),
    "paper": _("on paper"),
    "phone": _("by telephone"),
    "counter": _("at the counter"),
}

OUTCOMES: dict[str, str | Promise] = {
    "bifall": _("Granted"),
    "delavslag": _("Partly granted"),
    "avslag": _("Refused"),
    "avvisning": _("Dismissed"),
}

#: Why a decision is changed, with the section of förvaltningslagen.
GROUNDS: dict[str, str | Promise] = {
    "new": _("More was applied for after the decision; what was decided stays as it was"),
    "36": _("An obvious slip: of the pen, of arithmetic or the like (36 §)"),
    "37": _("It is wrong: something new has come up, or for another reason (37 §)"),
    "37.1": _(
        "The decision, or its rules, say that it may be taken back, and the condition is met (37 § second para. 1)"
    ),
    "37.3": _("It is wrong because of wrong or misleading information from the person (37 § second para. 3)"),
    "38": _("It is obviously wrong in what matters, and quickly and simply put right (38 §)"),
}

APPEAL_STATES: dict[str, str | Promise] = {
    "received": _("to be looked at"),
    "timely": _("in time: to the court"),
    "late": _("late: waits for a decision"),
    "dismissed": _("dismissed as late"),
    "forwarded": _("with the court"),
    "judged": _("the court has decided"),
}

#: What a person finds on the day that an appeal came in, with the section of förvaltningslagen.
FINDINGS: dict[str, str | Promise] = {
    "in time": _("It came in time (44 §)"),
    "45.1": _("It came late because we didn’t tell rightly how to appeal: it isn’t dismissed (45 § second para. 1)"),
    "45.2": _("It had reached the court in time: it isn’t dismissed (45 § second para. 2)"),
    "late": _("It came late: somebody else decides whether to dismiss it (45 §)"),
}

STATES: dict[str, str | Promise] = {
    "proposed": _("proposed"),
    "returned": _("sent back"),
    "withdrawn": _("taken back"),
    "decided": _("decided"),
    "served": _("decided and served"),
    "planned": _("planned"),
    "blocked": _("blocked"),
    "held": _("stopped"),
    "stopped": _("cancelled"),
    "cancelled": _("cancelled"),
    "rejected": _("refused by the bank"),
    "payee proposed": _("waits for a second pair of eyes"),
    "payee confirmed": _("confirmed"),
    "payee ended": _("ended"),
    "reserved": _("reserved"),
    "released": _("released, file being written"),
    "sent": _("file written"),
    "confirmed": _("paid"),
    "returned payment": _("returned"),
}

PAYEE_KINDS: dict[str, str | Promise] = {
    "landlord": _("Landlord"),
    "energy": _("Energy company"),
    "other": _("Other"),
}

#: What stands in the case account beside kinds of income.
ACCOUNTS: dict[str, str | Promise] = {
    "forsorjningsstod": _("Financial assistance"),
    "forskott": _("Advance"),
    "retur": _("Money that came back"),
    "felutbetalt": _("Paid beyond the decision"),
    "aterkrav": _("To be paid back"),
    "avstadd": _("Benefit paid to us in her place"),
    "bistand_utan_ratt": _("Help under 12 kap. 2 §"),
}

#: Codes of the chart of accounts.
CHART: dict[str, str | Promise] = {
    "forsorjningsstod": _("Financial assistance"),
    "forskott": _("Advance"),
    "retur": _("Money that came back"),
    "felutbetalt": _("Paid beyond the decision"),
    "skuld": _("Owed to people and payees"),
    "bank": _("Money on its way by the bank"),
    "inkomst": _("Income of cases"),
    "aterkrav": _("Claimed back, against expenses"),
    "fordran": _("Owed to us by people"),
    "avstadd": _("Benefits paid to us"),
    "bistand_utan_ratt": _("Help under 12 kap. 2 §"),
}

#: On which condition support may be claimed back later.
REPAYABLE: dict[str, str | Promise] = {
    "benefit": _("Yes: an advance on a benefit that she waits for"),
    "conflict": _("Yes: she takes part in a labour conflict"),
    "condition": _("Yes: on a condition that the reasons name"),
}

#: What is filled into phrases.
PHRASE_FIELDS: dict[str, str | Promise] = {
    "source": _("From whom or what"),
    "amount": _("Amount"),
    "applied": _("Amount applied for"),
    "cost": _("For what"),
    "why": _("Why"),
    "day": _("Day"),
    "what": _("What was to be shown"),
}

#: Kinds of decision in the register of delegations.
DECIDES: dict[str, str | Promise] = {
    "grant": _("Grant as applied for"),
    "automated": _("Grant an unchanged renewal in full, automatically, without a person"),
    "partial": _("Grant in part"),
    "refusal": _("Refuse"),
    "change": _("Change a decision that was taken"),
    "advance": _("Advance"),
    "recovery": _("Claim back what was paid too much"),
    "waiver": _("Give up a claim"),
    "dismissal": _("Dismiss an appeal that came too late"),
    "other help": _("Help under 12 kap. 2 §"),
}

#: On what ground money is claimed back.
RECOVERY_GROUNDS: dict[str, str | Promise] = {
    "misinformed": _("Too much was paid because of information that was wrong or not given"),
    "benefit": _("It was an advance on a benefit, as the decision said"),
    "conflict": _("It was paid during a labour conflict, as the decision said"),
    "condition": _("It was granted on a condition that the decision named"),
}

BANK_SAID: dict[str, str | Promise] = {
    "rejected": _("the bank refused it:"),
    "returned": _("the money came back:"),
}

#: Kinds of answers, and why a line of them is in quarantine.
LINES: dict[str, str | Promise] = {
    "accepted": _("on its way"),
    "paid": _("paid"),
    "rejected": _("refused"),
    "returned": _("came back"),
    "came in": _("came in"),
    "unknown reference": _("no payment has this reference"),
    "no reference": _("the bank gives no reference"),
    "other amount": _("the amount is not the payment’s"),
    "other currency": _("the currency is not the payment’s"),
    "no account": _("the bank doesn’t say to which of our accounts it came"),
    "number posted": _("a payment with this number is posted already"),
    "not what is open": _("the amount isn’t what is open of the settlements that it names"),
    "no amount": _("the bank gives no amount"),
    "size": _("the file is too large"),
    "doctype": _("the file has a DOCTYPE"),
    "not_xml": _("the file is cut off, or no XML"),
    "not_known": _("the file is no pain.002, camt.053 or camt.054"),
    "amount": _("an amount can’t be read"),
    "empty": _("the file says nothing"),
}

_BLOCKED: dict[str, str | Promise] = {
    "no account": _("no account"),
    "no address": _("no address for a payment slip"),
    "payee proposed": _("the payee waits for a second pair of eyes"),
    "second person": _("the advance waits for a second person"),
    "payee ended": _("the payee has ended"),
    "bank name": _("the bank can’t write this name: a registrar writes it in Latin letters, as in the passport"),
    "payee name": _("the bank can’t write the payee’s name: record the payee anew, and let the payment go there"),
    "bank message": _(
        "the bank can’t send the message of the order: order it anew, and let the payment go by that one"
    ),
    "no slips": _("the bank takes no payment slips: an account is needed"),
    "reference: qrr_needed": _(
        "a QR-IBAN takes only payments with a QR reference: another account is needed, or an order with the reference"
    ),
    "reference: qr_iban_needed": _(
        "a QR reference goes only to a QR-IBAN: order it anew, and let the payment go by that one"
    ),
    "reference: check_digit": _("the reference can’t be right: order it anew, and let the payment go by that one"),
}

#: Why a QR-bill isn't taken over into an order.
BILLS: dict[str, str | Promise] = {
    "format": _("This is no text of a QR-bill: it begins with SPC. Scan the code again."),
    "iban": _("The IBAN of the bill can’t be right. Ask who sent it."),
    "currency": _("The bill isn’t in francs: only francs are paid from here."),
    "amount": _("The amount of the bill can’t be read. Ask who sent it."),
    "reference": _("The reference of the bill doesn’t fit its IBAN. Ask who sent it."),
    "no payee": _("No payee who is confirmed has the IBAN of the bill. Record the payee first."),
}

#: Why the file of a run can't be written: of one payment (field and code), or of the whole file.
_FILE: dict[str, str | Promise] = {
    "creditor_name: unreadable": _("the bank can’t write this name"),
    "message: unreadable": _("the bank can’t send this message"),
    "account: slip_not_offered": _("the bank takes no payment slips"),
    "address: address": _("no address for a payment slip"),
    "execution_on: past": _("the day that it should pay on is past: cancel the run and reserve a new one"),
    "file differs": _("a payment was taken out while the file was written: it is written again"),
}

IDENTIFIERS: dict[str, str | Promise] = {
    "form": _("Write the number with all its digits, for example 19900615-9806."),
    "twelve digits": _("Write the year with four digits, for example 19900615-9806."),
    "check digit": _("The last digit doesn’t fit. Check the number."),
    "date": _("The day in the number doesn’t exist. Check the number."),
    "type": _("Choose another type of number."),
}


#: What holds a merge of two records back, by the table in which it goes on.
GOES_ON = {
    "casefile_case": _("an open case: close it"),
    "decisions_appeal": _("an appeal that isn’t decided"),
    "decisions_decision": _("a proposal that waits for a decision"),
    "decisions_order": _("a condition or reduction"),
    "intake_draft": _("an application that is being signed"),
    "intake_evidencerequest": _("something that she was asked for"),
    "intake_inboxitem": _("an application that isn’t done in the inbox"),
    "intake_signingrequest": _("an application that is being signed"),
    "payments_otherhelp": _("a proposal that waits for a decision"),
    "payments_payment": _("a payment that the bank hasn’t confirmed"),
    "payments_recovery": _("a claim to pay back"),
    "people_accountchange": _("another account that is asked for"),
    "people_membership": _("a household: she moves out of it"),
    "people_representation": _("somebody who acts for her, or for whom she acts"),
}
OWN = _("something else of its own")


def refusal(trouble: NotPossible) -> str:
    """What to tell the person about an operation that couldn't be done, with its facts."""
    return str(REFUSALS.get(trouble.code, trouble.code))


def not_delivered(code: str) -> str:
    """Why a message didn't arrive, in words; "" for a code that says nothing known here."""
    if code.startswith("sedex ") and code not in NOT_DELIVERED:
        return _unknown_at_sedex(code.removeprefix("sedex "))
    return str(NOT_DELIVERED.get(code, ""))


def at_sedex(code: int) -> str:
    """What a receipt of sedex says, in words."""
    return str(SEDEX[code]) if code in SEDEX else _unknown_at_sedex(str(code))


def _unknown_at_sedex(code: str) -> str:
    return gettext("Sedex gave a code that isn’t known here: %(code)s.") % {"code": code}


def why_blocked(reason: str) -> str:
    """Why a payment is blocked, in words."""
    why, _sign, code = reason.partition(": ")
    if why in BANK_SAID:
        return f"{BANK_SAID[why]} {code}".strip()
    known = _BLOCKED.get(reason)
    return str(known if known is not None else _("account number can’t be right"))


def why_refused(problem: str) -> tuple[str, str]:
    """Why the file of a run can't be written: reference of the payment at fault ("" for the file), and the words."""
    reference, _sign, what = problem.partition(": ")
    known = _FILE.get(what, _FILE.get(problem))
    words = str(known if known is not None else what or problem)
    return ("" if reference == "file" or not what else reference), words


def problems(trouble: NotPossible) -> list[tuple[str, str]]:
    """The problems of a form that an operation named, as (id of the control, message)."""
    found: list[Any] = trouble.facts.get("problems", [])
    return [("", p) if isinstance(p, str) else (f"id_{p.field}", str(PROBLEMS.get(p.code, p.code))) for p in found]


def quarantine_reason(reason: str) -> str:
    """Why a line of the bank's answers is in quarantine, in words."""
    said, sign, state = reason.partition(" though ")
    if sign:
        return str(_("the bank says “{said}”, but the payment is “{state}”")).format(
            said=LINES[said],
            state=STATES.get("returned payment" if state == "returned" else state) or LINES.get(state, state),
        )
    return str(LINES.get(reason, reason))


#: Why a look comes before a reviewer, and what she found.
WHY_REVIEWED: dict[str, str | Promise] = {
    "random": _("drawn at random"),
    "own reason": _("opened with a reason of her own"),
    "refused": _("was refused"),
    "same name": _("same family name"),
    "colleague": _("has the name of a colleague"),
    "protected": _("protected person"),
    "out of hours": _("outside office hours"),
    "many": _("many people within an hour"),
    "chosen": _("asked for by a reviewer"),
}
LOOK_OUTCOMES: dict[str, str | Promise] = {
    "ok": _("Part of her work"),
    "asked": _("She was asked, and explained it"),
    "reported": _("Reported to whoever is responsible"),
}
#: What was looked at, as the read log names it.
LOOKED_AT: dict[str, str | Promise] = {
    "case": _("Case"),
    "application": _("Application"),
    "appeal": _("Appeal"),
    "hearing": _("Hearing"),
    "decision": _("Decision"),
    "proposals": _("Proposals"),
    "messages": _("Messages"),
    "case account": _("Case account"),
    "orders": _("Conditions and reductions"),
    "order": _("a condition or reduction"),
    "recoveries": _("Claims"),
    "recovery": _("Claim"),
    "person": _("Person"),
    "household": _("Household"),
    "search": _("Search for people"),
    "document": _("Document"),
    "inbox": _("Inbox"),
    "tasks": _("Tasks"),
    "payments": _("Payments"),
    "run": _("Payment run"),
    "bank": _("Bank files"),
    "ledger": _("Posting files"),
    "print batches": _("Print"),
    "payees": _("Payees"),
    "direct payments": _("Direct payments"),
    "questions": _("Questions"),
    "question": _("Question"),
    "message traffic": _("Message traffic"),
    "register": _("The register"),
    "deadlines": _("Deadlines"),
    "quota": _("Quota"),
    "accounts": _("Accounts"),
    "account": _("Account of a partner"),
    "reconciliation": _("Comparison of accounts"),
    "payment advice": _("Payment that was told"),
    "reclaims": _("Reclaims"),
    "reclaim": _("Reclaim"),
    "assignments": _("Assignments"),
    "assignment": _("Assignment"),
    "mutations": _("Changes told"),
    "mutation": _("Change told"),
    "case notifications": _("Cases notified under section 44"),
    "case notification": _("Case notified under section 44"),
    "case changes": _("Changes of cases under section 44"),
    "case change": _("Change of a case under section 44"),
    "cost approvals": _("Cost approvals"),
    "cost approval": _("Cost approval"),
    "change of a cost approval": _("Change of a cost approval"),
    "bills": _("Bills of institutions"),
    "bill": _("Bill of an institution"),
    "partner": _("An institution’s people and money"),
    "tariffs": _("What the payer’s rules say of costs"),
    "hand-overs": _("Hand-overs"),
    "delegations": _("Delegations"),
    "case system": _("Case system"),
    "training": _("Training"),
    "merges": _("Merged records"),
    "precalculation": _("Pre-calculation"),
    "log review": _("Log review"),
    "statistics": _("Statistics"),
    "time per step": _("Time per step"),
    "statistics file": _("File for the statistics"),
    "federal delivery": _("Month of the federal statistics"),
}

#: What a file for the statistics lacks of an adult.
LACKING: dict[str, str | Promise] = {
    "cause": _("what hinders a living of one’s own"),
    "origin": _("refugee, born abroad"),
    "number": _("a number by which she is known"),
}

#: Steps of a renewal whose time is measured.
STEPS: dict[str, str | Promise] = {
    "waits": _("Until somebody takes it"),
    "worked": _("Work until it is proposed"),
    "decided": _("Work until it is decided"),
    "whole": _("From application to decision"),
}
