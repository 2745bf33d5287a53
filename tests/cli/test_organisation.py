"""An organisation without any demonstration: entered, staffed and set by commands, and everything in the chain."""

from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password

from handslag.cli import organisation
from handslag.cli.status import _database
from handslag.domain.audit.models import Event
from handslag.domain.tenancy.door import acting, at_large, system
from handslag.domain.tenancy.models import Organisation, Relation, RoleGrant, Session, StaffUser
from handslag.domain.tenancy.policies import setting
from handslag.kernel import clock
from tests.bed import Database
from tests.office import TEST, command, open_office, process


def test_an_organisation_is_entered_staffed_and_set(database: Any) -> None:
    handslag = partial(command, database, "organisation")
    by_itself = partial(process, database, "organisation")
    assert "prov is open" not in handslag("staff", "prov", "a@b.example", "A", "--role", "payer").stdout
    entered = by_itself("add", "prov", "--name", "Provköpings kommun", "--code", "9999", "--unit", "Ekonomi")
    assert entered.returncode == 0, entered.stderr
    for how, *more in ((by_itself, "--code", "9999", "--unit", "Ekonomi"), (handslag, "--code", "9998")):
        twice = how("add", "prov", "--name", "Provköpings kommun", *more)
        assert (twice.returncode, "is there already" in twice.stderr) == (1, True), twice.stderr
        assert len(twice.stderr.splitlines()) == 1
    other = handslag("add", "prov2", "--name", "En annan", "--code", "9999")
    assert other.stderr == "There is one already with code_type kommunkod, code 9999, kind municipality.\n"
    for wrong in (("--zone", "Europe/Provköping"), ("--unit", "A", "--unit", "A"), ("--country", "Sverige")):
        refused = handslag("add", "fel", "--name", "Fel", "--code", "9997", *wrong)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
    spelt = handslag("add", "fel å", "--name", "Fel", "--code", "9997", "--kind", "kommun").stderr
    assert spelt.startswith("slug: Enter a valid") and "kind: Value 'kommun' is not a valid choice." in spelt
    with at_large("look"):
        assert not Organisation.objects.filter(slug__startswith="fel").exists()
    admitted = by_itself(
        "staff", "prov", "Karin@prov.example", "Karin Chef", "--role", "administrator", "--unit", "Ekonomi"
    )
    assert admitted.returncode == 0, admitted.stderr
    password = admitted.stdout.strip().rpartition("First password: ")[2]
    assert handslag("set", "prov", "four_eyes_above", "500000").returncode == 0
    wrong = handslag("set", "prov", "four_eyes_above", "true")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (1, 1)
    unknown = handslag("set", "nowhere", "four_eyes_above", "1")
    assert (unknown.returncode, "no organisation nowhere" in unknown.stderr) == (1, True)
    assert by_itself("add", "kretsen", "--name", "Kretsen", "--code", "99", "--kind", "district").returncode == 0
    related = by_itself("relate", "prov", "takes_norms_from", "kretsen", "--since", "2026-01-01")
    assert related.returncode == 0, related.stderr
    for wrong in (
        ("prov", "envies", "kretsen", "--since", "2026-01-01"),
        ("prov", "takes_norms_from", "nowhere", "--since", "2026-01-01"),
        ("prov", "decides_for", "kretsen", "--since", "2026-06-01", "--until", "2026-01-01"),
    ):
        refused = handslag("relate", *wrong)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
    with at_large("look"):
        relation = Relation.objects.get(subject__slug="prov")
        assert (relation.kind, relation.other.slug, relation.until) == ("takes_norms_from", "kretsen", None)
        user = StaffUser.objects.get(email="karin@prov.example")
    assert check_password(password, user.password)
    with acting("prov", system("look"), "look"):
        assert list(RoleGrant.objects.values_list("role", flat=True)) == ["administrator"]
        assert setting("four_eyes_above") == 500_000
    for wrong in (("B", "Karin", "casworker", "Ekonomi"), ("b@prov.example", "Bo", "payer", "Kassan"),
                  ("b@prov.example", "Bo", "casworker", "Ekonomi")):  # fmt: skip
        email, name, role, unit = wrong
        refused = handslag("staff", "prov", email, name, "--role", role, "--unit", unit)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
    with at_large("look"):  # nobody is half there: the right command will still print a password
        assert not StaffUser.objects.filter(email__in=["b", "b@prov.example"]).exists()
    assert handslag("take-role", "prov", "karin@prov.example", "--role", "Administrator").returncode == 1
    taken = handslag("take-role", "prov", "karin@prov.example", "--role", "administrator")
    assert taken.returncode == 0, taken.stderr
    assert handslag("take-role", "prov", "nobody@prov.example", "--role", "payer").returncode == 1
    with acting("prov", system("look"), "look") as door:
        assert RoleGrant.objects.get().until == door.the_tenant.today(clock.now())
        kinds = sorted(Event.objects.values_list("kind", flat=True))
    assert kinds == ["organisation opened", "policy set", "relation entered", "role taken", "staff admitted"]


