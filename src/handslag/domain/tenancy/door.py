"""The only two doors to the database.

`acting(tenant, by, purpose)` opens one transaction and tells PostgreSQL the tenant; beneath it, row-level
security shows that tenant's rows and no others. `at_large(purpose)` is for the reviewed installation-wide
tables (sessions, log-in, jobs, directory of organisations): no personal data of clients lies there.
Outside both, every query raises, once here and once in the policy itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

ActorKind = Literal["staff", "citizen", "system"]


class OutsideDoor(RuntimeError):
    """A query, or a second door, where none may be."""


class UnknownTenant(LookupError):
    """No active organisation has that short name."""


@dataclass(frozen=True)
class Actor:
    """Who acts: a member of staff (user id), a citizen (person id) or a job of the system (no id, its name).

    `through`: the representative who acts, in her own name, for the citizen `id`: what may be done and seen is what
    the citizen may, what is written of who did it names the representative.
    """

    kind: ActorKind
    id: UUID | None
    name: str = ""
    through: UUID | None = None

    def __post_init__(self) -> None:
        if (self.id is None) != (self.kind == "system"):
            raise ValueError("staff and citizens act under their id, the system under a name")
        if self.through is not None and (self.kind != "citizen" or self.through == self.id):
            raise ValueError("a representative acts for another citizen")

    @property
    def agent(self) -> UUID | None:
        """The id of who really acts: the representative where there is one."""
        return self.through or self.id

    @property
    def told(self) -> str:
        """What stands beside the agent in the chain and in the read log: the system's job, or for whom she acts."""
        return f"for {self.id}" if self.through else self.name


def system(name: str) -> Actor:
    """The system itself, as the job `name`."""
    return Actor("system", None, name)


@dataclass(frozen=True)
class TenantRef:
    """The organisation behind the open door, as far as every operation needs it."""

    id: int
    slug: str
    name: str
    zone: str
    currency: str
    country: str
    languages: list[str]
    telephone: str
    training: bool
    kind: str
    code_type: str
    code: str

    def today(self, now: datetime) -> date:
        """The day that `now` falls on where the organisation is: it decides months, deadlines and ages."""
        return now.astimezone(ZoneInfo(self.zone)).date()


@dataclass
class Door:
    """An open door. `memory` lives as long as it: rights already read, events not yet written."""

    kind: Literal["acting", "at_large"]
    tenant: TenantRef | None = None
    by: Actor | None = None
    purpose: str = ""
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def the_tenant(self) -> TenantRef:
        if self.tenant is None:
            raise OutsideDoor("no tenant behind this door")
        return self.tenant

    @property
    def the_actor(self) -> Actor:
        if self.by is None:
            raise OutsideDoor("nobody acts behind this door")
        return self.by


_open: ContextVar[Door | None] = ContextVar("handslag_door", default=None)


def current_door() -> Door | None:
    """The door that is open in this thread of control, or None."""
    return _open.get()


def acting_door() -> Door:
    """The open `acting` door; OutsideDoor if there is none."""
    door = _open.get()
    if door is None or door.kind != "acting":
        raise OutsideDoor("this needs the door acting()")
    return door


def walls_are_up() -> bool:
    """False only for the role that migrates: the owner."""
    return os.environ.get("HANDSLAG_ROLE", "web") != "owner"


def planned_once() -> Any:
    """A cursor for statements of few texts that run often; see DatabaseWrapper.planned_once."""
    wrapper: Any = connection
    return wrapper.planned_once()


class WriteOutsideOperation(RuntimeError):
    """A change of rows that no operation carries: it would have no event."""


_COMMENTS = re.compile(r"\A(\s|--[^\n]*(\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "TRUNCATE")


def _only_operations_write(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    door = _open.get()
    guarded = door is not None and door.kind == "acting" and not door.memory.get("writing")
    if guarded:
        text = sql if isinstance(sql, str) else sql.as_string(None)
        if _COMMENTS.sub("", text).upper().startswith(_WRITES):
            raise WriteOutsideOperation(text.strip().split("(")[0][:80])
    return execute(sql, params, many, context)


@contextmanager
def writing(door: Door) -> Iterator[bool]:
    """Let the open door write; gives whether this is the outermost operation behind it."""
    outermost = not door.memory.get("writing")
    door.memory["writing"] = True
    try:
        yield outermost
    finally:
        if outermost:
            door.memory["writing"] = False


_ENTER = """
SELECT t.id, t.slug, t.name, t.zone, t.currency, t.country, t.languages, t.telephone, t.training,
       t.kind, t.code_type, t.code, set_config('app.tenant', t.id::text, true)
FROM tenancy_organisation t WHERE t.{column} = %s AND t.is_tenant AND t.active
"""


@contextmanager
def acting(tenant: str | int, by: Actor, purpose: str) -> Iterator[Door]:
    """Open (or join) the door of one tenant, named by its short name or its id, in one transaction.

    An `acting` door that is open already is joined if tenant, actor and purpose are the same;
    any other nesting raises OutsideDoor. UnknownTenant if there is no such active organisation.
    """
    door = _open.get()
    if door is not None:
        same_tenant = door.tenant is not None and tenant in (door.tenant.slug, door.tenant.id)
        if door.kind == "acting" and same_tenant and door.by == by and door.purpose == purpose:
            yield door
            return
        raise OutsideDoor(f"{purpose!r} inside {door.purpose!r}: doors don't nest")
    door = Door("acting", None, by, purpose)
    token = _open.set(door)
    try:
        with transaction.atomic(durable=True), connection.execute_wrapper(_only_operations_write):
            with planned_once() as cursor:
                cursor.execute(_ENTER.format(column="slug" if isinstance(tenant, str) else "id"), [tenant])
                row = cursor.fetchone()
            if row is None:
                raise UnknownTenant(str(tenant))
            door.tenant = TenantRef(*row[:12])
            yield door
    finally:
        _open.reset(token)


@contextmanager
def at_large(purpose: str, *, writing: bool = False) -> Iterator[Door]:
    """Open the door to the installation-wide tables: reads run in autocommit, only writes open a transaction.

    An `at_large` door that is open already is joined; inside `acting` it raises OutsideDoor.
    """
    door = _open.get()
    if door is not None:
        if door.kind != "at_large":
            raise OutsideDoor(f"{purpose!r} inside {door.purpose!r}: doors don't nest")
        if writing:
            with transaction.atomic():
                yield door
        else:
            yield door
        return
    door = Door("at_large", purpose=purpose)
    token = _open.set(door)
    try:
        if writing:
            with transaction.atomic(durable=True):
                yield door
        else:
            yield door
    finally:
        _open.reset(token)
