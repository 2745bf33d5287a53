"""The wall beneath the door: the catalogue's rules, what leaks where a stone is taken out, who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from psycopg import sql
from psycopg.types.json import Jsonb

from tests import bed
from tests.bed import Database
from tests.domain.catalogue import (
    append_only_tables,
    findings,
    of_keys,
    of_policies,
    of_tables,
    tenant_keys,
    tenant_models,
)
from tests.filled import Filled

ROLES = ("web", "worker", "courier", "auditor", "eraser")
#: Rows for tables that the cases of tests.filled leave empty: columns of a row of the tenant.
BESIDES = {
    "exchange_partner": """
        INSERT INTO exchange_partner (id, tenant_id, address, name, url, registered_at, told, trouble, attempts,
            version)
        SELECT id, tenant_id, 'municipality:kommunkod:7777', 'x', '', now(), '', '', 0, 1 FROM audit_subject
        WHERE tenant_id = %s LIMIT 1""",
    "exchange_passed": """
        INSERT INTO exchange_passed (id, tenant_id, partner_id, code, at)
        SELECT e.id, e.tenant_id, p.id, '', now() FROM exchange_envelope e JOIN exchange_partner p
        ON p.tenant_id = e.tenant_id WHERE e.tenant_id = %s LIMIT 1""",
    "exchange_sedexclient": """
        INSERT INTO exchange_sedexclient (id, tenant_id, participant, folder, connected_at, trouble, version)
        SELECT id, tenant_id, '1-9901-1', '/nowhere', now(), '', 1 FROM audit_subject WHERE tenant_id = %s LIMIT 1""",
    "exchange_sedexstep": """
        INSERT INTO exchange_sedexstep (id, tenant_id, envelope_id, attempt, code, info, at)
        SELECT gen_random_uuid(), tenant_id, id, 1, 100, '', now() FROM exchange_envelope WHERE tenant_id = %s
        LIMIT 1""",
    "decisions_order": """
        INSERT INTO decisions_order (id, tenant_id, case_id, person_id, number, kind, about, condition_id, period_id,
            percent, months, language, reasons, legal_basis, delegation, state, proposed_by_id, proposed_at,
            decided_by_id, decided_at, returned_reason, letter_id, ended_on, ended_why, ended_by_id, version)
        SELECT l.id, l.tenant_id, l.case_id, l.person_id, 'x', 'reduction', '', l.id, p.id, 10, 1, 'de', 'x', 'x', 'x',
            'decided', m.id, now(), o.id, now(), '', l.id, '2026-01-01', 'x', m.id, 1
        FROM decisions_personalletter l JOIN casefile_period p ON p.tenant_id = l.tenant_id
        JOIN tenancy_staffmember m ON m.tenant_id = l.tenant_id
        JOIN tenancy_staffmember o ON o.tenant_id = l.tenant_id AND o.id > m.id WHERE l.tenant_id = %s LIMIT 1""",
    "statistics_accountclass": """
        INSERT INTO statistics_accountclass (id, tenant_id, direction, account_code, category, source, entered_by_id,
            entered_at)
        SELECT gen_random_uuid(), tenant_id, 'expense', 'DENTAL', '', 'x', id, now() FROM tenancy_staffmember
        WHERE tenant_id = %s LIMIT 1""",
    "statistics_ending": """
        INSERT INTO statistics_ending (id, tenant_id, case_id, since, reason, recorded_by_id, recorded_at)
        SELECT gen_random_uuid(), c.tenant_id, c.id, '2026-01-01', 'WORK', m.id, now() FROM casefile_case c
        JOIN tenancy_staffmember m ON m.tenant_id = c.tenant_id WHERE c.tenant_id = %s LIMIT 1""",
    "statistics_federaldelivery": """
        INSERT INTO statistics_federaldelivery (id, tenant_id, since, number, content, digest, dossiers, persons,
            bookings, spent, came_in, protection, state, made_at, sent_by_id, sent_at, recipient, why, version)
        SELECT s.id, s.tenant_id, '2026-01-01', 1, '{}', '', 0, 0, 0, 0, 0, 0, 'sent', now(), m.id, now(), 'x', '', 1
        FROM audit_subject s JOIN tenancy_staffmember m ON m.tenant_id = s.tenant_id WHERE s.tenant_id = %s
        LIMIT 1""",
    "statistics_federalstep": """
        INSERT INTO statistics_federalstep (id, tenant_id, delivery_id, attempt, code, info, at)
        SELECT gen_random_uuid(), tenant_id, id, 1, 100, '', now() FROM statistics_federaldelivery WHERE tenant_id = %s
        LIMIT 1""",
    "imports_import": """
        INSERT INTO imports_import (id, tenant_id, number, files, totals, state, brought_by_id, brought_at, version)
        SELECT s.id, s.tenant_id, '2026-000009-X', '[]', '{}', 'verified', m.id, now(), 1 FROM audit_subject s
        JOIN tenancy_staffmember m ON m.tenant_id = s.tenant_id WHERE s.tenant_id = %s LIMIT 1""",
    "imports_row": """
        INSERT INTO imports_row (id, tenant_id, of_id, "table", line, told, faults)
        SELECT id, tenant_id, id, 'persons', 2, '{}', '[]' FROM imports_import WHERE tenant_id = %s LIMIT 1""",
    "register_notice": """
        INSERT INTO register_notice (id, tenant_id, person_id, message_id, what, value, day, since, disputed,
            moves_from, accommodation, "between", why, at)
        SELECT gen_random_uuid(), p.tenant_id, p.id, m.id, 'municipality', 'municipality:bfs:1', '2026-01-01',
            '2026-01-01', false, '', '', '{}', '', now()
        FROM people_person p JOIN exchange_message m ON m.tenant_id = p.tenant_id WHERE p.tenant_id = %s LIMIT 1""",
    "register_responsibility": """
        INSERT INTO register_responsibility (id, tenant_id, person_id, since, municipality)
        SELECT gen_random_uuid(), tenant_id, id, '2026-01-01', 'municipality:bfs:1' FROM people_person
        WHERE tenant_id = %s LIMIT 1""",
    "accounts_account": """
        INSERT INTO accounts_account (id, tenant_id, partner, side, opened_at)
        SELECT id, tenant_id, 'municipality:bfs:1', 'payer', now() FROM audit_subject WHERE tenant_id = %s LIMIT 1""",
    "accounts_posting": """
        INSERT INTO accounts_posting (id, tenant_id, account_id, number, rests_on, reference, content, digest,
            posted_at)
        SELECT id, tenant_id, id, 1, 'statement', 'x', '', '', now() FROM accounts_account WHERE tenant_id = %s""",
    "accounts_entry": """
        INSERT INTO accounts_entry (id, tenant_id, account_id, posting_id, place, move, credited, debited, amount,
            currency, regime, since, until, cites, reference, content)
        SELECT id, tenant_id, account_id, id, 1, 'claimed', 'claimed', 'in check', 100, 'CHF', 'asylum', '2026-01-01',
            '2026-04-01', 'line', 'x', '' FROM accounts_posting WHERE tenant_id = %s""",
    "accounts_paidto": """
        INSERT INTO accounts_paidto (id, tenant_id, account_id, holder, street, house_number, postcode, town, country,
            iban, qr_iban, contact_name, contact_email, contact_phone, state, recorded_by_id, recorded_at,
            confirmed_by_id, confirmed_at, version)
        SELECT a.id, a.tenant_id, a.id, 'x', '', '', 'x', 'x', 'CH', 'x', '', '', '', '', 'confirmed', m.id, now(),
            o.id, now(), 1
        FROM accounts_account a JOIN tenancy_staffmember m ON m.tenant_id = a.tenant_id
        JOIN tenancy_staffmember o ON o.tenant_id = a.tenant_id AND o.id > m.id WHERE a.tenant_id = %s LIMIT 1""",
    "accounts_paymentorder": """
        INSERT INTO accounts_paymentorder (id, tenant_id, account_id, paid_to_id, number, amount, currency, state,
            ordered_by_id, ordered_at, released_by_id, released_at, execution_on, document_id, version)
        SELECT p.id, p.tenant_id, account_id, p.id, 'x', 1, 'CHF', 'sent', recorded_by_id, now(), confirmed_by_id,
            now(), '2026-01-01', d.id, 1
        FROM accounts_paidto p JOIN documents_document d ON d.tenant_id = p.tenant_id WHERE p.tenant_id = %s LIMIT 1""",
    "accounts_bankmatch": """
        INSERT INTO accounts_bankmatch (id, tenant_id, line_id, account_id, order_id)
        SELECT l.id, l.tenant_id, l.id, o.account_id, o.id
        FROM payments_bankline l JOIN accounts_paymentorder o ON o.tenant_id = l.tenant_id
        WHERE l.tenant_id = %s LIMIT 1""",
    "accounts_handmatch": """
        INSERT INTO accounts_handmatch (id, tenant_id, line_id, account_id, posting_id, booking_id, matched_by_id,
            matched_at, undone_by_id, undone_at, undone_why, version)
        SELECT l.id, l.tenant_id, l.id, p.account_id, p.id, b.id, m.id, now(), m.id, now(), 'x', 1
        FROM payments_bankline l JOIN accounts_posting p ON p.tenant_id = l.tenant_id
        JOIN payments_booking b ON b.tenant_id = l.tenant_id JOIN tenancy_staffmember m ON m.tenant_id = l.tenant_id
        WHERE l.tenant_id = %s LIMIT 1""",
    "settlement_statement": """
        INSERT INTO settlement_statement (id, tenant_id, partner, side, fund, since, until, reference, opened_at)
        SELECT id, tenant_id, 'municipality:bfs:1', 'payer', 'asylum', '2026-01-01', '2026-04-01', 'x', now()
        FROM audit_subject WHERE tenant_id = %s LIMIT 1""",
    "settlement_submission": """
        INSERT INTO settlement_submission (id, tenant_id, statement_id, number, withdrawn, lines, total, currency,
            content, sent_on, sent_by_id, at)
        SELECT s.id, s.tenant_id, s.id, 1, '{}', 1, 36, 'CHF', '', '2026-04-01', m.id, now()
        FROM settlement_statement s JOIN tenancy_staffmember m ON m.tenant_id = s.tenant_id
        WHERE s.tenant_id = %s LIMIT 1""",
    "settlement_reception": """
        INSERT INTO settlement_reception (id, tenant_id, submission_id, code, text, at)
        SELECT id, tenant_id, id, '', '', now() FROM settlement_submission WHERE tenant_id = %s""",
    "settlement_line": """
        INSERT INTO settlement_line (id, tenant_id, statement_id, submission_id, number, person_id, kind, status,
            since, until, days, rate, amount, cost, share, account_code, text, corrects_id, findings, why, content)
        SELECT s.id, s.tenant_id, s.statement_id, s.id, 1, p.id, 'days', 'N', '2026-01-01', '2026-01-02', 1, 36, 36,
            'days', 'whole', '', '', s.id, '{}', '', ''
        FROM settlement_submission s JOIN people_person p ON p.tenant_id = s.tenant_id WHERE s.tenant_id = %s
        LIMIT 1""",
    "settlement_claim": """
        INSERT INTO settlement_claim (id, tenant_id, line_id, side, partner, person_id, fund, cost, share, since, until)
        SELECT id, tenant_id, id, 'payer', 'municipality:bfs:1', person_id, 'asylum', cost, share, since, until
        FROM settlement_line WHERE tenant_id = %s""",
    "settlement_reply": """
        INSERT INTO settlement_reply (id, tenant_id, statement_id, number, content, answered_by_id, at)
        SELECT id, tenant_id, statement_id, 1, '', sent_by_id, now() FROM settlement_submission
        WHERE tenant_id = %s""",
    "settlement_answer": """
        INSERT INTO settlement_answer (id, tenant_id, reply_id, line_id, outcome, reason, days, amount, accepted, why)
        SELECT id, tenant_id, id, id, 'accepted', '', 1, 36, '[["2026-01-01", "2026-01-02"]]', ''
        FROM settlement_reply WHERE tenant_id = %s""",
    "settlement_counted": """
        INSERT INTO settlement_counted (id, tenant_id, side, person_id, partner, fund, status, line_id, since, until)
        SELECT id, tenant_id, 'payer', person_id, 'municipality:bfs:1', 'asylum', status, id, since, until
        FROM settlement_line WHERE tenant_id = %s""",
    "settlement_leftout": """
        INSERT INTO settlement_leftout (id, tenant_id, person_id, fund, since, until, why, by_id, at)
        SELECT l.id, l.tenant_id, l.person_id, 'asylum', l.since, l.until, 'x', s.sent_by_id, now()
        FROM settlement_line l JOIN settlement_submission s ON s.id = l.submission_id WHERE l.tenant_id = %s""",
    "settlement_reclaim": """
        INSERT INTO settlement_reclaim (id, tenant_id, side, partner, fund, reference, reason, text, total, currency,
            content, state, proposed_by_id, told_by_id, answered_by_id, settled_by_id, objection, settled_why, version)
        SELECT s.id, s.tenant_id, 'payer', 'municipality:bfs:1', 'asylum', 'x', 'LATE', 'x', 36, 'CHF', '', 'kept',
            m.id, n.id, m.id, n.id, '', '', 1
        FROM settlement_statement s JOIN tenancy_staffmember m ON m.tenant_id = s.tenant_id
        JOIN tenancy_staffmember n ON n.tenant_id = s.tenant_id AND n.id > m.id WHERE s.tenant_id = %s LIMIT 1""",
    "settlement_reclaimline": """
        INSERT INTO settlement_reclaimline (id, tenant_id, reclaim_id, line_id, amount, days, stands)
        SELECT l.id, l.tenant_id, r.id, l.id, 36, '[]', true
        FROM settlement_line l JOIN settlement_reclaim r ON r.tenant_id = l.tenant_id WHERE l.tenant_id = %s""",
    "register_standing": """
        INSERT INTO register_standing (id, tenant_id, person_id, since, status, entry_on)
        SELECT gen_random_uuid(), tenant_id, id, '2026-01-01', 'N', '2026-01-01' FROM people_person
        WHERE tenant_id = %s LIMIT 1""",
    "register_residents": """
        INSERT INTO register_residents (id, tenant_id, municipality, since, residents, entered_by_id, at)
        SELECT s.id, s.tenant_id, 'municipality:bfs:1', '2026-01-01', 1, m.id, now()
        FROM audit_subject s JOIN tenancy_staffmember m ON m.tenant_id = s.tenant_id
        WHERE s.tenant_id = %s LIMIT 1""",
    "funding_tariff": """
        INSERT INTO funding_tariff (id, tenant_id, account_code, since, granted_up_to, first_payer, needs_approval,
            entered_by_id, at)
        SELECT s.id, s.tenant_id, 'DENTAL', '2026-01-01', 0, '', false, m.id, now()
        FROM audit_subject s JOIN tenancy_staffmember m ON m.tenant_id = s.tenant_id
        WHERE s.tenant_id = %s LIMIT 1""",
    "funding_approval": """
        INSERT INTO funding_approval (id, tenant_id, person_id, partner, payer, number, asked_id, said_id, account_code,
            since, until, amount, percent, by_rules, at)
        SELECT gen_random_uuid(), p.tenant_id, p.id, 'municipality:bfs:1', true, 'x', m.id, m.id, 'DENTAL',
            '2026-01-01', '2026-02-01', 1, 100, false, now()
        FROM people_person p JOIN exchange_message m ON m.tenant_id = p.tenant_id
        WHERE p.tenant_id = %s LIMIT 1""",
    "funding_approvalterms": """
        INSERT INTO funding_approvalterms (id, tenant_id, approval_id, told_id, turn, amount, until, billed_from,
            reason, at)
        SELECT gen_random_uuid(), tenant_id, id, said_id, 1, 0, '2026-02-01', '2026-01-01', 'MISTAKE', now()
        FROM funding_approval WHERE tenant_id = %s LIMIT 1""",
    "funding_proposedchange": """
        INSERT INTO funding_proposedchange (id, tenant_id, approval_id, amount, last_on, billed_from, reason, text,
            assessed, state, proposed_by_id, at, settled_by_id, settled_at)
        SELECT gen_random_uuid(), a.tenant_id, a.id, 0, '2026-02-01', '2026-01-01', 'MISTAKE', 'x', '', 'taken back',
            m.id, now(), m.id, now()
        FROM funding_approval a JOIN tenancy_staffmember m ON m.tenant_id = a.tenant_id
        WHERE a.tenant_id = %s LIMIT 1""",
    "register_contradiction": """
        INSERT INTO register_contradiction (id, tenant_id, person_id, what, since, "values")
        SELECT gen_random_uuid(), tenant_id, id, 'status', '2026-01-01', '{}' FROM people_person
        WHERE tenant_id = %s LIMIT 1""",
    "people_representation": """
        INSERT INTO people_representation (id, tenant_id, person_id, representative_id, ground, scope, since)
        SELECT gen_random_uuid(), a.tenant_id, a.id, b.id, 'god man', 'act', '2026-01-01'
        FROM people_person a JOIN people_person b ON b.tenant_id = a.tenant_id AND b.id > a.id
        WHERE a.tenant_id = %s AND NOT EXISTS (SELECT FROM people_merge m WHERE m.gone_id IN (a.id, b.id)) LIMIT 1""",
    "casefile_casewarning": """
        INSERT INTO casefile_casewarning (id, tenant_id, case_id, period_id, kind, about, person, reason, amount,
            amount_before, state, found_at, acknowledged_by_id, acknowledged_at)
        SELECT gen_random_uuid(), p.tenant_id, p.case_id, p.id, 'NEW_EXPENSE', 'INTERNET', '', '', 100, 0, 'seen',
            now(), m.id, now()
        FROM casefile_period p JOIN tenancy_staffmember m ON m.tenant_id = p.tenant_id
        WHERE p.tenant_id = %s LIMIT 1""",
    "casefile_note": """
        WITH k AS (SELECT gen_random_uuid() AS id)
        INSERT INTO casefile_note (id, tenant_id, case_id, kind, text, adds_to_id, written_by_id, written_at)
        SELECT k.id, c.tenant_id, c.id, 'note', 'x', k.id, c.caseworker_id, now() FROM casefile_case c, k
        WHERE c.tenant_id = %s AND c.caseworker_id IS NOT NULL LIMIT 1""",
    "casefile_notedraft": """
        INSERT INTO casefile_notedraft (id, tenant_id, case_id, member_id, form, saved_at)
        SELECT gen_random_uuid(), tenant_id, id, caseworker_id, '{}', now() FROM casefile_case
        WHERE tenant_id = %s AND caseworker_id IS NOT NULL LIMIT 1""",
    "decisions_lefttoperson": """
        INSERT INTO decisions_lefttoperson (id, tenant_id, period_id, state)
        SELECT gen_random_uuid(), tenant_id, id, 'x' FROM casefile_period WHERE tenant_id = %s LIMIT 1""",
    "entitlement_localnorm": """
        INSERT INTO entitlement_localnorm (id, tenant_id, name, since, entry, source, entered_by_id, entered_at,
            confirmed_by_id, confirmed_at)
        SELECT s.id, s.tenant_id, 'limit.RENT', '2026-01-01', '{}', 'x', a.id, now(), b.id, now()
        FROM audit_subject s JOIN tenancy_staffmember a ON a.tenant_id = s.tenant_id
        JOIN tenancy_staffmember b ON b.tenant_id = a.tenant_id AND b.id > a.id
        WHERE s.tenant_id = %s LIMIT 1""",
    "tenancy_delegation": """
        INSERT INTO tenancy_delegation (id, tenant_id, kind, role, member_id, most, clause, source, since,
            entered_by_id, entered_at, confirmed_by_id, confirmed_at, version)
        SELECT gen_random_uuid(), a.tenant_id, 'grant', '', a.id, 1, 'x', 'x', '2026-01-01', a.id, now(), b.id, now(), 1
        FROM tenancy_staffmember a JOIN tenancy_staffmember b ON b.tenant_id = a.tenant_id AND b.id > a.id
        WHERE a.tenant_id = %s LIMIT 1""",
    "elsewhere_switch": """
        INSERT INTO elsewhere_switch (id, tenant_id, unit_name, client_group, switched_on, reason, entered_by_id,
            entered_at, outcome, settled_by_id, settled_at, version)
        SELECT gen_random_uuid(), a.tenant_id, 'x', 'single', true, 'x', a.id, now(), 'confirmed', b.id, now(), 1
        FROM tenancy_staffmember a JOIN tenancy_staffmember b ON b.tenant_id = a.tenant_id AND b.id > a.id
        WHERE a.tenant_id = %s LIMIT 1""",
    "entitlement_precalculation": """
        INSERT INTO entitlement_precalculation (id, tenant_id, kind, since, norm_id, state, started_at, moved_at, cases,
            done, problems, more, less, more_by, less_by, batch, milliseconds)
        SELECT s.id, s.tenant_id, 'value', '2026-01-01', n.id, 'running', now(), now(), 1, 0, 0, 0, 0, 0, 0, 0, 0
        FROM audit_subject s JOIN entitlement_localnorm n ON n.tenant_id = s.tenant_id
        WHERE s.tenant_id = %s LIMIT 1""",
    "entitlement_forecast": """
        INSERT INTO entitlement_forecast (id, tenant_id, run_id, case_id, since, basis, pack, currency, changes, digest,
            problem, told, computed_at)
        SELECT gen_random_uuid(), p.tenant_id, p.id, c.id, p.since, '', '', '', '[]', '', 'nothing', '[]', now()
        FROM entitlement_precalculation p JOIN casefile_case c ON c.tenant_id = p.tenant_id
        WHERE p.tenant_id = %s LIMIT 1""",
    "tenancy_proposedrole": """
        INSERT INTO tenancy_proposedrole (id, tenant_id, member_id, role, since, state, proposed_by_id, at,
            settled_by_id, settled_at)
        SELECT gen_random_uuid(), a.tenant_id, a.id, 'payer', '2026-01-01', 'withdrawn', b.id, now(), b.id, now()
        FROM tenancy_staffmember a JOIN tenancy_staffmember b ON b.tenant_id = a.tenant_id AND b.id > a.id
        WHERE a.tenant_id = %s LIMIT 1""",
    "tenancy_deputy": """
        INSERT INTO tenancy_deputy (id, tenant_id, member_id, deputy_id, since, until)
        SELECT gen_random_uuid(), a.tenant_id, a.id, b.id, '2026-01-01', '2026-02-01'
        FROM tenancy_staffmember a JOIN tenancy_staffmember b ON b.tenant_id = a.tenant_id AND b.id > a.id
        WHERE a.tenant_id = %s LIMIT 1""",
    "tenancy_preference": """
        INSERT INTO tenancy_preference (id, tenant_id, member_id, keys, views)
        SELECT gen_random_uuid(), m.tenant_id, m.id, true, '[]'
        FROM tenancy_staffmember m WHERE m.tenant_id = %s LIMIT 1""",
    "casefile_message": """
        INSERT INTO casefile_message (id, tenant_id, case_id, person_id, text, urgent, sent_at)
        SELECT gen_random_uuid(), c.tenant_id, c.id, c.applicant_id, 'x', false, now()
        FROM casefile_case c WHERE c.tenant_id = %s LIMIT 1""",
    "lookups_lookup": """
        INSERT INTO lookups_lookup (id, tenant_id, case_id, period_id, person_id, since, until, authorities, purpose,
            legal_basis, member_id, asked_as, asked_at)
        SELECT gen_random_uuid(), p.tenant_id, c.id, p.id, c.applicant_id, '2026-01-01', '2026-03-01', '["SO"]', 'x',
            'x', c.caseworker_id, 'x', now()
        FROM casefile_period p JOIN casefile_case c ON c.id = p.case_id
        WHERE p.tenant_id = %s AND c.caseworker_id IS NOT NULL LIMIT 1""",
    "lookups_lookupanswer": """
        INSERT INTO lookups_lookupanswer (id, tenant_id, look_up_id, authority, state, source, code, message, facts,
            secrecy, answered_at)
        SELECT gen_random_uuid(), tenant_id, id, 'SO', 'answered', '', '', '', '[]', false, now()
        FROM lookups_lookup WHERE tenant_id = %s LIMIT 1""",
    "lookups_fetchedline": """
        INSERT INTO lookups_fetchedline (id, tenant_id, answer_id, period_id, person_id, authority, benefit, name,
            income_code, paid_on, amount, planned, detail, serial)
        SELECT gen_random_uuid(), a.tenant_id, a.id, l.period_id, l.person_id, 'SO', 'x', 'x', '', '2026-02-01', 1,
            false, '', 1
        FROM lookups_lookupanswer a JOIN lookups_lookup l ON l.id = a.look_up_id WHERE a.tenant_id = %s LIMIT 1""",
    "lookups_dispute": """
        INSERT INTO lookups_dispute (id, tenant_id, line_id, period_id, person_id, reason, text, made_at)
        SELECT gen_random_uuid(), f.tenant_id, f.id, f.period_id, f.person_id, 'other', 'x', now()
        FROM lookups_fetchedline f WHERE f.tenant_id = %s LIMIT 1""",
    "lookups_disputeanswer": """
        INSERT INTO lookups_disputeanswer (id, tenant_id, dispute_id, verdict, why, member_id, answered_at)
        SELECT gen_random_uuid(), d.tenant_id, d.id, 'said', 'x', m.id, now()
        FROM lookups_dispute d JOIN tenancy_staffmember m ON m.tenant_id = d.tenant_id WHERE d.tenant_id = %s
        LIMIT 1""",
    "decisions_orderappeal": """
        INSERT INTO decisions_orderappeal (id, tenant_id, order_id, came_on, suspends, why, noted_by_id, noted_at,
            ended_on, outcome, ended_by_id, version)
        SELECT gen_random_uuid(), o.tenant_id, o.id, '2026-01-01', true, 'x', m.id, now(), '2026-01-02', 'x', m.id, 1
        FROM decisions_order o JOIN tenancy_staffmember m ON m.tenant_id = o.tenant_id WHERE o.tenant_id = %s
        LIMIT 1""",
    "payments_keptback": """
        INSERT INTO payments_keptback (id, tenant_id, order_id, booking_id, counter_id, amount)
        SELECT gen_random_uuid(), o.tenant_id, o.id, b.id, b.id, 1
        FROM decisions_order o JOIN payments_booking b ON b.tenant_id = o.tenant_id
        WHERE o.tenant_id = %s AND b.reverses_id IS NULL LIMIT 1""",
    "tasks_task": """
        INSERT INTO tasks_task (id, tenant_id, subject_id, kind, unit_id, assignee_id, state, created_at, version)
        SELECT gen_random_uuid(), m.tenant_id, m.id, 'x', m.unit_id, m.id, 'open', now(), 1
        FROM tenancy_staffmember m WHERE m.tenant_id = %s LIMIT 1""",
}


def _puts_in(table: str) -> str:
    """The first role that may put rows in."""
    grants = tenant_models()[table].grants
    return next((role for role in ROLES if "INSERT" in grants.get(role, "")), "web")


class Wall:
    """A copy with rows of two tenants in every table, its administrator, and people who try the wall."""

    def __init__(self, copy: Database, ours: int, theirs: int) -> None:
        self.copy, self.ours, self.theirs = copy, ours, theirs
        self.admin = copy.connect("admin", autocommit=True)
        for table in tenant_models():
            if table in BESIDES and not self.rows(table, ours):
                self.admin.execute(BESIDES[table].encode(), [ours])
            assert self.rows(table, ours), f"no row of {table} to try with"
            if not self.rows(table, theirs):
                self._clone(table)
        self.roles = {role: copy.connect(role, autocommit=True) for role in (*ROLES, "owner")}

    def rows(self, table: str, tenant: int) -> list[dict[str, Any]]:
        with self.admin.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            query = sql.SQL("SELECT * FROM {} WHERE tenant_id = %s ORDER BY id").format(sql.Identifier(table))
            return cursor.execute(query, [tenant]).fetchall()

    def one(self, table: str, tenant: int) -> UUID:
        """The key of a row."""
        query = sql.SQL("SELECT id FROM {} WHERE tenant_id = %s ORDER BY id LIMIT 1").format(sql.Identifier(table))
        admin: Any = self.admin
        key: UUID = admin.execute(query, [tenant]).fetchone()[0]
        return key

    def _clone(self, table: str) -> None:
        """A row of ours as one of theirs: what it refers to doesn't matter."""
        row = {**self.rows(table, self.ours)[0], "id": uuid4(), "tenant_id": self.theirs}
        with self.admin.transaction():
            self.admin.execute("SET LOCAL session_replication_role = replica")
            self._insert(self.admin, table, row)

    def _insert(self, connection: Any, table: str, row: dict[str, Any]) -> None:
        values = [
            Jsonb(v) if isinstance(v, dict) or (v is not None and self._is_json(table, c)) else v
            for c, v in row.items()
        ]
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        )
        connection.execute(query, values)

    def _is_json(self, table: str, column: str) -> bool:
        field = next(f for f in tenant_models()[table]._meta.concrete_fields if f.column == column)
        return field.get_internal_type() == "JSONField"

    @contextmanager
    def behind(self, role: str, tenant: int | None) -> Iterator[Any]:
        """A transaction of a role in a tenant, rolled back."""
        connection = self.roles[role]
        with connection.transaction(force_rollback=True):
            if tenant is not None:
                connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            yield connection

    # -- probes: each says whether the wall leaks there ------------------------------------------------------

    def shows_foreign_rows(self, table: str) -> bool:
        with self.behind("web", self.ours) as connection:
            query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(sql.Identifier(table))
            return bool(connection.execute(query, [self.theirs]).fetchone()[0])

    def hides_own_rows(self, table: str) -> bool:
        with self.behind("web", self.ours) as connection:
            return connection.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table))).fetchone() is None

    def shows_the_owner_everything(self, table: str) -> bool:
        with self.behind("owner", None) as connection:
            try:
                return bool(connection.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table))).fetchone())
            except psycopg.errors.InsufficientPrivilege:
                return False

    def takes_foreign_rows(self, table: str) -> bool:
        """Whether web, acting for us, gets a row of theirs past the policy (to whatever comes after it); another role,
        where only that one may put anything in."""
        row = {**self.rows(table, self.theirs)[0], "id": uuid4()}
        role = _puts_in(table)
        with self.behind(role, self.ours) as connection:
            try:
                self._insert(connection, table, row)
            except psycopg.errors.InsufficientPrivilege as refusal:
                return "row-level security" not in str(refusal)
            except psycopg.errors.IntegrityError:
                return True
            return True

    def links_to_foreign_rows(self, table: str, column: str, parent: str) -> bool:
        """Whether web, acting for us, may put a row of theirs behind a reference of ours."""
        rows = self.rows(table, self.ours)
        row = next((r for r in rows if r[column] is not None), rows[0])
        known = {r["id"] for r in self.rows(table, self.theirs)}
        foreign = next(r["id"] for r in self.rows(parent, self.theirs) if column != "id" or r["id"] not in known)
        linked = {**row, column: foreign}
        if (table, column) == ("tasks_notice", "member_id"):
            linked["person_id"] = None
        if (table, column) == ("people_person", "lower_by_id"):
            linked |= {"lower_to": 0, "lower_address_to": 0}
        if (table, column) == ("register_notice", "imported_id"):
            linked["message_id"] = None
        if (table, column) == ("imports_import", "confirmed_by_id"):
            linked |= {"state": "confirmed", "confirmed_at": row["brought_at"]}
        with self.admin.transaction(force_rollback=True):
            self.admin.execute("SET LOCAL session_replication_role = replica")
            self.admin.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier(table)), [row["id"]])
            self.admin.execute("SET LOCAL session_replication_role = origin")
            self.admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(f"handslag_{_puts_in(table)}")))
            self.admin.execute("SELECT set_config('app.tenant', %s, true)", [str(self.ours)])
            try:
                with self.admin.transaction():
                    self._insert(self.admin, table, linked)
            except psycopg.errors.ForeignKeyViolation as refusal:
                own = {name for t, c, _, name in tenant_keys() if (t, c) == (table, column)}
                return refusal.diag.constraint_name not in own
            return True


