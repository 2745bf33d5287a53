"""The log review: random and targeted samples, an outcome by a person for each look, never by who looked herself."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from handslag.domain.audit.models import Event, Payload, ReadEntry
from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.oversight.checks import drawn
from handslag.domain.oversight.models import Review, ReviewedLook
from handslag.domain.oversight.operations import begin_review, close_review, note_outcome, target_sample
from handslag.domain.oversight.states import Why
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import NotForThem
from handslag.kernel.days import banking_day_from
from tests.office import TEST, Office, open_office, refused

WHY = "Klienten ringer: hyran ska betalas i dag."


@pytest.fixture
def office(connect: Any) -> Office:
    """An office with two reviewers; they review the month before."""
    office = open_office(connect)
    for login, name in (("vilma", "Vilma Granskare"), ("viggo", "Viggo Granskare")):
        office.admit(login, name, "reviewer")
    return office


def looked(office: Office, who: str, at: datetime, *looks: Look) -> None:
    write_looks(tenant=office.slug, by=office.staff[who], purpose="case", looks=looks, now=at)


def reviewed(office: Office, review: Review) -> dict[UUID, ReviewedLook]:
    """What came before the reviewers, by entry of the read log."""
    with acting(office.slug, TEST, "look"):
        return {row.entry_id: row for row in ReviewedLook.objects.select_related("entry").filter(review=review)}


def month_of_looks(office: Office) -> dict[str, UUID]:
    """A hundred looks by day at two cases, and one of each kind that there is a reason to ask about; gives cases."""
    plain, relative = office.case(("Petra", "Nilsson", "19900615")), office.case(("Ossian", "Handläggare", "19800101"))
    secret = office.case(("Siri", "Skyddad", "19750101"), protection_level=2)
    colleague = office.case(("Bo Erik", "Beslutsfattare", "19700101"))
    last = office.month.since - timedelta(days=1)
    noon = datetime.combine(banking_day_from(last.replace(day=12), "SE"), time(11), UTC)
    for n in range(100):
        looked(office, "hanna", noon + timedelta(minutes=n), Look("case", plain.case.id))
    looked(office, "hanna", noon, Look("person", relative.case.applicant_id), Look("case", colleague.case.id))
    looked(office, "bo", noon, Look("case", secret.case.id), Look("case", plain.case.id, "refused"))
    looked(office, "bo", noon, Look("case", plain.case.id, reason=WHY))
    looked(office, "ulla", noon.replace(hour=22), Look("payments", None))
    looked(office, "vilma", noon.replace(hour=23), Look("log review", None))
    # Not of this month where the office is: it is past midnight there.
    looked(office, "ulla", datetime.combine(last, time(23, 30), UTC), Look("payments", None))
    return {"plain": plain.case, "relative": relative.case, "secret": secret.case, "colleague": colleague.case}


def test_a_month_from_the_sample_to_the_report(office: Office, desk: Any, fine_at_both: Any, log_in: Any) -> None:
    cases = month_of_looks(office)
    vilma, viggo = office.act("vilma"), office.act("viggo")
    refused("month not over", begin_review, **vilma, month=office.month)
    review = begin_review(**vilma, month=office.month - 1)
    refused("review begun", begin_review, **viggo, month=office.month - 1)

    rows = reviewed(office, review)
    with acting(office.slug, TEST, "look"):
        midnight = datetime.combine(office.month.since, time(), ZoneInfo("Europe/Stockholm"))
        entries = {row.id: row for row in ReadEntry.objects.filter(actor_kind="staff", at__lt=midnight).order_by("id")}
    assert review.looks == len(entries) == 107
    # Random: exactly those that the key takes, whoever looked; the others by their reason.
    at_random = {key for key in entries if drawn(bytes(review.key), key)}
    assert {key for key, row in rows.items() if Why.RANDOM in row.why} == at_random
    reasons = {(e.what, e.subject, e.outcome): set(rows[k].why) - {"random"} for k, e in entries.items() if k in rows}
    at = {name: case.id for name, case in cases.items()}
    asked = {key: why for key, why in reasons.items() if why}
    assert asked == {
        ("person", cases["relative"].applicant_id, "read"): {"same name"},
        ("case", at["colleague"], "read"): {"colleague"},
        ("case", at["secret"], "read"): {"protected"},
        ("case", at["plain"], "refused"): {"refused"},
        ("case", at["plain"], "read"): {"own reason"},
        ("payments", None, "read"): {"out of hours"},
        ("log review", None, "read"): {"out of hours"},
    }

    # Targeted: a case, with every look at its people too; or a member of staff. Never oneself.
    told = {"review": review.id, "reason": "Klagomål från klienten den 2 mars."}
    refused("targeted at", target_sample, **vilma, **told, case="", member=None)
    refused("targeted reason", target_sample, **vilma, **{**told, "reason": "kort"}, case="1", member=None)
    refused("no such case", target_sample, **vilma, **told, case="2020-000001-X", member=None)
    with pytest.raises(NotForThem, match="own look"):
        target_sample(**vilma, **told, case="", member=office.members["vilma"])
    assert target_sample(**vilma, **told, case=cases["plain"].number.lower(), member=None).looks == 102
    assert target_sample(**vilma, **told, case=cases["relative"].number, member=None).looks == 1
    assert target_sample(**vilma, **told, case="", member=office.members["ulla"]).looks == 1
    rows = reviewed(office, review)
    assert sum(Why.CHOSEN in row.why for row in rows.values()) == 104

    # Each look gets its outcome from somebody else.
    ours = [row.id for row in rows.values() if row.by_id == office.members["vilma"]]
    others = [row.id for row in rows.values() if row.by_id != office.members["vilma"]]
    note = {"review": review.id, "looks": others, "words": ""}
    refused("outcome", note_outcome, **vilma, **note, outcome="guilty")
    refused("outcome words", note_outcome, **vilma, **note, outcome="reported")
    refused("no look ticked", note_outcome, **vilma, **{**note, "looks": []}, outcome="ok")
    with pytest.raises(NotForThem, match="own look"):
        note_outcome(**vilma, **{**note, "looks": [*others, *ours]}, outcome="ok")
    assert note_outcome(**vilma, **note, outcome="ok") == len(others)
    refused("looks left", close_review, **vilma, review=review.id, version=1, report="Inget att anmärka.")

    # The page: what waits, by number and never by name; her own are told as a number, and only the other reviewer
    # finds the outcome of them.
    page = log_in(office, "vilma", width=1280)
    base = page.url.rsplit("/review/", 1)[0]
    page.goto(f"{base}/review/{review.id}/?view=done")
    fine_at_both(page, "desk-log-review-done")
    text = page.inner_text("main")
    assert "1 look is your own" in text and cases["secret"].number in page.content()
    for name in ("Petra", "Nilsson", "Skyddad", "Ossian", "Bo Erik"):
        assert name not in page.content()
    page = log_in(office, "viggo", width=1280)
    page.goto(f"{base}/review/{review.id}/")
    page.get_by_role("checkbox").first.check()
    page.get_by_label("She was asked, and explained it").check()
    page.get_by_role("button", name="Note it for the ticked ones").click()
    assert "Write what was said" in page.inner_text("main")
    assert page.get_by_role("checkbox").first.is_checked()
    fine_at_both(page, "desk-log-review")
    page.get_by_label("In your own words").fill("Hon förberedde månadens granskning.")
    page.get_by_role("button", name="Note it for the ticked ones").click()
    page.get_by_label("What was found, and what is done").fill("Inget att anmärka i månaden.")
    page.get_by_role("button", name="Close the month").click()
    assert "Inget att anmärka i månaden." in page.inner_text("main")
    page.goto(f"{base}/review/")
    fine_at_both(page, "desk-log-reviews")

    # What was done is in the chain; closed is closed; looks at the review are looks.
    for call, more in (
        (target_sample, {**told, "case": "1", "member": None}),
        (note_outcome, {**note, "outcome": "ok"}),
        (close_review, {"review": review.id, "version": 2, "report": "Inget att anmärka."}),
    ):
        refused("review closed", call, **viggo, **more)
    with acting(office.slug, TEST, "look"):
        events = Event.objects.filter(subject_id=review.id).order_by("seq")
        kinds = list(events.values_list("kind", flat=True))
        assert kinds == ["log review begun", *["log review: looks chosen"] * 3,
                         *["log review: outcome noted"] * 2, "log review closed"]  # fmt: skip
        noted = Payload.objects.get(id=events[5].id).body
        assert (noted["looks"], noted["outcome"]) == ([str(ours[0])], "asked")
        seen = ReadEntry.objects.filter(what="log review", subject=review.id)
        assert seen.filter(actor_id=office.staff["vilma"].id).exists()


def test_only_reviewers_of_the_organisation(office: Office, desk: Any, connect: Any) -> None:
    month_of_looks(office)
    review = begin_review(**office.act("vilma"), month=office.month - 1)
    look = next(iter(reviewed(office, review).values()))
    for who in ("rut", "hanna", "bo", "ulla", "alva"):
        with pytest.raises(NotAllowed):
            begin_review(**office.act(who), month=office.month - 2)
        with pytest.raises(NotAllowed):
            note_outcome(**office.act(who), review=review.id, looks=[look.id], outcome="ok", words="")
    theirs = open_office(connect, "theirs")
    theirs.admit("vilma", "Vilma Annan", "reviewer")
    calls = (
        (note_outcome, {"looks": [look.id], "outcome": "ok", "words": ""}),
        (close_review, {"version": 1, "report": "Inget att anmärka."}),
        (target_sample, {"case": "1", "member": None, "reason": "x" * 10}),
    )
    for call, more in calls:
        with pytest.raises(Hidden):
            call(**theirs.act("vilma"), review=review.id, **more)
    # A reviewer opens the review and nothing of a case.
    vilma = desk(office, "vilma")
    assert vilma.open("/").headers["Location"] == f"/{office.slug}/review/"
    with acting(office.slug, TEST, "look"):
        about = next(s for s in ReadEntry.objects.values_list("subject", flat=True) if s)
    assert [vilma.open(path).status_code for path in (f"/cases/{about}/", "/inbox/", "/people/")] == [404, 403, 403]
