"""What is to be claimed of a canton-year of bookings by heads, against one SQL statement that says the same.

    python -m bench.bookings [--municipalities 160] [--bookings 4000000] [--rounds 7] [--keep]

Bookings of families whom the canton reimburses (section 44): costs and incomes of the whole household or of one, in
twelve months; some move in or leave in between. The first quarter is settled; of its bookings three in a hundred were
countered and booked anew since. Ours: each municipality behind its own door, its register, households, claims and
bookings read, by heads and days to the line, rounded once, what is corrected named, all checks run. Theirs: one
statement over all tables, as the superuser, which row-level security doesn't bind, without checks. Both are told what
their lines come to by municipality, account and quarter, and have to say the same. Goal: at most twice as long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

GOAL = 2
FIRST, LAST = date(2025, 1, 1), date(2026, 1, 1)
CANTON = "kanton"
A_MONTH = 10  # bookings of a household

_FILL = """
SET session_replication_role = replica;
CREATE TEMP TABLE home AS
  SELECT t.id AS tenant_id, t.slug, h, md5(t.slug || '/home/' || h)::uuid AS home, md5(t.slug || '/case/' || h)::uuid AS
    file, 1 + h %% 4 AS heads
  FROM tenancy_organisation t, generate_series(1, %(homes)s) h WHERE t.slug LIKE 'ort%%';
CREATE TEMP TABLE lives AS
  SELECT home.*, k, md5(slug || '/person/' || h || '/' || k)::uuid AS person,
    CASE WHEN k = 3 AND h %% 5 = 0 THEN date '2025-05-11' ELSE date '2024-01-01' END AS since,
    CASE WHEN k = 2 AND h %% 7 = 0 THEN date '2025-08-20' END AS until
  FROM home, generate_series(1, heads) k;
INSERT INTO people_person (id, tenant_id, given_name, family_name, sort_key, language, email, telephone,
    protection_level, version)
  SELECT person, tenant_id, 'Lemlem', 'Haile', 'h', 'de', '', '', 0, 1 FROM lives;
INSERT INTO people_identifier (id, tenant_id, person_id, type, value)
  SELECT gen_random_uuid(), tenant_id, person, 'zemis', lpad(tenant_id::text, 4, '0') || lpad(h::text, 6, '0') || k
  FROM lives;
INSERT INTO people_household (id, tenant_id) SELECT home, tenant_id FROM home;
INSERT INTO people_membership (id, tenant_id, household_id, person_id, role, since, until)
  SELECT gen_random_uuid(), tenant_id, home, person, 'adult', since, until FROM lives;
INSERT INTO register_responsibility (id, tenant_id, person_id, since, until, municipality, payer)
  SELECT gen_random_uuid(), tenant_id, person, since, CASE WHEN h %% 100 = 0 THEN date '2025-10-15' END, slug, 'KSA-ÖS'
  FROM lives;
INSERT INTO casefile_case (id, tenant_id, number, legal_order, applicant_id, household_id, unit_id, state, opened_on,
    by_applicant, version)
  SELECT file, tenant_id, h::text, 'ch-zh', md5(slug || '/person/' || h || '/1')::uuid, home, gen_random_uuid(), 'open',
    date '2024-01-01', false, 1 FROM home;
INSERT INTO casefile_period (id, tenant_id, case_id, since, until, result)
  SELECT md5(file::text || m)::uuid, tenant_id, file, make_date(2025, m, 1),
    (make_date(2025, m, 1) + interval '1 month')::date, '' FROM home, generate_series(1, 12) m;
CREATE TEMP TABLE booked AS
  SELECT md5(file::text || m || '-' || n)::uuid AS id, tenant_id, slug, h, home, file, m, n,
    CASE WHEN n = 2 THEN md5(slug || '/person/' || h || '/1')::uuid END AS person,
    CASE WHEN n = 9 THEN 'income' ELSE 'expense' END AS kind,
    CASE WHEN n = 9 THEN (%(incomes)s::text[])[1 + h %% %(many_incomes)s] ELSE
      (%(accounts)s::text[])[1 + (h + n) %% %(many_accounts)s] END AS code,
    1000 + (h * 7919 + m * 104729 + n * 1299709) %% 250000 AS amount
  FROM home, generate_series(1, 12) m, generate_series(0, %(a_month)s - 1) n;