@pytest.fixture(scope="module")
def wall(filled: Filled) -> Iterator[Wall]:
    """See Wall; nothing that a test does to it stays."""
    copy = Database(f"{filled.copy.name}_wall", filled.copy.server, filled.copy.secrets)
    bed._create(copy, filled.copy.name)
    theirs = next(key for key in filled.keys if key != filled.tenant)
    standing = Wall(copy, filled.tenant, theirs)
    yield standing
    assert findings(standing.admin) == []  # every stone that was taken out was put back
    bed.drop(copy)


@contextmanager
def _without(wall: Wall, *statements: str, back: tuple[str, ...]) -> Iterator[None]:
    """Take a stone out of the wall, and put it back."""
    for statement in statements:
        wall.admin.execute(statement.encode())
    try:
        yield
    finally:
        for statement in back:
            wall.admin.execute(statement.encode())


def test_the_catalogue_keeps_the_rules(database: Database, connect: Any) -> None:
    assert findings(connect("admin", autocommit=True)) == []


def test_the_wall_stands_before_stones_are_taken_out(wall: Wall) -> None:
    assert findings(wall.admin) == []
    for table in tenant_models():
        assert not wall.shows_foreign_rows(table), table
        assert not wall.hides_own_rows(table), table
        assert not wall.shows_the_owner_everything(table), table
        assert not wall.takes_foreign_rows(table), table
    for table, column, parent, _ in tenant_keys():
        assert not wall.links_to_foreign_rows(table, column, parent), (table, column)


