"""Refuse every query outside a door, before the database's own policies would."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base, operations

from handslag.domain.tenancy.door import OutsideDoor, current_door, walls_are_up


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """What was carried out, as far as it is known: of a statement with a kept plan, its text without values."""
        return super().last_executed_query(cursor, sql, params) or sql


class DatabaseWrapper(base.DatabaseWrapper):
    """Every cursor, `copy`, procedure call and server-side iterator passes through `_cursor`."""

    ops_class = DatabaseOperations
    _connecting = False

    def connect(self) -> None:
        # django.contrib.postgres asks for type ids while it connects: that is the connection's own work.
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    def is_usable(self) -> bool:
        """Whether the connection still stands. As long as no error came, its socket tells, without a round trip:
        a server that has gone has closed it."""
        if self.errors_occurred or self.connection is None:
            return bool(super().is_usable())
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)

    def planned_once(self) -> Any:
        """A cursor for statements of few texts that run often: after two runs the server keeps a connection's plan.

        Such a statement of many tables takes longer to plan than to carry out. The values travel apart from the
        text, so its parameters need types that the server can tell (`%s::uuid` where nothing else says it).
        """
        self.ensure_connection()
        connection: Any = self.connection
        usual, connection.cursor_factory = connection.cursor_factory, base.ServerBindingCursor
        try:
            return self.cursor()
        finally:
            connection.cursor_factory = usual

    def _cursor(self, name: str | None = None) -> Any:
        if walls_are_up() and not self._connecting:
            door = current_door()
            if door is None:
                raise OutsideDoor("a query outside both doors: use acting() or at_large()")
            if door.kind == "acting" and not self.in_atomic_block:
                raise OutsideDoor("a query behind acting(), but outside its transaction")
        return super()._cursor(name)  # type: ignore[misc]
