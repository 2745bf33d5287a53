"""What was decided under 12 kap. 2 § for one adult is told to her: not to the other adult, nor to anybody else."""

from __future__ import annotations

from typing import Any

from handslag.domain.payments.operations.other_help import decide_other_help, propose_other_help
from tests.domain.test_other_help import REASONS, told_of


def test_of_a_couple_one_reads_it_and_the_other_finds_nothing(new_office: Any, visit: Any) -> None:
    office = new_office()
    folder = office.case(("Amina", "Åberg", "19850203"), ("Yusuf", "Åberg", "19830411"))
    row = propose_other_help(**told_of(folder, person=folder.citizens[1].id))
    page, letter = (f"/{office.slug}/other-help/{row.id}/{end}" for end in ("", "letter.pdf"))
    other, hers = (visit(office, citizen) for citizen in folder.citizens)
    assert hers.get(page).status_code == 404  # proposed is not told yet
    decide_other_help(**office.act("bo"), help_=row.id, version=row.version)
    assert REASONS in hers.get(page).content.decode()
    assert row.number in hers.get(f"/{office.slug}/my/").content.decode()
    my = other.get(f"/{office.slug}/my/").content.decode()
    assert row.number not in my and "Sommarläger" not in my
    stranger = visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0])
    for client in (other, stranger):
        for address in (page, letter):
            refused = client.get(address)
            assert refused.status_code == 404 and REASONS not in refused.content.decode()
