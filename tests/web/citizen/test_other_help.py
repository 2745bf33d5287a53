"""What was decided under 12 kap. 2 § for one adult is told to her: not to the other adult, nor to anybody else."""

from __future__ import annotations

import re
from typing import Any

from handslag.domain.payments.operations.other_help import decide_other_help, propose_other_help
from tests.domain.test_other_help import REASONS, told_of
from tests.web.citizen.test_looked import look


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


def test_what_one_is_paid_stands_on_no_page_of_the_other(new_office: Any, visit: Any) -> None:
    office = new_office()
    folder = office.case(("Sara", "Åberg", "19850203"), ("Omar", "Åberg", "19830411"))
    application = folder.applied().application_id
    decision = folder.decided()
    sara, omar = (visit(office, citizen) for citizen in folder.citizens)
    case, base = folder.case.id, f"/{office.slug}"
    row = propose_other_help(**told_of(folder, purpose="Kanariefågel", applied=345_600, amount=345_600))
    row = decide_other_help(**office.act("bo"), help_=row.id, version=row.version)
    for subject in (case, folder.citizens[0].id):
        look(office, office.staff["bo"], "other help", subject)

    def read(client: Any, address: str) -> str:
        page = client.get(f"{base}/{address}")
        assert page.status_code == 200, address
        return re.sub(r"\s|&nbsp;", "", page.content.decode())

    pages = ("my/", f"applications/{application}/", f"decisions/{decision.id}/", "looked/", f"cases/{case}/messages/")
    for address in pages:
        text = read(omar, address)
        assert not [one for one in ("3456,00", "Kanariefågel", row.number, "Annatbistånd") if one in text], address
    assert "3456,00" in read(sara, "my/")
    assert "ettbeslut" in read(sara, "looked/") and "ettbeslut" not in read(omar, "looked/")
