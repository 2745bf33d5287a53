"""Damage is noticed, and the row that was damaged is named."""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import Any

from handslag.domain.tenancy.rows import TenantRow
from handslag.rules.se.codes import INCOMES
from tests.verifier.mutations import BLIND, WORKING_STATE, Vandal, missed
from verifier import Report
from verifier.chain import UNCOMMITTED
from verifier.invariants import WORK

SEED = 20_261_122
MUTATIONS = 100


def test_the_verifier_leaves_out_what_the_models_say() -> None:
    said = {
        model._meta.db_table: frozenset(model.uncommitted) for model in TenantRow.__subclasses__() if model.uncommitted
    }
    assert said == UNCOMMITTED


def test_the_verifier_takes_for_work_what_the_law_does() -> None:
    assert {code for code, kind in INCOMES.items() if kind.employment} == WORK


def test_what_is_kept_of_a_person_and_month_is_held_against_the_sheet(filled: Any) -> None:
    table = "entitlement_personmonth"
    vandal = Vandal(filled.copy.admin, filled.tenant, filled.files, SEED)
    with closing(vandal.connection):
        for column in ("supported", "work_income", None):
            damage = vandal.alter(table, column) if column else vandal.delete(table)
            try:
                report = filled.verify(tenants=[filled.office.slug])
            finally:
                vandal.undo()
            named = {(finding.table, finding.row) for finding in report.errors}
            assert named and named <= damage.expected, damage.what  # the row itself; of one that is gone its sheet


def test_every_mutation_is_noticed_and_its_row_named(filled: Any, capsys: Any) -> None:
    whole = filled.verify()
    assert whole.ok, whole.to_text()
    vandal = Vandal(filled.copy.admin, filled.tenant, filled.files, SEED)
    with closing(vandal.connection):
        found = _damaged(filled, vandal, whole, capsys)
    assert found == [], "\n".join(found)
    assert filled.verify().ok  # all was put back


def _damaged(filled: Any, vandal: Vandal, whole: Report, capsys: Any) -> list[str]:
    """Do and undo all the damage; gives what was not noticed, or not with its row."""
    tables = vandal.tables()
    kinds = itertools.cycle(["alter", "alter", "delete", "alter", "insert"])
    plan = itertools.cycle([*tables, "chain ends", "stored files"])
    found = []
    for target, _ in zip(plan, range(MUTATIONS), strict=False):
        if target == "chain ends":
            damage = vandal.cut()
        elif target == "stored files":
            damage = vandal.flip()
        else:
            damage = getattr(vandal, next(kinds))(target)
        if unseen := missed(filled, vandal, damage):
            found.append(unseen)
    with capsys.disabled():
        print(f"\n{MUTATIONS} mutations (seed {SEED}) drawn evenly over: {', '.join(tables)}, chain ends, stored files")
        print("not held against anything: " + "; ".join(f"{k}: {v}" for k, v in WORKING_STATE.items()))
        print("blind columns: " + "; ".join(f"{'.'.join(k)}: {v}" for k, v in BLIND.items()))
    return found
