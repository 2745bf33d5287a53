"""Refuse every query outside a door, before the database's own policies would."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base

from handslag.domain.tenancy.door import OutsideDoor, current_door, walls_are_up


class DatabaseWrapper(base.DatabaseWrapper):
    """Every cursor, `copy`, procedure call and server-side iterator passes through `_cursor`."""

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

    def _cursor(self, name: str | None = None) -> Any:
        if walls_are_up() and not self._connecting:
            door = current_door()
            if door is None:
                raise OutsideDoor("a query outside both doors: use acting() or at_large()")
            if door.kind == "acting" and not self.in_atomic_block:
                raise OutsideDoor("a query behind acting(), but outside its transaction")
        return super()._cursor(name)  # type: ignore[misc]