INSERT INTO payments_booking (id, tenant_id, case_id, period_id, person_id, kind, account_code, counterparty, amount,
    currency, source, "on", booked_at)
  SELECT id, tenant_id, file, md5(file::text || m)::uuid, person, kind, code, 'Stadtspital', amount, 'CHF', 'Beleg',
    make_date(2025, m, 20), make_date(2025, m, 25) FROM booked;
INSERT INTO payments_booking (id, tenant_id, case_id, period_id, person_id, kind, account_code, counterparty, amount,
    currency, source, reverses_id, "on", booked_at)
  SELECT md5(id::text || back)::uuid, tenant_id, file, md5(file::text || m)::uuid, person, kind, code, 'Stadtspital',
    CASE back WHEN 1 THEN -amount ELSE amount + 1234 END, 'CHF', 'Beleg', CASE back WHEN 1 THEN id END,
    date '2025-11-03', date '2025-11-03' FROM booked, generate_series(1, 2) back
  WHERE m <= 3 AND (h * 10 + n) %% 33 = 0;
INSERT INTO settlement_statement (id, tenant_id, partner, side, fund, since, until, reference, opened_at)
  SELECT md5(slug)::uuid, id, 'kanton', 'claimant', 'section 44', date '2025-01-01', date '2025-04-01',
    slug || '/section 44/2025-01-01', now() FROM tenancy_organisation WHERE slug LIKE 'ort%%';
CREATE TEMP TABLE settled AS
  SELECT md5(person_.person::text || kind || code)::uuid AS line, person_.person, booked.id, booked.tenant_id,
    booked.slug, booked.code, kind, person_.k, booked.h
  FROM booked JOIN lives person_ USING (tenant_id, home) WHERE m <= 3 AND person_.since < date '2025-04-01'
    AND (booked.person IS NULL OR booked.person = person_.person);
INSERT INTO settlement_line (id, tenant_id, statement_id, submission_id, number, person_id, kind, status, since, until,
    days, rate, amount, cost, share, account_code, text, findings, why, content)
  SELECT line, tenant_id, md5(slug)::uuid, md5(slug)::uuid, row_number() OVER (PARTITION BY tenant_id ORDER BY line),
    person, CASE kind WHEN 'income' THEN 'income' ELSE 'cost' END, '', date '2025-01-01', date '2025-04-01', 0, 0, 100,
    'bookings', '', code, '', '{}', '', ''
  FROM (SELECT DISTINCT line, tenant_id, slug, person, kind, code FROM settled) one;
INSERT INTO settlement_answer (id, tenant_id, reply_id, line_id, outcome, reason, days, amount, accepted, why)
  SELECT gen_random_uuid(), tenant_id, gen_random_uuid(), line, 'accepted', '', 0, 100, '[]', ''
  FROM (SELECT DISTINCT line, tenant_id FROM settled) one;
INSERT INTO settlement_claim (id, tenant_id, line_id, side, partner, person_id, fund, cost, share, since, until)
  SELECT gen_random_uuid(), tenant_id, line, 'claimant', 'kanton', person, 'section 44', 'booking ' || id,
    lpad(tenant_id::text, 4, '0') || lpad(h::text, 6, '0') || k, date '2025-01-01', date '2025-04-01' FROM settled;
