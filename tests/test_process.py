"""The process map says what the product does: its operations, events and states are those of the code."""

from __future__ import annotations

import importlib
from enum import Enum
from typing import Any

import pytest

from docs.process import NEXUS, RENEWAL, SOZIALHILFE, Map, process
from handslag.config.reactions import TABLE
from tests.bed import ROOT

STEPS = process()["to_be"]
STEPS_OF_ASYLUM = process(NEXUS)["to_be"]
STEPS_OF_SOZIALHILFE = process(SOZIALHILFE)["to_be"]
#: The ways of an application, a decision and its money: every state of them stands in the map.
WHOLE = (
    "intake.DraftState", "intake.SigningState", "intake.Channel", "intake.InboxState", "intake.RequestState",
    "lookups.AnswerState", "casefile.WarningState", "decisions.DecisionState", "decisions.Outcome",
    "decisions.AppealState", "payments.PaymentState", "payments.RunState",
)  # fmt: skip
#: Those of a line that is claimed for somebody in the asylum sector.
WHOLE_OF_ASYLUM = ("settlement.LineKind", "settlement.Outcome")
#: Those of an application to a Swiss municipality, and of what is booked on its case account.
WHOLE_OF_SOZIALHILFE = ("intake.Channel", "intake.InboxState", "decisions.Outcome", "payments.BookingKind")
#: An answer that never came, and a decision whose delivery is proven, are no step that somebody takes.
NOT_TAKEN = {"intake.DraftState": {"withdrawn", "expired"}, "decisions.DecisionState": {"served"}}

#: Nor these, where the grounds of refusal beside the calculation are those of Sweden alone.
NOT_IN_SWITZERLAND = {"decisions.Outcome": {"avvisning"}}


def kinds() -> dict[str, type[Enum]]:
    """The enumerations of states, as chapter.Name."""
    found: dict[str, type[Enum]] = {}
    for path in sorted((ROOT / "src/handslag/domain").glob("*/states.py")):
        module = importlib.import_module(f"handslag.domain.{path.parent.name}.states")
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Enum) and value.__module__ == module.__name__:
                found[f"{path.parent.name}.{name}"] = value
    return found


def operation(name: str) -> Any:
    """The operation that the map names as chapter.verb."""
    chapter, verb = name.split(".")
    folder = ROOT / "src/handslag/domain" / chapter / "operations"
    modules = (
        ["", *(f".{p.stem}" for p in sorted(folder.glob("*.py")) if p.stem != "__init__")] if folder.is_dir() else [""]
    )
    for module in modules:
        found = getattr(importlib.import_module(f"handslag.domain.{chapter}.operations{module}"), verb, None)
        if found is not None:
            return found
    return None


@pytest.mark.parametrize("step", STEPS + STEPS_OF_ASYLUM + STEPS_OF_SOZIALHILFE, ids=lambda step: step["operation"])
def test_each_step_is_an_operation_with_its_event_and_states(step: dict[str, Any]) -> None:
    found = operation(step["operation"])
    assert found is not None and hasattr(found, "__wrapped__"), step["operation"]
    if "event" in step:
        assert step["event"] in {event.kind for event in TABLE}
    for kind, names in step["states"].items():
        assert set(names) <= {member.value for member in kinds()[kind]}, kind


@pytest.mark.parametrize(
    ("steps", "whole"),
    [(STEPS, WHOLE), (STEPS_OF_ASYLUM, WHOLE_OF_ASYLUM), (STEPS_OF_SOZIALHILFE, WHOLE_OF_SOZIALHILFE)],
    ids=["renewal", "asylum", "sozialhilfe"],
)
def test_no_state_on_the_way_is_left_out(steps: list[dict[str, Any]], whole: tuple[str, ...]) -> None:
    shown: dict[str, set[str]] = {}
    for step in steps:
        for kind, names in step["states"].items():
            shown.setdefault(kind, set()).update(names)
    for kind in whole:
        not_taken = NOT_TAKEN.get(kind, set()) | (NOT_IN_SWITZERLAND.get(kind, set()) if steps is not STEPS else set())
        assert {m.value for m in kinds()[kind]} - not_taken == shown[kind], kind


@pytest.mark.parametrize(
    ("of", "word"),
    [(RENEWAL, "SSBTEK"), (NEXUS, "ZEMIS"), (SOZIALHILFE, "SKOS")],
    ids=["renewal", "asylum", "sozialhilfe"],
)
def test_each_step_that_is_gone_stands_in_the_way_before(of: Map, word: str) -> None:
    steps = process(of)["as_is"]["steps"]
    assert len(steps) >= 5 and word in " ".join(step["does"] for step in steps)
