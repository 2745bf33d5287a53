"""A canton's register by command: verified without a trace, imported in a registrar's name, undone."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from handslag.domain.imports.models import Import
from handslag.domain.tenancy.door import acting, at_large
from handslag.domain.tenancy.models import StaffMember, StaffUser
from tests.brought import brought
from tests.canton import open_canton
from tests.exchange import Side
from tests.office import TEST, command


def test_a_register_is_verified_imported_and_undone(database: Any, tmp_path: Path) -> None:
    office, *places = open_canton(database)
    handslag = partial(command, database, "register")
    made = brought(Random("command"), [Side(one).address for one in places], 20, share=0.2)
    files = []
    for name, content in made.files():
        (tmp_path / name).write_bytes(content)
        files.append(str(tmp_path / name))

    def mail(login: str) -> str:
        assert office.staff[login]
        with acting(office.slug, TEST, "look"):
            member = StaffMember.objects.get(id=office.members[login])
        with at_large("look"):
            return str(StaffUser.objects.get(id=member.user_id).email)

    def there() -> list[Import]:
        with acting(office.slug, TEST, "look"):
            return list(Import.objects.all())

    by = ("--for", mail("rut"))
    said = handslag("verify", office.slug, *files, *by)
    assert said.returncode == 0, said.stderr
    for (table, line), (code, _column) in made.wrong.items():
        assert f"{table} line {line}: " in said.stdout and code in said.stdout
    assert there() == []
    for wrong, words in (
        (("verify", office.slug, *files, "--for", mail("hanna")), "is no registrar there"),
        (("verify", "nowhere", *files, *by), "there is no organisation nowhere"),
        (("verify", places[0].slug, *files, "--for", by[1]), "is no registrar there"),
        (("verify", office.slug, __file__, *by), "the files can't be read: "),
        (("undo", office.slug, "2026-000001-A", *by), "there is no import"),
    ):
        refused = handslag(*wrong)
        assert (refused.returncode, words in refused.stderr) == (1, True), refused.stderr
    done = handslag("import", office.slug, *files, *by)
    assert done.returncode == 0, done.stderr
    [row] = there()
    assert (row.state, row.brought_by_id) == ("imported", office.members["rut"])
    assert f"imported as {row.number}" in done.stdout
    assert handslag("undo", office.slug, row.number, *by).returncode == 0
    assert there() == []