SAME = "tenant_id = (SELECT app_tenant())"


DROP, MAKE = "DROP POLICY {0}_tenant ON {0}", f"CREATE POLICY {{0}}_tenant ON {{0}} USING ({SAME}) WITH CHECK ({SAME})"
ALTER = "ALTER TABLE {{0}} {} ROW LEVEL SECURITY"
#: Each stone of a table: how it is taken out and put back, how the catalogue names it, and what then leaks.
STONES = {
    "policy": (DROP, MAKE, "0 policies", [Wall.hides_own_rows]),
    "security": (
        ALTER.format("DISABLE"), ALTER.format("ENABLE"), "row-level security is off",
        [Wall.shows_foreign_rows, Wall.takes_foreign_rows],
    ),
    "owner": (
        ALTER.format("NO FORCE"), ALTER.format("FORCE"), "row-level security does not bind the owner",
        [Wall.shows_the_owner_everything],
    ),
    "in": (
        f"{DROP}; CREATE POLICY {{0}}_tenant ON {{0}} USING ({SAME}) WITH CHECK (true)", f"{DROP}; {MAKE}",
        "policy {0}_tenant takes other rows than the tenant's", [Wall.takes_foreign_rows],
    ),
    "out": (
        f"{DROP}; CREATE POLICY {{0}}_tenant ON {{0}} USING (true) WITH CHECK ({SAME})", f"{DROP}; {MAKE}",
        "policy {0}_tenant shows other rows than the tenant's", [Wall.shows_foreign_rows],
    ),
    "second": (
        "CREATE POLICY second ON {0} USING (true)", "DROP POLICY second ON {0}", "2 policies",
        [Wall.shows_foreign_rows],
    ),
}  # fmt: skip


