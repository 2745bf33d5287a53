"""An organisation for training: filled with invented people, emptied, filled anew. Each step in a role of its own."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection

from handslag.demo.fill import BY, fill_tenant, staff_user
from handslag.demo.log_ins import STAFF, address_of
from handslag.domain.people.models import Person
from handslag.domain.people.operations.staff import admit_staff, note_training_reset
from handslag.domain.people.queries import last_training_reset
from handslag.domain.tenancy.door import acting, at_large, writing
from handslag.domain.tenancy.models import RoleGrant, Session, StaffMember, StaffUser
from handslag.domain.tenancy.policies import NotPossible, is_production
from handslag.domain.tenancy.rows import TenantRow
from handslag.jobs.roots import place


def fill(slug: str, now: datetime) -> None:
    """Fill it, as role web. In production its log-ins have no password: `handslag organisation reset-password` gives
    one; elsewhere they are the demonstration's."""
    with at_large("training", writing=True):
        known = not is_production()
        users = {s.login: staff_user(s.login, slug)[0] if known else _without_password(s.login, slug) for s in STAFF}
    fill_tenant(slug, now, users)


def _without_password(login: str, slug: str) -> UUID:
    user, _made = StaffUser.objects.get_or_create(
        email=address_of(login, slug), defaults={"password": make_password(None)}
    )
    return user.id


def before(slug: str) -> dict[str, Any]:
    """Whom to admit again, and how often it was reset before; ends the log-ins of its citizens and takes its jobs out
    of the queue. Runs as role worker. NotPossible("not training")."""
    with acting(slug, BY, "reset") as door:
        if not door.the_tenant.training:
            raise NotPossible("not training")
        tenant, people = door.the_tenant.id, list(Person.objects.values_list("id", flat=True))
        held: dict[UUID, list[str]] = {}
        for member, role in RoleGrant.objects.filter(until=None).values_list("member_id", "role"):
            held.setdefault(member, []).append(role)
        staff = [
            {
                "user": str(one.user_id),
                "name": one.name,
                "unit": one.unit.name,
                "clearance": one.clearance,
                "roles": sorted(set(held.get(one.id, []))),
            }
            for one in StaffMember.objects.select_related("unit").filter(active=True).order_by("name", "id")
        ]
        last = last_training_reset()
    with at_large("reset", writing=True), connection.cursor() as cursor:
        Session.objects.filter(account__in=people).delete()
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo' AND args->>'tenant' = %s", [str(tenant)])
    return {"staff": staff, "times": last.times + 1 if last else 1}


def erase(slug: str) -> int:
    """Delete every row of an organisation for training; gives how many. Runs as role eraser, whom the database lets
    delete such rows and no other organisation's. NotPossible("not training")."""
    with acting(slug, BY, "reset") as door, writing(door), connection.cursor() as cursor:
        if not door.the_tenant.training:
            raise NotPossible("not training")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        rows = 0
        for model in apps.get_models():
            if issubclass(model, TenantRow):
                cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
                rows += cursor.rowcount
        return rows


def after(slug: str, now: datetime, known: dict[str, Any], rows: int, asked_by: str) -> None:
    """Fill it anew and admit again whoever else was there, as role web; its stored files go, and the root that was kept
    of its chain."""
    with acting(slug, BY, "reset") as door:
        tenant = door.the_tenant.id
    for folder in (Path(settings.DATA) / "files" / str(tenant), Path(settings.DATA) / "training-mail" / slug):
        shutil.rmtree(folder, ignore_errors=True)
    place(Path(settings.DATA), slug).unlink(missing_ok=True)
    with at_large("training"):
        invented = {address_of(s.login, slug) for s in STAFF}
        own = dict(StaffUser.objects.filter(email__in=invented).values_list("email", "id"))
    users = {s.login: own[address_of(s.login, slug)] for s in STAFF}
    units = fill_tenant(slug, now, users)
    for one in known["staff"]:
        if UUID(one["user"]) not in users.values():
            told = {"name": one["name"], "roles": one["roles"], "clearance": one["clearance"]}
            unit = units.get(one["unit"], units["Försörjningsstöd"])
            admit_staff(tenant=slug, by=BY, now=now, user_id=UUID(one["user"]), unit=unit, **told)
    note_training_reset(tenant=slug, by=BY, now=now, rows=rows, asked_by=asked_by, times=known["times"])
