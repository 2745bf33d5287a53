"""Submitting, deciding and paying by browsers that don't give up, each step with a fault in it; and what must hold."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import requests

from handslag.kernel import canonical, clock
from soak.stage import Lost, Person, Stage, at_the_eid, citizen, staff

#: A step's request, tried once with the fault: gives its answer, or None when none came.
Faulty = Callable[[str, Callable[[], requests.Response]], requests.Response | None]


@dataclass
class Round:
    """One application, decision and payment. `shown`: the receipts that the applicant has seen."""

    stage: Stage
    office: Any
    folder: Any
    faulty: Faulty
    shown: list[dict[str, str]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    draft: UUID | None = None
    decision: UUID | None = None
    run: UUID | None = None

    def submit(self) -> None:
        """Sign at the e-ID and come back from it: the fault strikes there. The applicant comes back once more, and
        signs anew if she is told to."""
        from handslag.domain.intake.operations import fix_for_signing

        draft = self.folder.draft()
        fix_for_signing(**self.office.by(self.folder.citizens[0]), draft=draft.id, version=draft.version)
        self.draft = draft.id
        person = citizen(self.stage, self.office, self.folder)
        here = f"/{self.office.slug}/drafts/{draft.id}/sign/"
        back = self.to_the_eid(person, here)
        answer = self.faulty("submit", lambda: person.send("GET", back))
        told = _accepted(answer)
        for _ in range(5):
            again = person.until_answered("GET", back)
            if _accepted(again) or _accepted(person.until_answered("GET", here)):
                break
            if told:
                self.findings.append("submit: the applicant was shown a receipt, and then it was gone")
            back = self.to_the_eid(person, here)
        self.see_receipt(person)

    def see_receipt(self, person: Person) -> None:
        """Keep what the applicant is shown."""
        receipt = person.until_answered("GET", f"/{self.office.slug}/applications/{self.draft}/receipt.json")
        if receipt.status_code != 200:
            self.findings.append(f"submit: no receipt: {receipt.status_code}")
            return
        body = receipt.json()["body"]
        self.shown.append({"number": body["number"], "digest": canonical.digest(body)})

    def to_the_eid(self, person: Person, here: str) -> str:
        """Begin to sign and identify; gives the address that leads back."""
        where = person.until_answered("POST", f"{here}begin/").headers["Location"]
        assert "/authorize" in where, where
        return at_the_eid(where, self.folder.numbers[0])

    def decide(self) -> None:
        """Take a proposed decision; the decider presses the button until she is answered."""
        from handslag.domain.decisions.operations import propose

        self.office.now = clock.now()  # what is calculated lies behind what was sent
        sheet = self.folder.assessed()
        proposal = propose(**self.office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
        self.decision = proposal.id
        decider = staff(self.stage, self.office, "bo")
        path = f"/{self.office.slug}/decisions/{proposal.id}/"
        self._pressed("decide", decider, f"{path}decide/", path, version=str(proposal.version))

    def pay(self) -> None:
        """Release a run; a job writes its file."""

        from handslag.domain.payments.operations import reserve_run

        run = reserve_run(**self.office.act("ulla"), execution_on=self.office.pay_day())
        self.run = run.id
        payer = staff(self.stage, self.office, "erik")
        path = f"/{self.office.slug}/runs/{run.id}/"
        self._pressed("pay", payer, f"{path}release/", path, version=str(run.version))

    def _pressed(self, step: str, person: Person, button: str, page: str, **fields: str) -> None:
        self.faulty(step, lambda: person.send("POST", button, **fields))
        again = person.until_answered("POST", button, **fields)
        after = person.until_answered("GET", page)
        where = again.headers.get("Location", page)
        if again.status_code not in (200, 302, 409) or where != page or after.status_code != 200:
            self.findings.append(f"{step}: answered {again.status_code} {where}, then {after.status_code}")

    def done(self, step: str) -> bool:
        """Whether the step's rows stand in the database."""
        table, key = {
            "submit": ("SELECT 1 FROM intake_application WHERE id = %s", self.draft),
            "decide": ("SELECT 1 FROM decisions_decision WHERE id = %s AND state = 'decided'", self.decision),
            "pay": ("SELECT 1 FROM payments_run WHERE id = %s AND state IN ('released', 'sent')", self.run),
        }[step]
        return bool(self.stage.ask(table, key))

    def settled(self) -> list[str]:
        """Wait for the jobs, then say what is not exactly once, or not as it was shown."""
        self.stage.jobs_done()
        if not self.shown:
            return self.findings
        case = self.folder.case.id
        for what, (query, key) in {
            "receipt as shown": (
                f"SELECT 1 FROM intake_receipt WHERE digest = '{self.shown[0]['digest']}' AND application_id = %s",
                self.draft,
            ),
            "receipt": ("SELECT 1 FROM intake_receipt WHERE application_id = %s", self.draft),
            "signature": ("SELECT 1 FROM intake_signature WHERE draft_id = %s", self.draft),
            "inbox row": ("SELECT 1 FROM intake_inboxitem WHERE application_id = %s", self.draft),
            "decision line": ("SELECT 1 FROM decisions_decisionline WHERE decision_id = %s", self.decision),
            "letter with its PDF": (
                "SELECT 1 FROM decisions_letter WHERE decision_id = %s AND document_id IS NOT NULL",
                self.decision,
            ),
            "booking": ("SELECT 1 FROM payments_booking WHERE case_id = %s", case),
            "payment sent": ("SELECT 1 FROM payments_payment WHERE case_id = %s AND state = 'sent'", case),
            "payment": ("SELECT 1 FROM payments_payment WHERE case_id = %s", case),
            "file": ("SELECT 1 FROM payments_runfile WHERE run_id = %s", self.run),
            "document of the run": ("SELECT 1 FROM documents_document WHERE subject_id = %s", self.run),
            "document of the case": ("SELECT 1 FROM documents_document WHERE subject_id = %s", case),
            **{
                f"event {kind}": (f"SELECT 1 FROM audit_event WHERE kind = '{kind}' AND subject_id = %s", subject)
                for kind, subject in (
                    ("application submitted", case),
                    ("decision taken", case),
                    ("payments planned", case),
                    ("letter rendered", case),
                    ("run released", self.run),
                    ("run file written", self.run),
                )
            },
        }.items():
            if (times := len(self.stage.ask(query, key))) != 1:
                self.findings.append(f"{what}: {times} times")
        return [*self.findings, *self.stage.verify(self.office, self.shown)]


def _accepted(answer: requests.Response | None) -> bool:
    return answer is not None and "/applications/" in answer.headers.get("Location", "")


def once(act: Callable[[], requests.Response]) -> requests.Response | None:
    """One try: its answer, or None when it was lost or says "try again"."""
    with suppress(Lost):
        answer = act()
        return None if answer.status_code == 503 else answer
    return None