@pytest.mark.parametrize("stone", STONES)
def test_each_stone_of_a_table_is_missed(wall: Wall, stone: str) -> None:
    out, back, named, leaks = STONES[stone]
    tables = sorted(tenant_models())
    with _without(wall, *(out.format(table) for table in tables), back=tuple(back.format(table) for table in tables)):
        found = findings(wall.admin, of_tables, of_policies)
        for table in tables:
            assert f"{table}: {named.format(table)}" in found
            assert all(leak(wall, table) for leak in leaks), table
    assert findings(wall.admin, of_tables, of_policies) == []


@pytest.mark.parametrize("key", tenant_keys(), ids=lambda key: key[3])
def test_each_composite_key_is_missed(wall: Wall, key: tuple[str, str, str, str]) -> None:
    table, column, parent, name = key
    (definition,) = wall.admin.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
    ).fetchone() or ("",)
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    # NOT VALID: the administrator's copies of rows refer to nothing; what is put back is checked by `definition` alone
    back = f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
    trusting = f"UPDATE pg_constraint SET convalidated = true WHERE conname = '{name}'"
    with _without(wall, drop, back=(f"{back} NOT VALID", trusting)):
        missed = f"{table}: {column} has no key into {parent} of the same tenant ({name})"
        assert missed in findings(wall.admin, of_keys)
        assert wall.links_to_foreign_rows(table, column, parent)


