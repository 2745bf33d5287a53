"""The one table of reactions: what follows from each event, read here from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence

from handslag.domain.audit.operations import Event, Reaction

TABLE: dict[type[Event], Sequence[Reaction]] = {}
