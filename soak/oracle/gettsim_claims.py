"""Run by the Python of GETTSIM's own environment: households as JSON in, claims to Grundsicherung im Alter out.

Each household: `rent`, `heating`, `assets` (euro), `rich_child` (its income is above the limit of § 94) and `people`
(`age`, `pension`, `contributions`, `company`, `wage`, `months`, `g`); a child is whoever is below 18.
Imports nothing of Handslag, and nothing of Handslag imports it.
"""

import json
import sys
from typing import Any

import numpy as np
from gettsim import InputData, MainTarget, TTTargets, main


def inputs(households: list[dict[str, Any]]) -> dict[str, Any]:
    """The input tree of all people: a birthday in January, couples married, children of the first."""
    people = [(h, n, x, p) for h, x in enumerate(households) for n, p in enumerate(x["people"])]
    count = len(people)
    ids = np.arange(count)
    adults = [sum(p["age"] >= 18 for p in x["people"]) for x in households]
    partner = np.array(
        [i + 1 - 2 * n if adults[h] == 2 and p["age"] >= 18 else -1 for i, (h, n, _, p) in enumerate(people)]
    )
    parent = np.array([i - n if p["age"] < 18 else -1 for i, (_, n, _, p) in enumerate(people)])
    no, zero, nobody = np.zeros(count, dtype=bool), np.zeros(count), np.full(count, -1)

    def each(name: str) -> Any:
        return np.array([p[name] for *_, p in people])

    def of_household(name: str) -> Any:
        return np.array([float(x[name]) for *_, x, _ in people])

    age = each("age")
    return {
        "alter": age,
        "alter_monate": age * 12,
        "arbeitsstunden_w": zero,
        "behinderungsgrad": np.zeros(count, dtype=int),
        "bürgergeld": {"bezug_im_vorjahr": no, "p_id_einstandspartner": partner},
        "einkommensteuer": {
            "betrag_y_sn": zero,
            "einkünfte": {
                "aus_selbstständiger_arbeit": {"betrag_m": zero, "betrag_y": zero},
                "aus_vermietung_und_verpachtung": {"betrag_m": zero, "betrag_y": zero},
                "ist_hauptberuflich_selbstständig": no,
                "sonstige": {
                    "alle_weiteren_m": zero,
                    "alle_weiteren_y": zero,
                    "rente": {"alter_beginn_leistungsbezug_sonstige_private_vorsorge": np.full(count, 65)},
                },
            },
            "gemeinsam_veranlagt": partner >= 0,
        },
        "einnahmen": {
            "bruttolohn_m": each("wage"),
            "kapitalerträge_m": zero,
            "renten": {
                "betriebliche_altersvorsorge_m": each("company"),
                "geförderte_private_vorsorge_m": zero,
                "basisrente_m": zero,
                "sonstige_private_vorsorge_m": zero,
                "aus_berufsständischen_versicherungen_m": zero,
            },
        },
        "elterngeld": {"anrechenbarer_betrag_m": zero, "betrag_m": zero},
        "familie": {
            "alleinerziehend": no,
            "p_id_ehepartner": partner,
            "p_id_elternteil_1": parent,
            "p_id_elternteil_2": nobody,
        },
        "geburtsjahr": 2026 - age,
        "geburtsmonat": np.full(count, 1),
        "geburtstag": np.full(count, 1),
        "hh_id": np.array([h for h, *_ in people]),
        "grundsicherung": {
            "im_alter": {"hat_kind_mit_einkommen_über_einkommensgrenze": of_household("rich_child") > 0}
        },
        "kindergeld": {"in_ausbildung": no, "p_id_empfänger": nobody},
        "p_id": ids,
        "schwerbehindert_grad_g": each("g"),
        "solidaritätszuschlag": {"betrag_y_sn": zero},
        "sozialversicherung": {
            "arbeitslosen": {"betrag_m": zero},
            "beiträge_versicherter_m": each("contributions"),
            "kranken": {"beitrag": {"privat_versichert": no}},
            "rente": {
                "altersrente": {"betrag_m": each("pension")},
                "bezieht_rente": age >= 60,
                "erwerbsminderung": {"betrag_m": zero},
                "grundrente": {"grundrentenzeiten_monate": each("months")},
                "jahr_renteneintritt": np.full(count, 2015),
            },
        },
        "unterhalt": {"tatsächlich_erhaltener_betrag_m": zero},
        "unterhaltsvorschuss": {"betrag_m": zero},
        "vermögen_bg": of_household("assets"),
        "vermögen_eg": of_household("assets"),
        "vermögen_wthh": of_household("assets"),
        "vorrangprüfungen": {"wohngeld_kinderzuschlag_vorrangig_oder_günstiger": no},
        "wohnen": {
            "bewohnt_eigentum_hh": no,
            "bruttokaltmiete_m_hh": of_household("rent"),
            "heizkosten_m_hh": of_household("heating"),
            "wohnfläche_hh": np.full(count, 60.0),
        },
        "wohngeld": {"anspruchshöhe_m_wthh": zero, "mietstufe_hh": np.full(count, 3)},
    }


households = json.load(sys.stdin)
found = main(
    policy_date_str="2026-01-01",
    main_target=MainTarget.results.tree,
    input_data=InputData.tree(inputs(households)),
    tt_targets=TTTargets(tree={"grundsicherung": {"im_alter": {"anspruchshöhe_m": None}}}),
    include_fail_nodes=False,
    include_warn_nodes=False,
)
json.dump([float(x) for x in found["grundsicherung"]["im_alter"]["anspruchshöhe_m"]], sys.stdout)