SEEN = "CREATE FUNCTION s.seen() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("CREATE VIEW seen AS SELECT * FROM people_person", "seen: a relation of kind 'v'"),
        ("CREATE MATERIALIZED VIEW seen AS SELECT 1 AS x", "seen: a relation of kind 'm'"),
        ("CREATE FUNCTION seen() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "seen(): SECURITY DEFINER"),
        ("CREATE TABLE seen (id int)", "seen: neither a tenant's table"),
        ("CREATE SCHEMA s CREATE TABLE seen (id int)", "s.seen: outside the schema"),
        ("ALTER TABLE tenancy_session ADD COLUMN name text", "tenancy_session: its columns"),
        ("ALTER ROLE handslag_web BYPASSRLS", "handslag_web: BYPASSRLS"),
        ("GRANT handslag_owner TO handslag_web", "handslag_web: is a member"),
        ("GRANT TRUNCATE ON audit_event TO handslag_web", "audit_event: handslag_web has TRUNCATE"),
        ("GRANT SELECT ON people_person TO PUBLIC", "people_person: PUBLIC has SELECT"),
        (
            "ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only",
            "audit_event: its trigger against changes is off",
        ),
        (
            "GRANT SELECT (session_key) ON tenancy_session TO handslag_auditor",
            "tenancy_session: handslag_auditor, SELECT of column session_key",
        ),
        ("GRANT EXECUTE ON FUNCTION app_tenant() TO PUBLIC", "app_tenant(): PUBLIC may"),
        (f"CREATE SCHEMA s; {SEEN}; GRANT USAGE ON SCHEMA s TO handslag_web", "s.seen(): SECURITY DEFINER"),
        (f"CREATE SCHEMA s; {SEEN}; GRANT USAGE ON SCHEMA s TO handslag_web", "schema s: nobody reviewed it"),
        ("CREATE FUNCTION seen() RETURNS int LANGUAGE sql AS 'SELECT 1'", "seen(): nobody reviewed it"),
        (
            "CREATE OR REPLACE FUNCTION app_tenant() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 2'",
            "app_tenant(): is not as it was reviewed",
        ),
        (
            "CREATE OR REPLACE FUNCTION app_refuse_change() RETURNS trigger LANGUAGE plpgsql "
            "SET search_path = pg_catalog AS $$BEGIN RETURN coalesce(NEW, OLD); END$$",
            "app_refuse_change(): is not as it was reviewed",
        ),
        ("CREATE RULE kept AS ON UPDATE TO audit_event DO INSTEAD NOTHING", "audit_event: rule kept"),
        (
            "CREATE RULE copied AS ON INSERT TO people_person DO ALSO "
            "INSERT INTO tenancy_unit (id, tenant_id, name) VALUES (NEW.id, 2, NEW.family_name)",
            "people_person: rule copied",
        ),
        (
            "CREATE TRIGGER copied AFTER INSERT ON people_person FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "people_person: trigger copied, which nobody reviewed",
        ),
        (
            "DROP TRIGGER payments_recovery_person_id_not_gone ON payments_recovery",
            "payments_recovery: person_id may name a record that was merged into another",
        ),
        (
            "ALTER TABLE casefile_case DISABLE TRIGGER casefile_case_co_applicant_id_not_gone",
            "casefile_case: co_applicant_id may name a record that was merged into another",
        ),
        ("CREATE UNIQUE INDEX u ON people_identifier (value)", "people_identifier: u is unique over all tenants"),
        ("CREATE UNIQUE INDEX u ON people_identifier (lower(value))", "people_identifier: u is unique over all"),
        (
            "ALTER TABLE people_identifier ADD CONSTRAINT u EXCLUDE USING gist (value WITH =)",
            "people_identifier: u is unique over all tenants",
        ),
        ("GRANT CREATE ON SCHEMA public TO handslag_web", "schema public: handslag_web has CREATE"),
        (
            "DO $$BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO handslag_web', current_database()); END$$",
            "database: handslag_web has TEMPORARY",
        ),
        ("ALTER ROLE handslag_web SET app.tenant = '2'", "handslag_web: its sessions begin with app.tenant=2"),
        (
            "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET app.tenant = 2', current_database()); END$$",
            "every role: its sessions begin with app.tenant=2",
        ),
        ("ALTER ROLE handslag_web SET track_activities = on", "handslag_web: the server shows its statements"),
    ],
)
def test_whatever_would_go_round_the_wall_is_named(wall: Wall, statement: str, finding: str) -> None:
    # never committed: roles belong to the whole server, on which other tests run at the same time
    with wall.admin.transaction(force_rollback=True):
        wall.admin.execute(statement.encode())
        assert any(found.startswith(finding) for found in findings(wall.admin))
    assert findings(wall.admin) == []