SET session_replication_role = origin;
"""

# what a common denominator of all heads (1 to 4) and months (28, 30 and 31 days) is
_COMMON = 4 * 3 * 28 * 30 * 31

_ONE_STATEMENT = f"""
WITH booked AS (
  SELECT b.tenant_id, b.id, c.household_id, b.person_id, b.kind, b.account_code, b.reverses_id, p.since, p.until,
    CASE b.kind WHEN 'income' THEN -b.amount ELSE b.amount END AS gross
  FROM payments_booking b
    JOIN casefile_case c ON (c.tenant_id, c.id) = (b.tenant_id, b.case_id)
    JOIN casefile_period p ON (p.tenant_id, p.id) = (b.tenant_id, b.period_id)
  WHERE p.since >= %(first)s AND p.until <= %(last)s
    AND (b.kind = 'expense' AND b.account_code = ANY(%(accounts)s)
      OR b.kind = 'income' AND b.account_code = ANY(%(incomes)s))
), begins AS (
  SELECT r.tenant_id, r.person_id, min(r.since) AS since, min(i.value) AS share
  FROM register_responsibility r
    JOIN people_identifier i ON (i.tenant_id, i.person_id) = (r.tenant_id, r.person_id) AND i.type = 'zemis'
  WHERE r.payer = 'KSA-ÖS' GROUP BY 1, 2
), parts AS (
  SELECT booked.*, m.person_id AS who, count(*) OVER (PARTITION BY booked.tenant_id, booked.id) AS heads
  FROM booked JOIN people_membership m ON (m.tenant_id, m.household_id) = (booked.tenant_id, booked.household_id)
    AND m.since < booked.until AND (m.until IS NULL OR booked.since < m.until)
), claims AS (
  SELECT c.tenant_id, substr(c.cost, 9)::uuid AS booking, c.share, c.line_id
  FROM settlement_claim c JOIN settlement_answer a ON (a.tenant_id, a.line_id) = (c.tenant_id, c.line_id)
  WHERE c.side = 'claimant' AND c.partner = 'kanton' AND c.fund = 'section 44' AND c.cost LIKE 'booking %%'
), corrected AS (
  SELECT parts.tenant_id, parts.id, parts.who, claims.line_id FROM parts
    JOIN begins ON (begins.tenant_id, begins.person_id) = (parts.tenant_id, parts.who)
    JOIN claims ON (claims.tenant_id, claims.booking, claims.share)
      = (parts.tenant_id, parts.reverses_id, begins.share)
  WHERE parts.reverses_id IS NOT NULL
), due AS (
  SELECT parts.tenant_id, parts.who, kind, account_code, date_trunc('quarter', parts.since) AS quarter,
    corrected.line_id,
    (CASE WHEN parts.person_id IS NULL THEN gross * ({_COMMON} / (heads * (parts.until - parts.since)))
      ELSE gross * heads * ({_COMMON} / (heads * (parts.until - parts.since))) END)
      * (parts.until - greatest(parts.since, begins.since)) AS part
  FROM parts
    JOIN begins ON (begins.tenant_id, begins.person_id) = (parts.tenant_id, parts.who)
    LEFT JOIN claims taken ON (taken.tenant_id, taken.booking, taken.share)
      = (parts.tenant_id, parts.id, begins.share)
    LEFT JOIN corrected ON (corrected.tenant_id, corrected.id, corrected.who)
      = (parts.tenant_id, parts.id, parts.who)
  WHERE taken.booking IS NULL AND greatest(parts.since, begins.since) < parts.until
    AND (parts.person_id IS NULL OR parts.person_id = parts.who)
), lines AS (
  SELECT tenant_id, who, kind, account_code, quarter, round(sum(part) / {_COMMON}) AS amount,
    count(line_id) > 0 AS corrects
  FROM due GROUP BY 1, 2, 3, 4, 5
)
SELECT tenant_id, kind, account_code, quarter::date, count(*), sum(amount)::bigint, count(*) FILTER (WHERE corrects)
FROM lines WHERE amount <> 0 GROUP BY 1, 2, 3, 4
"""


def ours(slugs: dict[str, int], regime: Any) -> tuple[dict[Any, Any], int]:
    """What the product claims, by municipality, kind, account and quarter: (lines, minor units, corrections); and how
    many items its checks say something of."""
    import numpy as np

    from handslag.domain.settlement.queries import extracts_of_account, register_rows
    from handslag.domain.tenancy.door import acting
    from handslag.rules.settlement import faults, runs
    from tests.office import TEST

    told: Counter[Any] = Counter()
    found = 0
    for slug, key in slugs.items():
        with acting(slug, TEST, "claim"):
            _, seen = extracts_of_account(regime, slug, CANTON, FIRST, LAST)
            place = {person: n for n, person in enumerate(seen.people)}
            paid = runs([
                (place[one.person_id], one.since.toordinal(), min(one.until or LAST, LAST).toordinal(), 1)
                for one in register_rows(LAST, seen.people)[0]
                if (one.municipality, one.payer) == (slug, regime.payer)
            ])  # fmt: skip
        said = faults(seen.items, np.zeros(len(seen.items.line), dtype=bool), paid)
        found += int((said.outside | said.twice | said.split).sum())
        codes, code = np.unique(np.array(seen.code), return_inverse=True)
        by = np.stack([seen.income, code, seen.first])
        kinds, which = np.unique(by, axis=1, return_inverse=True)
        there = seen.amount != 0
        columns = (there, seen.amount, there & (seen.corrects != b""))
        sums = [np.bincount(which, column, kinds.shape[1]).astype(np.int64).tolist() for column in columns]
        for (income, account, day), *values in zip(kinds.T.tolist(), *sums, strict=True):
            name = (key, "income" if income else "expense", str(codes[account]), date.fromordinal(day))
            told[name] = tuple(values)  # type: ignore[assignment]
    return {name: values for name, values in told.items() if values[0]}, found  # type: ignore[index]


def theirs(admin: Any, given: dict[str, Any]) -> dict[Any, Any]:
    """The same by one statement."""
    rows = admin.execute(_ONE_STATEMENT, given).fetchall()
    return {tuple(row[:4]): tuple(int(one) for one in row[4:]) for row in rows}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.bookings")
    options.add_argument("--municipalities", type=int, default=160)
    options.add_argument("--bookings", type=int, default=4_000_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--keep", action="store_true")
    given = options.parse_args()
    import resource

    import psycopg

    from handslag.rules.ch.settlement import SECTION_44
    from soak.stage import ground

    regime = replace(SECTION_44, months=3)
    accounts, incomes = list(regime.accounts), list(regime.incomes)
    told = {
        "accounts": accounts, "incomes": incomes, "many_accounts": len(accounts), "many_incomes": len(incomes),
        "homes": given.bookings // (given.municipalities * 12 * A_MONTH), "a_month": A_MONTH, "first": FIRST,
        "last": LAST,
    }  # fmt: skip
    with ground() as (_, _, database), psycopg.connect(database.admin, autocommit=True) as admin:
        slugs = {}
        for n in range(given.municipalities):
            row = admin.execute(
                "INSERT INTO tenancy_organisation (slug, name, kind, country, currency, zone, languages, code_type,"
                " code, colour, address_lines, telephone, is_tenant, active) VALUES (%s, %s, 'municipality', 'CH',"
                " 'CHF', 'Europe/Zurich', '{de}', 'x', %s, '#1f5c7a', '{}', '', true, true) RETURNING id",
                [f"ort{n}"] * 3,
            ).fetchone()
            slugs[f"ort{n}"] = int(row[0])  # type: ignore[index, call-overload]
        began = time.monotonic()
        with psycopg.ClientCursor(admin) as cursor:
            cursor.execute(_FILL, told)
        admin.execute("ANALYZE")
        for setting in ("work_mem = '256MB'", "jit = off", "enable_nestloop = off"):  # it is 100 times slower with
            admin.execute(f"SET {setting}")  # type: ignore[arg-type]
        (bookings,) = admin.execute("SELECT count(*) FROM payments_booking").fetchone()  # type: ignore[misc]
        print(f"prepared: {bookings} bookings, {time.monotonic() - began:.0f} s", flush=True)
        seconds: dict[str, list[float]] = {"ours": [], "one statement": []}
        differ, checked, lines = 0, 0, 0
        for n in range(given.rounds):
            began = time.perf_counter()
            mine, checked = ours(slugs, regime)
            between = time.perf_counter()
            other = theirs(admin, told)
            seconds["ours"].append(between - began)
            seconds["one statement"].append(time.perf_counter() - between)
            differ += sum(mine.get(name) != other.get(name) for name in {*mine, *other})
            lines = sum(one[0] for one in mine.values())
            print(f"  {n + 1}/{given.rounds}:", {name: round(all_[-1], 1) for name, all_ in seconds.items()})
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = middle["ours"] / middle["one statement"]
    corrections = sum(one[2] for one in mine.values())
    result = {
        "municipalities": given.municipalities, "bookings": bookings, "lines": lines, "corrections": corrections,
        "items that a check speaks of": checked, "rounds": given.rounds,
        "seconds": {name: [round(one, 2) for one in (min(all_), middle[name], max(all_))]
                    for name, all_ in seconds.items()},
        "ratio": round(ratio, 2), "goal": GOAL, "differences": differ,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    print(result)
    if given.keep:
        from soak.evidence import write

        write("bench_bookings", seed=0, what=(__doc__ or "").split("\n")[0], result=result)
    sys.exit(1 if differ or ratio > GOAL else 0)


if __name__ == "__main__":
    main()
