"""What is to be paid back is told to the one it is claimed from: not to the other adult, nor to anybody else."""

from __future__ import annotations

from typing import Any

from handslag.domain.payments.operations.recoveries import decide_recovery, propose_recovery
from tests.domain.test_recoveries import REASONS, paid_too_much_by_two, told_of


def test_of_a_couple_one_reads_it_and_the_other_finds_nothing(new_office: Any, visit: Any) -> None:
    office = new_office()
    folder, over = paid_too_much_by_two(office)
    told = told_of(folder, person=folder.citizens[1].id, amounts={folder.period().id: over})
    row = propose_recovery(**told)
    page, letter = (f"/{office.slug}/recoveries/{row.id}/{end}" for end in ("", "letter.pdf"))
    other, hers = (visit(office, citizen) for citizen in folder.citizens)
    assert hers.get(page).status_code == 404  # proposed is not told yet
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    shown = hers.get(page).content.decode()
    assert REASONS in shown and row.number in shown
    assert row.number in hers.get(f"/{office.slug}/my/").content.decode()
    assert row.number not in other.get(f"/{office.slug}/my/").content.decode()
    stranger = visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0])
    for client in (other, stranger):
        for address in (page, letter):
            refused = client.get(address)
            assert refused.status_code == 404 and REASONS not in refused.content.decode()