# -- tenant x role x table x verb ----------------------------------------------------------------------------------


def _tried(connection: Any, query: sql.Composed, params: list[Any]) -> tuple[str, int]:
    """How a statement ended: state and number of rows; the text of a refusal without the ids in it."""
    try:
        with connection.transaction():
            return "ok", connection.execute(query, params).rowcount
    except psycopg.Error as error:
        text = str(error.diag.message_primary) + str(error.diag.message_detail or "")
        for value in params:
            text = text.replace(str(value), "<id>")
        return f"{error.sqlstate} {text}", 0


#: Tries one statement after the other, and keeps how each ended.
TRY = """
DO $$
DECLARE
    one text; outcome text; more text; number bigint; found jsonb := '[]';
BEGIN
    FOR one IN SELECT jsonb_array_elements_text(current_setting('wall.statements')::jsonb) LOOP
        BEGIN
            EXECUTE one;
            GET DIAGNOSTICS number = ROW_COUNT;
            outcome := 'ok';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS outcome = MESSAGE_TEXT, more = PG_EXCEPTION_DETAIL;
            outcome := SQLSTATE || ' ' || outcome || more;
            number := 0;
        END;
        found := found || jsonb_build_array(jsonb_build_array(outcome, number));
    END LOOP;
    PERFORM set_config('wall.found', found::text, true);
END $$
"""


