"""The answers, part by part, each as its authority's own schema has it."""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from simulators.ssbtek.checks import PARTS, SOAP, SSBT, Asked
from simulators.ssbtek.people import Paid, payments

AF = "http://api.arbetsformedlingen.se/arbetssokande/ersattningsstod/v2"
CSN = "http://schema.csn.se/v4.0/"
SO = "http://INT014.UBPService.Schemas"
TNS = "http://schema.transportstyrelsen.se/ssbtek/"
MIV = "http://schema.migrationsverket.se/ssbtek/1/"
SKV = "http://beskattningws.ws.service.bs.zg.rsv.se/"
OTHER = "199001019802"


def envelope(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def fault(code: str, text: str) -> bytes:
    detail = (
        f'<f:hamtaBastjanstInformationFault xmlns:f="{SSBT}"><f:felkod>{code}</f:felkod>'
        f"<f:felmeddelande>{escape(text)}</f:felmeddelande></f:hamtaBastjanstInformationFault>"
    )
    return envelope(
        f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{code}</faultstring><detail>{detail}</detail></s:Fault>"
    )


def ping(script: dict[str, str]) -> bytes:
    parts = "".join(
        f"<{p}><anropad>true</anropad>{_error(script[p]) if script.get(p) in ('error', 'late') else ''}</{p}>"
        for p in PARTS
    )
    return envelope(f'<testaBastjanstInformationResponse xmlns="{SSBT}">{parts}</testaBastjanstInformationResponse>')


def answer(asked: Asked, script: dict[str, str], today: date) -> bytes:
    """The whole answer. `script`: how which part fails."""
    parts = ""
    for part in asked.parts:
        how = script.get(part, "")
        if how == "missing":
            continue
        if how in ("error", "late"):
            parts += f"<{part}>{_error(how)}</{part}>"
            continue
        person = OTHER if how == "wrong" else asked.person
        paid = [one for one in payments(asked.person, asked.since, asked.last) if one.part == part]
        parts += f"<{part}><data>{_BUILD[part](asked, person, paid, today, how)}</data></{part}>"
    key = OTHER if script.get("*") == "other" else asked.key
    return envelope(
        f'<hamtaBastjanstInformationResponse xmlns="{SSBT}"><korrelationsid>{escape(key)}</korrelationsid>'
        f"<svarsdata>{parts}</svarsdata></hamtaBastjanstInformationResponse>"
    )


def _error(how: str) -> str:
    source, code = ("SSBT", "TIMEOUT") if how == "late" else ("BT", "TEKNISKT_FEL")
    return (
        f"<error><kalla>{source}</kalla><felkod>{code}</felkod>"
        "<felmeddelande>Bastjänsten kunde inte svara</felmeddelande></error>"
    )


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _new(how: str, space: str) -> str:
    return f'<nytt:Element xmlns:nytt="{space}"><nytt:Inuti>1</nytt:Inuti></nytt:Element>' if how == "unknown" else ""


def _af(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    general = (
        f"<OrganisationsnummerForIngivare>{asked.sender}</OrganisationsnummerForIngivare>"
        f"<NamnPaIngivare>{escape(asked.name)}</NamnPaIngivare>"
        f"<KontonamnForHandlaggare>{escape(asked.caseworker)}</KontonamnForHandlaggare>"
        f"<Referensnummer>{escape(asked.case)}</Referensnummer><From>{asked.since}</From><Tom>{asked.last}</Tom>"
        f"<SyfteMedFraga>{escape(asked.purpose)}</SyfteMedFraga><LagParagraf>{escape(asked.law)}</LagParagraf>"
        f"<IdentitetsbeteckningFysiskPerson>{asked.person}</IdentitetsbeteckningFysiskPerson>"
    )
    secret = "<Sekretessmarkering>true</Sekretessmarkering>" if how == "protected" else ""
    code = "inte ett tal" if how == "garbage" else person
    return (
        f'<Fraga xmlns="{AF}">{general}</Fraga><Svar xmlns="{AF}"><Schemaversion>2.0</Schemaversion>'
        f"<Referensnummer>{escape(asked.case)}</Referensnummer><LagParagraf>{escape(asked.law)}</LagParagraf>"
        f"<IdentitetsbeteckningFysiskPerson>{code}</IdentitetsbeteckningFysiskPerson>{secret}"
        "<ArbetssokandeInfo><Arbetssokande>true</Arbetssokande><ArbetssokandeSKAT>11</ArbetssokandeSKAT>"
        "<ArbetssokandeOmfattning>100</ArbetssokandeOmfattning><AktivetetsRapportDatum>"
        "<AktivitetsRapportMeddelande>200</AktivitetsRapportMeddelande></AktivetetsRapportDatum></ArbetssokandeInfo>"
        "<StatusSokandeinformationKod>200</StatusSokandeinformationKod>"
        f"<StatusSokandeinformationKodText>OK</StatusSokandeinformationKodText>{_new(how, 'urn:nytt')}</Svar>"
    )


def _csn(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    if how == "garbage":
        return f"<svar>{_b64('<CSNSvar><inte')}</svar>"
    plan = ""
    for one in paid:
        grant, loan = one.amount * 3 // 10, one.amount - one.amount * 3 // 10
        state = "Planerad" if one.day > today else "Utbetald"
        kinds = "".join(
            f"<t:Belopp><t:beloppstyp>{code}</t:beloppstyp><t:klartext>{name}</t:klartext><t:belopp>{amount}</t:belopp>"
            f"<t:totbelopp>{amount}</t:totbelopp></t:Belopp>"
            for code, name, amount in (("B", "Studiebidrag", grant), ("L", "Studielån", loan))
        )
        plan += (
            f"<m:Utbetalning><t:utbetdatum>{one.day:%Y%m%d}</t:utbetdatum><t:utbetstatus>{state}</t:utbetstatus>"
            f"<t:Utbetaldatider><t:Utbetaldtid><t:Beloppen>{kinds}</t:Beloppen><t:totbelopp>{one.amount}</t:totbelopp>"
            f"</t:Utbetaldtid></t:Utbetaldatider><t:totbelopp>{one.amount}</t:totbelopp></m:Utbetalning>"
        )
    cases = (
        '<p:Arenden><p:Arende lopnummer="1"><m:stodform>SM</m:stodform><m:klartext>Studiemedel</m:klartext>'
        "<m:status>BESLUTAD</m:status><m:soktaTider/><m:BeviljadeTider/>"
        f"<m:UtbetalningsPlan>{plan}</m:UtbetalningsPlan></p:Arende></p:Arenden>"
        if plan
        else ""
    )
    types = "".join(
        f"<t:{name}>{'J' if plan and name == 'studiemedel' else 'N'}</t:{name}>"
        for name in ("studiemedel", "studiehjalp", "hemutrustningslan", "studiestartsstod", "omstallningsstudiestod")
    )
    secret = ' sekretess="J"' if how == "protected" else ""
    inner = (
        f'<k:CSNSvar xmlns:k="{CSN}kommunfraga" xmlns:t="{CSN}csntyper" xmlns:p="{CSN}person"'
        f' xmlns:m="{CSN}studiemedel"'
        ' schemaVersion="4.0"><k:GemensamtSvarEkbistand><k:Resultat><k:ResultatKod>0</k:ResultatKod>'
        "<k:ResultatText>OK</k:ResultatText></k:Resultat></k:GemensamtSvarEkbistand><k:GemensamtFragaEkbistand/>"
        f'<k:Personer><k:Person personnummer="{person[2:]}" sekel="{person[:2]}"{secret}>'
        f"<p:Studiestodstypforteckning>{types}</p:Studiestodstypforteckning><p:Studiemedel>{cases}</p:Studiemedel>"
        "<p:Studiehjalp/><p:HemutrustningsLan/><p:Studiestartsstod/><p:Omstallningsstudiestod/>"
        f"{_new(how, 'urn:nytt')}</k:Person></k:Personer></k:CSNSvar>"
    )
    return f"<svar>{_b64(inner)}</svar>"


def _fk(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    def row(one: Paid) -> dict[str, Any]:
        money = {"summa": float(one.amount), "valuta": "SEK"}
        return {
            "typ": {"id": 1, "beskrivning": "Månad"},
            "foretag": {"id": 1001, "beskrivning": "Försäkringskassan"},
            "formansfamilj": {"id": one.code, "beskrivning": one.name},
            "datum": one.day.isoformat(),
            "period": {"fran": one.day.replace(day=1).isoformat(), "till": one.day.isoformat()},
            "bruttobelopp": money, "nettobelopp": money, "utbetalningsdetalj": [],
        }  # fmt: skip

    groups = asked.lefi.get("utbetalningar", [])
    asked_for = [one for one in paid if f"FK:{one.code}" in groups]
    state = {"kod": "OK", "beskrivning": "OK"}
    told: dict[str, Any] = {
        "utlamnare": [
            {"utlamnare": {"kod": kod, "namn": namn}, "tillstand": state}
            for kod, namn in (("FK", "Försäkringskassan"), ("PM", "Pensionsmyndigheten"))
        ],
        "formansinformation": {
            "generellPersoninformation": [{"personnummer": person, "skyddad": how == "protected"}],
            "utbetalningsuppgift": [row(one) for one in asked_for if one.day <= today],
            "preliminarautbetalningar": [row(one) for one in asked_for if one.day > today],
        },
        "utbetalningar": [],
        "preliminaraUtbetalningar": [],
    }
    if how == "partial":
        group = {"kod": "FK:BOB", "beskrivning": "Bostadsbidrag"}
        told["avvikelser"] = {
            "utbetalningar": [{"avvikelse": {"kod": "INTERNT_FEL", "beskrivning": "Fel"}, "formansgrupp": group}]
        }
    if how == "unknown":
        told["nyttFalt"] = {"inuti": [1]}
    text = "{inte json" if how == "garbage" else json.dumps(told, ensure_ascii=False)
    return f"<lefiJsonSvar>{_b64(text)}</lefiJsonSvar>"


def _skv(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    inner = (
        f"<Svar><Personnummer>{person}</Personnummer><Taxeringsar>{today.year - 1}</Taxeringsar>"
        f"<InkomstAvKapital>0</InkomstAvKapital></Svar>"
    )
    return f'<svar xmlns="">{escape("<Svar" if how == "garbage" else inner)}</svar>'


def _so(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    rows = "".join(
        f"<Utbetalningar><Utbetalningsdatum>{one.day}</Utbetalningsdatum>"
        f"<NettoEfterSkatt>{'mycket' if how == 'garbage' else one.amount}</NettoEfterSkatt>"
        f"<NettoEfterAvdrag>{'mycket' if how == 'garbage' else one.amount}</NettoEfterAvdrag>"
        f"<Ersattningsdagar>20</Ersattningsdagar><AvserFrom>{one.day.replace(day=1)}</AvserFrom>"
        f"<AvserTom>{one.day}</AvserTom></Utbetalningar>"
        for one in paid
        if one.day <= today
    )
    fund = (
        "<Arbetsloshetsersattning><SvarandeOrganisation>Prov-kassan</SvarandeOrganisation>"
        f"<StatusSvarandeOrganisation>OK</StatusSvarandeOrganisation>{rows}</Arbetsloshetsersattning>"
    )
    return (
        f'<OrganisationsnummerIngivare xmlns="{SO}">{asked.sender}</OrganisationsnummerIngivare>'
        + "".join(
            f'<{name} xmlns="{SO}">{escape(str(value))}</{name}>'
            for name, value in (
                ("NamnIngivare", asked.name), ("KontonamnHandlaggare", asked.caseworker),
                ("Referensnummer", asked.case), ("From", asked.since), ("Tom", asked.last), ("Syfte", asked.purpose),
                ("Paragraf", asked.law), ("IdentificationNumber", person),
            )
        )
        + f'<ArbetsloshetsersattningLista xmlns="{SO}">{fund}</ArbetsloshetsersattningLista>'
        + _new(how, "urn:nytt")
    )  # fmt: skip


def _tns(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    space, who = f"{TNS}hamtauppgifterresponder/1", f"{TNS}person/1"
    result = "inget" if how == "garbage" else "OK"
    return (
        f'<identifikation xmlns="{space}"><sekel xmlns="{who}">{person[:2]}</sekel>'
        f'<personnummer xmlns="{who}">{person[2:]}</personnummer></identifikation>'
        f'<resultat xmlns="{space}">{result}</resultat>{_new(how, "urn:nytt")}'
    )


def _miv(asked: Asked, person: str, paid: list[Paid], today: date, how: str) -> str:
    return (
        f'<response xmlns=""><correlationid>{escape(asked.key)}</correlationid>'
        f"<personnummer>{'x' if how == 'garbage' else person}</personnummer></response>{_new(how, 'urn:nytt')}"
    )


_BUILD = {"AF": _af, "CSN": _csn, "FK": _fk, "SKV": _skv, "SO": _so, "TNS": _tns, "MIV": _miv}
