"""Each rule by itself: what breaks it is found by it, whatever the chain says besides."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.test import override_settings

from handslag.connectors.store.port import for_tenant
from handslag.domain.audit.blocks import sign_block
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests import bed
from tests.bed import Database
from tests.filled import Filled, elsewhere
from tests.office import TEST
from verifier import Report

COUPLE = "(SELECT id FROM casefile_case WHERE co_applicant_id IS NOT NULL)"
#: The account on which something was cut.
CUT = "account_id IN (SELECT account_id FROM accounts_entry WHERE move = 'cut')"
PAID = "(SELECT id FROM payments_payment WHERE state = 'sent' ORDER BY id LIMIT 1)"
PLANNED = "(SELECT id FROM payments_payment WHERE state = 'planned' ORDER BY id LIMIT 1)"
DECIDED = "(SELECT id FROM decisions_decision WHERE outcome = 'bifall' ORDER BY id LIMIT 1)"
MERGE = "(SELECT id FROM people_merge WHERE confirmed_at IS NOT NULL AND ended_at IS NULL)"

#: What breaks a rule (tables it touches, statement giving the id of the row), the rule, the table that it names.
BREACHES = {
    "a second try at sedex without a first": (
        "INSERT INTO exchange_sedexstep (id, tenant_id, envelope_id, attempt, code, info, at) "
        "SELECT gen_random_uuid(), tenant_id, id, 2, 0, '', now() FROM exchange_envelope "
        "WHERE tenant_id = %(tenant)s LIMIT 1 RETURNING id",
        "I4", "exchange_sedexstep",
    ),
    "a document that was altered": (
        "UPDATE intake_application SET document = jsonb_set(document, '{answers,message}', '\"x\"') RETURNING id",
        "I1", "intake_application",
    ),
    "another signing text put in its place": (
        "UPDATE documents_text t SET body = body || '!', "
        "digest = encode(sha256(convert_to(body || '!', 'UTF8')), 'hex') "
        "FROM intake_draft d WHERE d.signing_text_id = t.id AND d.state = 'accepted' RETURNING d.id",
        "I1", "intake_application",
    ),
    "an accepted draft that points to another text": (
        "UPDATE intake_draft SET signing_text_id = (SELECT appeal_text_id FROM decisions_letter l "
        "WHERE l.tenant_id = intake_draft.tenant_id LIMIT 1) "
        "WHERE state = 'accepted' AND tenant_id = %(tenant)s RETURNING id",
        "I1", "intake_application",
    ),
    "another text on appeal put in its place": (
        "UPDATE documents_text t SET body = body || '!', "
        "digest = encode(sha256(convert_to(body || '!', 'UTF8')), 'hex') "
        "FROM decisions_letter l WHERE l.appeal_text_id = t.id RETURNING l.id",
        "I5", "decisions_letter",
    ),
    "an application of no case": (
        "UPDATE intake_application SET case_id = id RETURNING id",
        "I1", "intake_application",
    ),
    "an application without a receipt": (
        "DELETE FROM intake_receipt RETURNING application_id AS id", "I1", "intake_application"
    ),
    "a signature too few": (
        f"DELETE FROM intake_signature WHERE draft_id IN (SELECT id FROM intake_application WHERE case_id IN {COUPLE}) "
        "RETURNING draft_id AS id",
        "I1", "intake_application",
    ),
    "a signature over something else": (
        "UPDATE intake_signature SET digest = repeat('0', 64) RETURNING draft_id AS id", "I1", "intake_application"
    ),
    "evidence of another e-ID": (
        "UPDATE intake_signature SET evidence = jsonb_set(evidence, '{salt}', '\"AAAA\"') WHERE method = 'eid' "
        "RETURNING id",
        "I1", "intake_signature",
    ),
    "evidence of another person": (
        "UPDATE people_identifier i SET value = '199001019802' FROM intake_signature s WHERE s.person_id = i.person_id "
        "AND s.method = 'eid' AND s.id = (SELECT min(id::text)::uuid FROM intake_signature WHERE method = 'eid') "
        "RETURNING s.id",
        "I1", "intake_signature",
    ),
    "a receipt that says something else": (
        "UPDATE intake_receipt SET body = jsonb_set(body, '{month}', '\"2020-01\"') RETURNING id",
        "I1", "intake_receipt",
    ),
    "a receipt signed by nobody": (
        "UPDATE intake_receipt SET signature = reverse(signature) RETURNING id", "I1", "intake_receipt"
    ),
    "a period that forgot its application": (
        "UPDATE casefile_period SET last_application_at = NULL WHERE last_application_at IS NOT NULL RETURNING id",
        "I1", "casefile_period",
    ),
    "a draft that vanished": ("DELETE FROM intake_draft RETURNING id", "I3", "intake_draft"),
    "an accepted draft that isn't": (
        "UPDATE intake_draft SET state = 'withdrawn' WHERE state = 'accepted' RETURNING id", "I3", "intake_draft"
    ),
    "a draft from nowhere": (
        "UPDATE intake_draft SET id = case_id WHERE state = 'open' RETURNING id", "I3", "intake_draft"
    ),
    "an application that wasn't handed over": (
        "DELETE FROM elsewhere_handover RETURNING id", "I4", "intake_application"
    ),
    "a hand-over that never arrived": (
        "UPDATE elsewhere_handover SET reference = 'L-2' RETURNING id", "I4", "elsewhere_handover"
    ),
    "a case that is worked under no number": (
        "DELETE FROM elsewhere_foreigncase RETURNING id", "I4", "casefile_case"
    ),
    "an answer that was altered": (
        "UPDATE elsewhere_answer SET said = '{}' RETURNING id", "I4", "elsewhere_answer"
    ),
    "a notice forgotten": (
        "INSERT INTO tasks_notice (id, tenant_id, person_id, subject_id, kind, language, address, state, attempts, "
        "created_at, next_try_at, trouble) SELECT gen_random_uuid(), tenant_id, id, id, 'decision', 'sv', "
        "'x@y.example', "
        "'waiting', 0, '2026-01-01', '2026-01-01', '' FROM people_person LIMIT 1 RETURNING id",
        "I4", "tasks_notice",
    ),
    "a print batch that was altered": (
        "UPDATE tasks_printbatch SET manifest = jsonb_set(manifest, '{pages}', '[]') RETURNING id",
        "I4", "tasks_printbatch",
    ),
    "a notice that was never printed": (
        "UPDATE tasks_notice SET channel = 'print', state = 'sent', ended_at = now() WHERE id = (SELECT id FROM "
        "tasks_notice WHERE channel IS NULL AND state = 'waiting' ORDER BY id LIMIT 1) RETURNING id",
        "I4", "tasks_notice",
    ),
    "facts that were altered": (
        "UPDATE entitlement_snapshot SET facts = facts || '{\"x\": 1}' RETURNING id", "I5", "entitlement_snapshot"
    ),
    "norms that were altered": (
        "UPDATE entitlement_normset SET body = '{}' RETURNING id", "I5", "entitlement_normset"
    ),
    "a text that was altered": ("UPDATE documents_text SET body = body || '.' RETURNING id", "I5", "documents_text"),
    "a sheet by other rules": (
        "UPDATE entitlement_sheet SET rule_version = 'x' RETURNING id",
        "I5", "entitlement_sheet",
    ),
    "a sheet without snapshot": (
        "UPDATE entitlement_sheet SET snapshot_id = id RETURNING id",
        "I5", "entitlement_sheet",
    ),
    "a decision that its sheet doesn't bear out": (
        f"UPDATE decisions_decision SET amount = amount + 1 WHERE id = {DECIDED} RETURNING id",
        "I5", "decisions_decision",
    ),
    "a decision taken back": (
        f"UPDATE decisions_decision SET state = 'returned', decided_by_id = NULL, decided_at = NULL WHERE id = "
        f"{DECIDED} "
        "RETURNING id",
        "I5", "decisions_decision",
    ),
    "a decision without letter": (
        "DELETE FROM decisions_letter RETURNING decision_id AS id", "I5", "decisions_decision"
    ),
    "another letter": (
        "UPDATE decisions_letter SET content = jsonb_set(content, '{heading}', '\"x\"') RETURNING id",
        "I5", "decisions_letter",
    ),
    "a line of another period": (
        "UPDATE decisions_decisionline SET period_id = id RETURNING id", "I5", "decisions_decisionline"
    ),
    "lines that do not add up": (
        "UPDATE decisions_decisionline SET amount = amount + 1 RETURNING decision_id AS id", "I6", "decisions_decision"
    ),
    "a line that is not booked": (
        "DELETE FROM payments_booking WHERE decision_line_id IS NOT NULL RETURNING decision_line_id AS id",
        "I6", "decisions_decisionline",
    ),
    "a payment that is larger": (
        f"UPDATE payments_payment SET amount = amount + 1 WHERE id = {PLANNED} RETURNING id", "I6", "payments_payment"
    ),
    "a payment without source": (
        "DELETE FROM payments_settlement RETURNING payment_id AS id",
        "I6", "payments_payment",
    ),
    "a payment stopped by nobody": (
        f"UPDATE payments_payment SET state = 'stopped' WHERE id = {PLANNED} RETURNING id", "I6", "payments_payment"
    ),
    "a counter-booking of another amount": (
        "UPDATE payments_booking SET amount = amount - 1 WHERE reverses_id IS NOT NULL RETURNING id",
        "I6", "payments_booking",
    ),
    "an advance that is larger": (
        "UPDATE payments_advance SET amount = amount + 1 RETURNING id", "I6", "payments_advance"
    ),
    "a set-off of another amount": (
        "UPDATE payments_setoff SET amount = amount - 1 RETURNING id", "I6", "payments_setoff"
    ),
    "a set-off that vanished": (
        "DELETE FROM payments_setoff RETURNING booking_id AS id", "I6", "payments_booking"
    ),
    "a line of the bank that vanished": (
        "DELETE FROM payments_bankline WHERE outcome = 'quarantined' RETURNING file_id AS id", "I4", "payments_bankfile"
    ),
    "a payment set paid by nobody": (
        f"UPDATE payments_payment SET state = 'confirmed' WHERE id = {PAID} RETURNING id", "I7", "payments_payment"
    ),
    "a line applied to another payment": (
        f"UPDATE payments_bankline SET payment_id = {PLANNED} WHERE kind = 'paid' AND outcome = 'applied' RETURNING id",
        "I7", "payments_bankline",
    ),
    "money that came back and is booked otherwise": (
        "UPDATE payments_booking SET amount = amount + 1 WHERE id IN (SELECT booking_id FROM payments_return) "
        "RETURNING (SELECT id FROM payments_return) AS id",
        "I6", "payments_return",
    ),
    "money that came back and isn't booked": (
        "DELETE FROM payments_return RETURNING payment_id AS id", "I7", "payments_payment"
    ),
    "a day of the ledger that is larger": (
        "UPDATE payments_postingday SET total = total + 1 RETURNING id", "I7", "payments_postingday"
    ),
    "a payment that left its run": (
        f"UPDATE payments_payment SET state = 'planned', run_id = NULL WHERE id = {PAID} "
        "RETURNING (SELECT id FROM payments_run ORDER BY id LIMIT 1) AS id",
        "I7", "payments_run",
    ),
    "a run that is larger": ("UPDATE payments_run SET total = total + 1 RETURNING id", "I7", "payments_run"),
    "a run sent without file": ("DELETE FROM payments_runfile RETURNING run_id AS id", "I7", "payments_run"),
    "a file that states another sum": (
        "UPDATE payments_runfile SET total = total + 1 RETURNING id", "I7", "payments_runfile"
    ),
    "a file that is another document": (
        "UPDATE payments_runfile SET digest = repeat('0', 64) RETURNING id", "I7", "payments_runfile"
    ),
    "a merge that no chain tells of": (
        f"UPDATE people_merge SET id = gen_random_uuid() WHERE id = {MERGE} RETURNING id", "I11", "people_merge"
    ),
    "a merge that the chains know and that isn't there": (
        f"DELETE FROM people_merge WHERE id = {MERGE} RETURNING id", "I11", "people_merge"
    ),
    "a merge undone without the chains": (
        "UPDATE people_merge SET ended_at = now(), ended_by_id = proposed_by_id, end_reason = 'x' "
        f"WHERE id = {MERGE} RETURNING id",
        "I11", "people_merge",
    ),
    "a merge into a record that leads on": (
        "INSERT INTO people_merge (id, tenant_id, gone_id, kept_id, reason, proposed_by_id, proposed_at, version) "
        "SELECT gen_random_uuid(), m.tenant_id, m.kept_id, c.applicant_id, 'x', m.proposed_by_id, now(), 1 "
        "FROM people_merge m JOIN casefile_case c ON c.tenant_id = m.tenant_id AND c.applicant_id <> m.kept_id "
        f"WHERE m.id = {MERGE} LIMIT 1 RETURNING {MERGE} AS id",
        "I11", "people_merge",
    ),
    "a payment to a record that leads to another": (
        f"UPDATE payments_payment SET payee_id = (SELECT gone_id FROM people_merge WHERE id = {MERGE}) "
        f"WHERE id = {PAID} RETURNING {MERGE} AS id",
        "I11", "people_merge",
    ),
    "a record that is less protected than the one that it leads to": (
        "UPDATE people_person SET protection_level = 1 WHERE id = "
        f"(SELECT kept_id FROM people_merge WHERE id = {MERGE}) RETURNING {MERGE} AS id",
        "I11", "people_merge",
    ),
    "a signature by a number that became hers later": (
        f"UPDATE people_merge SET confirmed_at = confirmed_at + interval '1 hour' WHERE id = {MERGE} "
        "RETURNING (SELECT id FROM intake_signature s WHERE s.person_id = kept_id) AS id",
        "I1", "intake_signature",
    ),
    "an entry that is gone": (
        "DELETE FROM accounts_entry WHERE move = 'cut' RETURNING posting_id AS id", "I12", "accounts_posting"
    ),
    "an entry of another amount": (
        "UPDATE accounts_entry SET amount = 1 WHERE move = 'claimed' RETURNING posting_id AS id",
        "I12", "accounts_posting",
    ),
    "an entry on another account": (
        "UPDATE accounts_entry SET account_id = id WHERE move = 'claimed' RETURNING id", "I12", "accounts_entry"
    ),
    "an entry of no posting": (
        "UPDATE accounts_entry SET posting_id = id WHERE move = 'claimed' RETURNING id", "I12", "accounts_entry"
    ),
    "a posting that is gone": (
        f"DELETE FROM accounts_posting WHERE number = 1 AND {CUT} "
        f"RETURNING (SELECT id FROM accounts_posting WHERE number = 2 AND {CUT}) AS id",
        "I12", "accounts_posting",
    ),
    "a posting of a source that it doesn't say": (
        "INSERT INTO accounts_posting (id, tenant_id, account_id, number, rests_on, reference, content, digest, "
        "posted_at) SELECT gen_random_uuid(), tenant_id, account_id, 3, rests_on, reference || ' ', content, digest, "
        f"posted_at FROM accounts_posting WHERE number = 1 AND {CUT} RETURNING id",
        "I12", "accounts_posting",
    ),
    "an order that the bank said nothing of": (
        "UPDATE accounts_paymentorder SET state = 'paid' WHERE state = 'returned' RETURNING id",
        "I12", "accounts_paymentorder",
    ),
    "an order that came back and stays posted": (
        "DELETE FROM accounts_posting WHERE counters_id IS NOT NULL "
        "RETURNING (SELECT id FROM accounts_paymentorder WHERE state = 'returned') AS id",
        "I12", "accounts_paymentorder",
    ),
    "an order of another amount than is posted": (
        "UPDATE accounts_paymentorder SET amount = amount + 1 WHERE state = 'returned' RETURNING id",
        "I12", "accounts_paymentorder",
    ),
    "a counter-posting that takes back something else": (
        "UPDATE accounts_entry SET amount = amount - 1 WHERE amount < 0 RETURNING posting_id AS id",
        "I12", "accounts_posting",
    ),
    "money that came in and was posted otherwise": (
        "UPDATE payments_bankline SET amount = amount + 1 WHERE outcome = 'account' AND kind = 'returned' "
        "AND id IN (SELECT line_id FROM accounts_bankmatch WHERE order_id IS NULL) "
        "RETURNING (SELECT id FROM accounts_bankmatch WHERE line_id = payments_bankline.id) AS id",
        "I12", "accounts_bankmatch",
    ),
    "a match of a line that waits": (
        "UPDATE payments_bankline SET outcome = 'quarantined', reason = 'x' WHERE outcome = 'account' "
        "RETURNING (SELECT id FROM accounts_bankmatch WHERE line_id = payments_bankline.id) AS id",
        "I12", "accounts_bankmatch",
    ),
    "a line that was carried out nowhere": (
        "DELETE FROM accounts_bankmatch RETURNING line_id AS id", "I12", "payments_bankline"
    ),
    "a row of another organisation": (
        "UPDATE people_address SET person_id = (SELECT id FROM people_person WHERE tenant_id = %(other)s LIMIT 1) "
        "WHERE id = (SELECT id FROM people_address WHERE tenant_id = %(tenant)s LIMIT 1) RETURNING id",
        "I11", "people_address",
    ),
    "a document without file": (
        "UPDATE documents_document SET store_key = id::text || 'x' RETURNING id", "I13", "documents_document"
    ),
}  # fmt: skip


@pytest.fixture
def damaged(filled: Any) -> Iterator[Filled]:
    """A copy of what is filled, to be damaged and thrown away."""
    copy = Database(f"{filled.copy.name}_damaged", filled.copy.server, filled.copy.secrets)
    bed._create(copy, filled.copy.name)
    yield replace(filled, copy=copy)
    bed.drop(copy)


def _break(place: Filled, statement: str) -> set[str]:
    """Run a statement as administrator, past triggers and keys; gives the ids that it returns."""
    with psycopg.connect(place.copy.admin, autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        found = administrator.execute(statement.encode(), {"tenant": place.tenant, "other": place.tenant + 1})
        return {str(row[0]) for row in found}


def look(place: Filled, **more: Any) -> Report:
    """What is found of the office, which all damage is done to."""
    return place.verify(tenants=[place.office.slug], **more)


def _together() -> dict[str, list[str]]:
    """Breaches that are looked for together, some at a time, since each of them is told by another rule or of another
    table; what takes rows away comes after what alters some."""
    found: list[list[str]] = []
    for what in sorted(BREACHES, key=lambda what: BREACHES[what][0].startswith("DELETE")):
        told = BREACHES[what][1:]
        for group in found:
            if len(group) < 8 and told not in (BREACHES[other][1:] for other in group):
                group.append(what)
                break
        else:
            found.append([what])
    return {f"{group[0]} and {len(group) - 1} more": group for group in found}


TOGETHER = _together()


@pytest.mark.parametrize("group", TOGETHER)
def test_a_breach_is_found_by_its_rule(damaged: Filled, group: str) -> None:
    broken = {what: _break(damaged, BREACHES[what][0]) for what in TOGETHER[group]}
    report = look(damaged)
    for what, rows in broken.items():
        told = BREACHES[what][1:]
        assert rows & {f.row for f in report.errors if (f.rule, f.table) == told}, (what, report.to_text())


def test_a_merge_by_one_or_of_one_record_twice_is_found_where_the_database_let_it_be(damaged: Filled) -> None:
    with psycopg.connect(damaged.copy.admin, autocommit=True) as administrator:
        administrator.execute("ALTER TABLE people_merge DROP CONSTRAINT merge_by_two")
        administrator.execute("DROP INDEX merge_one_per_gone")
    alone = "UPDATE people_merge SET confirmed_by_id = proposed_by_id WHERE confirmed_at IS NOT NULL RETURNING id"
    broken = _break(damaged, alone)
    twice = (
        "INSERT INTO people_merge (id, tenant_id, gone_id, kept_id, reason, proposed_by_id, proposed_at, version) "
        "SELECT gen_random_uuid(), m.tenant_id, m.gone_id, c.applicant_id, 'x', m.proposed_by_id, now(), 1 "
        "FROM people_merge m JOIN casefile_case c ON c.tenant_id = m.tenant_id AND c.applicant_id <> m.kept_id "
        f"WHERE m.id = {MERGE} LIMIT 1 RETURNING id"
    )
    report = look(damaged)
    told = {f.text for f in report.errors if (f.rule, f.row) == ("I11", *broken)}
    assert told == {"was not confirmed by a second person"}
    broken |= _break(damaged, twice)
    report = look(damaged)
    assert broken == {f.row for f in report.errors if f.text == "its record leads to two, or on to a third"}


def test_an_entry_that_goes_elsewhere_is_found_where_the_database_let_it_be(damaged: Filled) -> None:
    with psycopg.connect(damaged.copy.admin, autocommit=True) as administrator:
        administrator.execute("ALTER TABLE accounts_entry DROP CONSTRAINT entry_moves_as_named")
    broken = _break(damaged, "UPDATE accounts_entry SET debited = 'open' WHERE move = 'cut' RETURNING id")
    account = _break(damaged, "SELECT account_id FROM accounts_entry WHERE move = 'cut'")
    found = {(f.table, f.row) for f in look(damaged).errors if f.rule == "I12"}
    assert found == {("accounts_entry", *broken), ("accounts_account", *account)}


def test_a_receipt_that_was_shown_is_here(filled: Filled) -> None:
    with acting_rows(filled, "SELECT number, digest FROM intake_receipt ORDER BY number") as found:
        shown = [{"number": number, "digest": digest} for number, digest in found]
    slug = filled.office.slug
    assert look(filled, receipts={slug: shown}).ok
    lost = {"number": "2026-999999-A", "digest": "0"}
    other = {**shown[0], "digest": "0" * 64}
    report = look(filled, receipts={slug: [*shown, lost, other]})
    assert [(f.rule, f.table) for f in report.errors] == [("I2", "intake_receipt")] * 2


def test_a_block_that_left_the_installation_is_here(filled: Filled) -> None:
    roots = look(filled).roots
    slug = filled.office.slug
    report = look(filled, published_roots={slug: {**roots[slug], "3": "0" * 64}})
    assert [(f.rule, f.table, f.row) for f in report.errors] == [("I10", "audit_block", "3")]


@pytest.mark.parametrize("gone", ["number = 2", "true"])
def test_what_no_block_covers_is_a_finding_after_a_quarter_of_an_hour(damaged: Filled, gone: str) -> None:
    """The newest block removed, or all of them: noticed by what is in the database alone."""
    subjects = _break(
        damaged,
        f"WITH last AS (DELETE FROM audit_block WHERE tenant_id = %(tenant)s AND {gone} RETURNING id) "
        "DELETE FROM audit_blockleaf USING last WHERE block_id = last.id RETURNING subject_id",
    )
    moment = damaged.office.now
    soon, late = (look(damaged, at=moment + age) for age in (timedelta(minutes=14), timedelta(days=400)))
    assert soon.findings == []
    assert {(f.table, f.row) for f in late.errors if f.rule == "I10"} == {("audit_subject", s) for s in subjects}


def test_blocks_that_were_signed_anew_over_those_removed_are_noticed_by_the_plain_command(
    damaged: Filled, tmp_path: Path
) -> None:
    """The worker signs each minute: what it signs after blocks were removed would cover everything again. It keeps
    the newest root in the data folder, which the command holds the blocks against."""
    roots = look(damaged).roots
    for entry in damaged.files.parent.iterdir():
        (tmp_path / entry.name).symlink_to(entry)

    def command() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "handslag.cli.main", "verify", "--tenant", damaged.office.slug],
            env=damaged.copy.environment() | {"HANDSLAG_DATA": str(tmp_path)},
            cwd=bed.ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / f"{damaged.office.slug}.json").write_text(json.dumps(roots[damaged.office.slug]))
    assert command()[0] == 0
    _break(damaged, "DELETE FROM audit_blockleaf WHERE tenant_id = %(tenant)s RETURNING id")
    _break(damaged, "DELETE FROM audit_block WHERE tenant_id = %(tenant)s RETURNING id")
    with elsewhere(damaged.copy), override_settings(DATA=damaged.files.parent):
        assert sign_block(tenant=damaged.office.slug, by=TEST, now=clock.now())
    code, said = command()
    assert (code, "I10" in said, "block 2 was published with root" in said) == (1, True, True)


def test_a_session_without_a_right_is_found(damaged: Filled) -> None:
    add = (
        "INSERT INTO tenancy_session (session_key, session_data, expire_date, account) "
        "SELECT md5(account::text), '', now() + interval '1 day', account FROM ({}) AS a(account) RETURNING account"
    )
    _break(damaged, add.format("SELECT user_id FROM tenancy_staffmember"))
    assert damaged.verify().ok
    stranger = _break(damaged, add.format("SELECT gen_random_uuid()"))
    gone = _break(
        damaged,
        "UPDATE tenancy_staffuser SET is_active = false WHERE id = (SELECT user_id FROM tenancy_staffmember LIMIT 1) "
        "RETURNING id",
    )
    report = damaged.verify()
    assert {f.row for f in report.errors if (f.rule, f.table) == ("I11", "tenancy_session")} == stranger | gone


def test_a_job_that_failed_or_waits_too_long_is_found(damaged: Filled) -> None:
    failed = _break(
        damaged,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('default', 'x', 'failed') RETURNING id",
    )
    made_good = "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status) VALUES "
    made_good += "('default', 'y', 'y', 'failed'), ('default', 'y', 'y', '{}') RETURNING id"
    _break(damaged, made_good.format("succeeded"))
    assert {f.row for f in damaged.verify(tenants=[]).errors} == failed
    failed |= _break(damaged, made_good.replace("'y', 'y'", "'z', 'z'").format("failed"))
    assert {f.row for f in damaged.verify(tenants=[]).errors} == failed
    late = damaged.verify(at=damaged.office.now + timedelta(hours=25))
    waiting = {"procrastinate_jobs", "tasks_notice", "exchange_arrival"}
    assert {(f.rule, f.table) for f in late.errors} == {("I4", table) for table in waiting}
    assert {f.row for f in late.errors} > failed


def test_files_that_are_not_what_was_written(filled: Filled, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(filled.files, folder)
    mine = folder / str(filled.tenant)
    with acting_rows(filled, "SELECT min(store_key) FROM documents_document WHERE kind = 'payment file'") as found:
        ((key,),) = found
    place = next(mine.glob(f"??/{key}"))
    stray = mine / "aa" / str(uuid7())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    assert look(filled, files=folder).ok  # it may be one that is just being recorded
    os.utime(stray, (0, 0))
    assert [(f.rule, f.row) for f in look(filled, files=folder).errors] == [("I13", stray.name)]
    stray.unlink()

    (data_key,) = filled.keys[filled.tenant]
    store = for_tenant(mine, data_key)
    content = b"".join(store.read(UUID(key)))
    place.unlink()
    assert [(f.rule, f.row) for f in look(filled, files=folder).errors] == [("I13", key)]
    altered = content.replace(b"<CtrlSum>", b"<CtrlSum>1", 1)
    store.write(UUID(key), io.BytesIO(altered))
    report = look(filled, files=folder)
    assert {(f.rule, f.table) for f in report.errors} == {("I13", "documents_document"), ("I7", "payments_runfile")}
    without_keys = look(filled, files=folder, file_keys={})
    assert [f.rule for f in without_keys.errors] == ["I13"]  # one byte longer than what was written


@contextmanager
def acting_rows(filled: Filled, query: str) -> Iterator[list[Any]]:
    """Rows of the office, read as auditor."""
    with psycopg.connect(filled.copy.of_role("auditor")) as auditor:
        auditor.execute("SELECT set_config('app.tenant', %s, true)", [str(filled.tenant)])
        yield auditor.execute(query.encode()).fetchall()
