"""An organisation without any demonstration: entered, staffed and set by commands, and everything in the chain."""

import subprocess
import sys
from typing import Any

from django.contrib.auth.hashers import check_password

from handslag.domain.audit.models import Event
from handslag.domain.tenancy.door import acting, at_large, system
from handslag.domain.tenancy.models import Relation, RoleGrant, StaffUser
from handslag.domain.tenancy.policies import setting
from handslag.kernel import clock


def test_an_organisation_is_entered_staffed_and_set(database: Any) -> None:
    def handslag(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "handslag.cli.main", "organisation", *words]
        return subprocess.run(
            command, env=database.environment(), capture_output=True, text=True, timeout=60, check=False
        )

    assert "prov is open" not in handslag("staff", "prov", "a@b.example", "A", "--role", "payer").stdout
    entered = handslag("add", "prov", "--name", "Provköpings kommun", "--code", "9999", "--unit", "Ekonomi")
    assert entered.returncode == 0, entered.stderr
    twice = handslag("add", "prov", "--name", "Provköpings kommun", "--code", "9999")
    assert (twice.returncode, len(twice.stderr.splitlines())) == (1, 1)
    admitted = handslag(
        "staff", "prov", "Karin@prov.example", "Karin Chef", "--role", "administrator", "--unit", "Ekonomi"
    )
    assert admitted.returncode == 0, admitted.stderr
    password = admitted.stdout.strip().rpartition("First password: ")[2]
    assert handslag("set", "prov", "four_eyes_above", "500000").returncode == 0
    wrong = handslag("set", "prov", "four_eyes_above", "true")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (1, 1)
    unknown = handslag("set", "nowhere", "four_eyes_above", "1")
    assert (unknown.returncode, "no organisation nowhere" in unknown.stderr) == (1, True)
    assert handslag("add", "kretsen", "--name", "Kretsen", "--code", "99", "--kind", "district").returncode == 0
    related = handslag("relate", "prov", "takes_norms_from", "kretsen", "--since", "2026-01-01")
    assert related.returncode == 0, related.stderr
    assert handslag("relate", "prov", "envies", "kretsen", "--since", "2026-01-01").returncode == 1
    with at_large("look"):
        relation = Relation.objects.get(subject__slug="prov")
        assert (relation.kind, relation.other.slug, relation.until) == ("takes_norms_from", "kretsen", None)
        user = StaffUser.objects.get(email="karin@prov.example")
    assert check_password(password, user.password)
    with acting("prov", system("look"), "look"):
        assert list(RoleGrant.objects.values_list("role", flat=True)) == ["administrator"]
        assert setting("four_eyes_above") == 500_000
    taken = handslag("take-role", "prov", "karin@prov.example", "--role", "administrator")
    assert taken.returncode == 0, taken.stderr
    assert handslag("take-role", "prov", "nobody@prov.example", "--role", "payer").returncode == 1
    with acting("prov", system("look"), "look") as door:
        assert RoleGrant.objects.get().until == door.the_tenant.today(clock.now())
        kinds = sorted(Event.objects.values_list("kind", flat=True))
    assert kinds == ["organisation opened", "policy set", "role taken", "staff admitted"]
