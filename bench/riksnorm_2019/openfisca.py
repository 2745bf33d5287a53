"""The same rule written for OpenFisca, run by the Python of an environment of its own; imports nothing of Handslag.

Reads one JSON command a line and answers each with one JSON line: `one` (JSON of a household, times), `load` (a
folder of .npy columns), `many` (build the simulation from them and calculate; the aid is written beside them).
Amounts are kronor, as its authors write them; inside, OpenFisca keeps them as float32.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.model_api import MONTH, Variable, max_, min_, where
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem

PERIOD = "2019-03"
person = build_entity(key="person", plural="persons", label="A person", is_person=True)
household = build_entity(
    key="household",
    plural="households",
    label="A household",
    roles=[{"key": "adult", "plural": "adults"}, {"key": "child", "plural": "children"}],
)
CHILD = np.array([2130] + [2380] * 2 + [2120] + [2380] * 3 + [2990] * 4 + [3440] * 4 + [3880] * 4 + [3910] * 2)
WITHOUT_LUNCH = np.array([2000] + [2190] * 2 + [1940] + [2120] * 3)
COMMON = np.array([990, 1100, 1380, 1570, 1810, 2050, 2220])
RENT = np.array([6300, 7625, 9425])


def given(name, kind, entity):
    """A variable without a formula."""
    fields = {"value_type": kind, "entity": entity, "definition_period": MONTH, "label": name}
    return type(name, (Variable,), fields)


class personal_cost(Variable):
    value_type, entity, definition_period, label = float, person, MONTH, "Personal cost"

    def formula(person, period):
        age, adult = person("age", period), person("is_adult", period)
        lunch = ~adult & (age <= 6) & person("lunch", period)
        of_child = where(lunch, WITHOUT_LUNCH[np.minimum(age, 6)], CHILD[np.minimum(age, 20)])
        return where(person("cohabiting", period), 5570 / 2, where(adult, 3090, of_child))


class counted_wage(Variable):
    value_type, entity, definition_period, label = float, person, MONTH, "Wage that counts"

    def formula(person, period):
        wage = person("wage", period)
        free = where(person("stimulated", period), np.floor(wage * 0.25 * 100) / 100, 0)
        return wage - free


class common_cost(Variable):
    value_type, entity, definition_period, label = float, household, MONTH, "Common costs"

    def formula(household, period):
        members = household.nb_persons()
        return COMMON[np.minimum(members, 7) - 1] + max_(members - 7, 0) * 170


class accepted_rent(Variable):
    value_type, entity, definition_period, label = float, household, MONTH, "Rent up to the ceiling"

    def formula(household, period):
        children = household.sum(1 - 1 * household.members("is_adult", period)).astype(int)
        return min_(household("rent", period), RENT[np.minimum(children, 2)] + max_(children - 2, 0) * 1800)


class norm(Variable):
    value_type, entity, definition_period, label = float, household, MONTH, "Norm"

    def formula(household, period):
        return household.sum(household.members("personal_cost", period)) + household("common_cost", period)


class income(Variable):
    value_type, entity, definition_period, label = float, household, MONTH, "Income"

    def formula(household, period):
        wages = household.sum(household.members("counted_wage", period))
        return wages + household("child_benefit", period) + household("housing_allowance", period)


class aid(Variable):
    value_type, entity, definition_period, label = float, household, MONTH, "Aid"

    def formula(household, period):
        need = household("norm", period) + household("accepted_rent", period)
        return max_(need - household("income", period), 0)


PERSON = {"age": int, "is_adult": bool, "cohabiting": bool, "lunch": bool, "wage": float, "stimulated": bool}
HOUSEHOLD = {"rent": float, "child_benefit": float, "housing_allowance": float}
system = TaxBenefitSystem([person, household])
system.add_variables(
    *(given(name, kind, person) for name, kind in PERSON.items()),
    *(given(name, kind, household) for name, kind in HOUSEHOLD.items()),
    personal_cost, counted_wage, common_cost, accepted_rent, norm, income, aid,
)  # fmt: skip


def one(text):
    """A situation as JSON in; the aid and the trace of every variable as JSON out."""
    simulation = SimulationBuilder().build_from_entities(system, json.loads(text))
    simulation.trace = True
    result = simulation.calculate("aid", PERIOD)
    return json.dumps({"aid": float(result[0]), "trace": simulation.tracer.get_serialized_flat_trace()})


def many(columns):
    """The simulation built from columns, and calculated: seconds of each, the aid."""
    began = time.process_time()
    builder = SimulationBuilder()
    builder.create_entities(system)
    builder.declare_person_entity("person", columns["person_id"])
    group = builder.declare_entity("household", columns["household_id"])
    builder.join_with_persons(group, columns["household_of"], roles=np.where(columns["is_adult"], "adult", "child"))
    simulation = builder.build(system)
    for name in (*PERSON, *HOUSEHOLD):
        simulation.set_input(name, PERIOD, columns[name])
    loaded = time.process_time()
    result = simulation.calculate("aid", PERIOD)
    return loaded - began, time.process_time() - loaded, result


def main():
    columns, folder = {}, Path()
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "one":
            began = time.process_time()
            for _ in range(asked["times"]):
                said = one(asked["text"])
            answer = {"seconds": (time.process_time() - began) / asked["times"], "aid": json.loads(said)["aid"]}
        elif asked["do"] == "load":
            folder = Path(asked["folder"])
            columns = {path.stem: np.load(path) for path in folder.glob("*.npy")}
            answer = {"households": len(columns["household_id"])}
        else:
            load, calculate, result = many(columns)
            np.save(folder / "aid.result", result)
            answer = {"load": load, "calculate": calculate}
        answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