def _all_tried(connection: Any, statements: Iterable[tuple[sql.Composed, list[Any]]]) -> list[tuple[str, int]]:
    """The same of many statements, at once."""
    told = list(statements)
    texts = [psycopg.ClientCursor(connection).mogrify(query, params) for query, params in told]
    connection.execute("SELECT set_config('wall.statements', %s, true)", [json.dumps(texts)])
    connection.execute(TRY)
    found = json.loads(connection.execute("SELECT current_setting('wall.found')").fetchone()[0])
    ended = []
    for (_, params), (outcome, number) in zip(told, found, strict=True):
        for value in params:
            outcome = outcome.replace(str(value), "<id>")
        ended.append((outcome, number))
    return ended


def _verbs(table: str, row: UUID) -> dict[str, tuple[sql.Composed, list[Any]]]:
    name = sql.Identifier(table)
    return {
        "SELECT": (sql.SQL("SELECT * FROM {} WHERE id = %s").format(name), [row]),
        "LOCK": (sql.SQL("SELECT id FROM {} WHERE id = %s FOR UPDATE").format(name), [row]),
        "UPDATE": (sql.SQL("UPDATE {} SET id = id WHERE id = %s").format(name), [row]),
        "DELETE": (sql.SQL("DELETE FROM {} WHERE id = %s").format(name), [row]),
        "COUNT": (sql.SQL("SELECT 1 FROM {} WHERE id = %s HAVING count(*) > 0").format(name), [row]),
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_foreign_row_is_a_missing_row_to_every_role(wall: Wall, role: str) -> None:
    models, tried = tenant_models(), 0
    grants = {
        table: {"auditor": "SELECT", **getattr(model, "grants", {})}.get(role, "") for table, model in models.items()
    }
    for ours, theirs in [(wall.ours, wall.theirs), (wall.theirs, wall.ours)]:
        statements = {
            (table, verb, whose): statement
            for table in models
            for whose, tenant in (("own", ours), ("missing", None), ("foreign", theirs))
            for key in [uuid4() if tenant is None else wall.one(table, tenant)]
            for verb, statement in _verbs(table, key).items()
            if whose != "own" or verb == "SELECT"
        }
        with wall.behind(role, ours) as connection:
            found = dict(zip(statements, _all_tried(connection, statements.values()), strict=True))
        for table in models:
            own = found[table, "SELECT", "own"]
            assert own == ("ok", 1) if "SELECT" in grants[table] else own[0].startswith("42501"), (role, table, own)
            for verb in _verbs(table, uuid4()):
                assert found[table, verb, "foreign"] == found[table, verb, "missing"], (role, table, verb)
                tried += 1
    assert tried == 2 * len(models) * 5


def test_a_link_to_a_foreign_row_fails_like_one_to_a_missing_row(wall: Wall) -> None:
    for table, column, parent, _ in tenant_keys():
        if column == "id":
            continue
        row = wall.rows(table, wall.ours)[0]
        foreign = wall.rows(parent, wall.theirs)[0]["id"]
        query = sql.SQL(
            "INSERT INTO {table} SELECT (jsonb_populate_record(t, %s)).* FROM {table} t WHERE id = %s"
        ).format(table=sql.Identifier(table))
        outcomes = []
        for target in (foreign, uuid4()):
            with wall.behind("web", wall.ours) as connection:
                changed = Jsonb({"id": str(uuid4()), column: str(target)})
                outcome = _tried(connection, query, [changed, row["id"]])
                outcomes.append((outcome[0].replace(str(target), "<id>").split("Key (")[0], outcome[1]))
        assert outcomes[0] == outcomes[1], (table, column, outcomes)
        assert not outcomes[0][0].startswith("ok"), (table, column)


# -- columns that come later ---------------------------------------------------------------------------------------

#: Those that came while nobody had rows yet.
EARLY = {
    "audit.readentry.reason", "casefile.casewarning.reason", "casefile.case.by_applicant", "decisions.decision.ground",
    "people.representation.scope",
}  # fmt: skip


def test_a_column_that_comes_later_leaves_the_commitments_to_older_rows_as_they_are() -> None:
    """NULL in the rows that are there is left out of what the chain commits to (0006)."""
    late = {
        f"{app}.{operation.model_name}.{operation.name}"
        for (app, _name), migration in MigrationLoader(None).disk_migrations.items()
        if migration.__module__.startswith("handslag.")
        for operation in migration.operations
        if isinstance(operation, AddField) and not operation.field.null
    }
    models = {model._meta.label_lower for model in tenant_models().values()}
    assert {name for name in late if name.rpartition(".")[0] in models} == EARLY


# -- rows written once ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", sorted(append_only_tables()))
def test_rows_written_once_stay_for_every_role_and_the_owner(wall: Wall, table: str) -> None:
    row = wall.rows(table, wall.ours)[0]["id"]
    name = sql.Identifier(table)
    statements: dict[str, tuple[sql.Composed, list[Any]]] = {
        "UPDATE": (sql.SQL("UPDATE {} SET id = id WHERE id = %s").format(name), [row]),
        "DELETE": (sql.SQL("DELETE FROM {} WHERE id = %s").format(name), [row]),
        "TRUNCATE": (sql.SQL("TRUNCATE {} CASCADE").format(name), []),
    }
    for role in (*ROLES, "owner"):
        for verb, statement in statements.items():
            with wall.behind(role, wall.ours) as connection:
                outcome, number = _tried(connection, *statement)
            if (role, verb, append_only_tables()[table]) == ("eraser", "DELETE", True):
                assert (outcome, number) == ("ok", 1)
            else:
                assert outcome.startswith("42501"), (role, verb, outcome)
    for verb, (query, params) in statements.items():
        with wall.admin.transaction(force_rollback=True):
            assert _tried(wall.admin, query, params)[0].startswith("42501"), f"administrator: {verb}"
    assert wall.rows(table, wall.ours)[0]["id"] == row