def test_a_role_that_was_taken_is_given_back(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called in this process: the commands find the door that the tests play by."""
    monkeypatch.setattr(organisation, "_playing", lambda role: nullcontext())
    office = open_office(connect)
    with at_large("look"):
        email = StaffUser.objects.get(id=office.staff["bo"].id).email
    organisation.take_role_(office.slug, email, ["decider"])
    with pytest.raises(SystemExit, match=f"handslag organisation give-role {office.slug} {email} --role decider"):
        organisation.staff(office.slug, email, "Bo", ["decider"])
    organisation.give_role_(office.slug, email, ["decider", "reviewer"])
    for args, said in (
        ((office.slug, email, ["decider"]), "is decider"),
        ((office.slug, email, ["king"]), "There is no role king"),
        ((office.slug, "nobody@x.example", ["payer"]), "has no member of staff"),
    ):
        with pytest.raises(SystemExit, match=said):
            organisation.give_role_(*args)
    with acting(office.slug, TEST, "look") as door:
        today, bo = door.the_tenant.today(clock.now()), office.members["bo"]
        held = RoleGrant.objects.filter(member_id=bo, role="decider").order_by("id").values_list("since", "until")
        assert [until for _, until in held] == [today, None]
        new = RoleGrant.objects.filter(member_id=bo, role="reviewer")
        assert list(new.values_list("since", "until")) == [(today, None)]
        assert Event.objects.filter(subject_id=bo, kind="role given").count() == 2


def test_an_organisation_that_was_half_entered_is_seen_and_completed_by_the_same_command(
    own_copy: Database, capsys: Any
) -> None:
    words = ["organisation", "add", "halvby", "--name", "Halvby kommun", "--code", "9996"]
    with own_copy.connect("owner", autocommit=True) as owner:  # its first half alone: the second was cut off
        owner.execute(
            "INSERT INTO tenancy_organisation (slug, name, kind, country, currency, zone, languages, code_type, code,"
            " colour, address_lines, telephone, is_tenant, active) VALUES ('halvby', 'Halvby kommun', 'municipality',"
            " 'SE', 'SEK', 'Europe/Stockholm', '{sv,en}', 'kommunkod', '9996', '#1f5c7a', '{}', '', true, true)"
        )
    here = SimpleNamespace(connection=own_copy.of_role)
    assert any("halvby is only half entered" in line for line in _database(here))  # type: ignore[arg-type]
    done = process(own_copy, *words)
    assert (done.returncode, "Halvby kommun is open" in done.stdout) == (0, True), done.stderr
    assert not any("halvby" in line for line in _database(here))  # type: ignore[arg-type]
    with own_copy.connect("backup") as backup:
        assert backup.execute("SELECT use FROM tenancy_key ORDER BY use").fetchall() == [("files",), ("signing",)]
        assert backup.execute("SELECT name FROM tenancy_unit").fetchall() == [("Försörjningsstöd",)]


def test_a_new_password_ends_her_sessions_and_no_other(database: Any, connect: Any) -> None:
    office = open_office(connect)
    with at_large("test", writing=True):
        emails = dict(StaffUser.objects.values_list("id", "email"))
        for who in ("hanna", "bo"):
            Session.objects.create(
                session_key=f"{who}-{office.slug}",
                account=office.staff[who].id,
                expire_date=clock.now() + timedelta(days=1),
            )
    done = command(database, "organisation", "reset-password", office.slug, emails[office.staff["hanna"].id])
    assert (done.returncode, "/log-in/reset/" in done.stdout) == (0, True), done.stderr
    with at_large("look"):
        left = Session.objects.filter(session_key__endswith=office.slug).values_list("session_key", flat=True)
        assert list(left) == [f"bo-{office.slug}"]
