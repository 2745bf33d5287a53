"""Nothing lost, nothing doubled: what must hold between the rows (I1 to I11 of the conservation rules)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from psycopg import sql

from verifier.blocks import signed_payload
from verifier.canonical import NotCanonical, encode
from verifier.chain import Chain, Told, digest_of
from verifier.database import Connection, Row, keys_within_tenants, rows
from verifier.report import Report
from verifier.signatures import NUMBER_CLAIMS, BadSignature, check_eid_evidence
from verifier.stored import NO_KEY, fields, listed, texts
from verifier.stored import key as key_in

#: A notice, or a job, that has not ended after this is stuck.
OUTBOX_LIMIT = timedelta(hours=24)


def by_id(connection: Connection, table: str) -> dict[UUID, Row]:
    """All rows of a table of the tenant by key."""
    query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
    return {row["id"]: row for row in connection.execute(query)}


def grouped(found: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in found:
        groups[row[column]].append(row)
    return groups


# -- I1, I2, I3: applications ------------------------------------------------------------------------------------


def check_applications(
    connection: Connection, report: Report, chain: Chain, keys: Mapping[str, Row], shown: Iterable[Mapping[str, Any]]
) -> None:
    """I1: accepted means one receipt, every adult's signature, a case, an event, equal digests.
    I2: every receipt of a client's own log (`shown`: number and digest) is here. I3: no draft vanishes."""
    drafts, applications = by_id(connection, "intake_draft"), by_id(connection, "intake_application")
    receipts = by_id(connection, "intake_receipt")
    cases = by_id(connection, "casefile_case")
    of_application = grouped(receipts.values(), "application_id")
    signatures = grouped(by_id(connection, "intake_signature").values(), "draft_id")
    periods = grouped(by_id(connection, "intake_applicationperiod").values(), "application_id")
    numbers = grouped(rows(connection, _NUMBERS), "person_id")
    texts, documents = by_id(connection, "documents_text"), by_id(connection, "documents_document")
    representations = by_id(connection, "people_representation")
    late: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for event in chain.of_kind("signature recorded"):
        late[str(event.payload.get("application")), str(event.payload.get("person"))].append(event)
    submitted: dict[str, list[Told]] = defaultdict(list)
    for event in chain.of_kind("application submitted"):
        submitted[str(event.payload.get("application"))].append(event)
    for key, row in applications.items():
        report.count("applications")
        if digest_of(row["document"]) != row["digest"]:
            report.broken("I1", "intake_application", key, "its document does not have its digest")
        if row["case_id"] not in cases:
            report.broken("I1", "intake_application", key, "belongs to no case")
        if not periods.get(key):
            report.broken("I1", "intake_application", key, "asks for no period")
        _check_signatures(report, row, signatures.get(key, []), numbers, late, representations)
        draft = drafts.get(key)
        text = texts.get(draft["signing_text_id"]) if draft else None
        document = fields(row["document"])
        if text is None or text["digest"] != document.get("signing_text"):
            report.broken("I1", "intake_application", key, "the text that was signed is gone, or is another one")
        own = of_application.get(key, [])
        if len(own) != 1:
            report.broken("I1", "intake_application", key, f"has {len(own)} receipts")
        events = submitted.get(str(key), [])
        if len(events) != 1:
            report.broken("I1", "intake_application", key, f"was submitted by {len(events)} events")
        attached = document.get("attachments")
        if not isinstance(attached, list | None):
            report.broken("I1", "intake_application", key, "its attachments are no list")
        for one in listed(attached):
            there = documents.get(key_in(one.get("document")))
            if there is None or there["digest"] != one.get("digest") or there["subject_id"] != row["case_id"]:
                report.broken("I1", "intake_application", key, "a file that was signed is gone, or is another one")
        for receipt in own:
            _check_receipt(report, row, receipt, signatures.get(key, []), events, keys)
    for key, receipt in receipts.items():
        if receipt["application_id"] not in applications:
            report.broken("I1", "intake_receipt", key, "its application is gone")
    _check_drafts(report, chain, drafts, applications)
    by_number = {row["number"]: row for row in receipts.values()}
    for told in shown:
        here = by_number.get(str(told.get("number")))
        if here is None:
            report.broken("I2", "intake_receipt", "", f"receipt {told.get('number')} was shown, but is not here")
        elif here["digest"] != told.get("digest"):
            report.broken("I2", "intake_receipt", here["id"], "was shown with another digest")


#: By person her own numbers, and those of a record that was merged into hers, as long as that held.
_NUMBERS = """
SELECT person_id, value, NULL::timestamptz AS since, NULL::timestamptz AS until FROM people_identifier
UNION ALL
SELECT m.kept_id, i.value, m.confirmed_at, m.ended_at FROM people_merge m
JOIN people_identifier i ON i.person_id = m.gone_id WHERE m.confirmed_at IS NOT NULL
"""


def _unsigned(row: Row) -> list[str]:
    """Whose signature an application that came on paper lacked when it was received: its document says so."""
    return texts(fields(row["document"]).get("unsigned")) if row["channel"] != "online" else []


def _held(named: Mapping[str, Any], signature: Row, representations: Mapping[UUID, Row]) -> bool:
    """Whether the representation that a document names is that of the signature, and was in force when she signed."""
    row, at = representations.get(key_in(named.get("representation"))), signature["signed_at"]
    days = (at.date(), at.date() + timedelta(days=1))  # where the organisation is the day may have begun already
    return (
        row is not None
        and (row["person_id"], row["representative_id"]) == (signature["person_id"], signature["representative_id"])
        and row["registered_at"] <= at
        and (row["ended_at"] is None or at <= row["ended_at"])
        and any(row["since"] <= day and (row["until"] is None or day < row["until"]) for day in days)
    )


def _check_signatures(
    report: Report,
    row: Row,
    signatures: list[Row],
    numbers: Mapping[UUID, list[Row]],
    late: Mapping[tuple[str, str], list[Told]],
    representations: Mapping[UUID, Row],
) -> None:
    fitting = [s for s in signatures if s["digest"] == row["digest"]]
    signers = sorted(str(s["person_id"]) for s in fitting)
    adults = texts(fields(row["document"]).get("applicants"))
    came: list[str] = []
    for person in _unsigned(row):
        proofs = [digest_of(s["evidence"]) for s in fitting if str(s["person_id"]) == person]
        if proofs != [e.payload.get("evidence_digest") for e in late.get((str(row["id"]), person), [])]:
            report.broken("I1", "intake_application", row["id"], f"the later signature of {person} has no such event")
        came += [person] * len(proofs)
    needed = sorted({*adults} - {*_unsigned(row)} | {*came})
    if signers != needed or not needed:
        report.broken(
            "I1", "intake_application", row["id"], f"needs the signatures of {needed}, has those of {signers}"
        )
    named = fields(fields(row["document"]).get("representatives"))
    for signature in fitting:
        try:
            agent = str(signature["representative_id"]) if signature["representative_id"] else None
            if agent != fields(named.get(str(signature["person_id"]))).get("person"):
                raise BadSignature("signed through another representative than the document names")
            if agent and not _held(fields(named.get(str(signature["person_id"]))), signature, representations):
                raise BadSignature("signed through a representation that was not in force")
            if signature["method"] == "paper":
                if fields(signature["evidence"]).get("digest") != row["digest"]:
                    raise BadSignature("evidence: about another digest")
                continue
            claims = check_eid_evidence(signature["evidence"], signature["digest"])
            if (claims.get("iss"), claims.get("acr")) != (signature["issuer"], signature["acr"]):
                raise BadSignature("evidence: another issuer or level than the row says")
            stated = {str(claims[name]).replace("-", "") for name in NUMBER_CLAIMS if claims.get(name)}
            signer = signature["representative_id"] or signature["person_id"]
            at = signature["signed_at"]
            known = {
                number["value"]
                for number in numbers.get(signer, [])
                if (number["since"] or at) <= at <= (number["until"] or at)
            }
            if stated and not stated & known:
                raise BadSignature("evidence: somebody else identified")
        except BadSignature as error:
            report.broken("I1", "intake_signature", signature["id"], str(error))


def _check_receipt(
    report: Report, row: Row, receipt: Row, signatures: list[Row], events: list[Told], keys: Mapping[str, Row]
) -> None:
    body = fields(receipt["body"])
    if digest_of(receipt["body"]) != receipt["digest"]:
        report.broken("I1", "intake_receipt", receipt["id"], "its body does not have its digest")
    try:
        signed = signed_payload(keys, receipt["key_id"], receipt["signature"], row["received_at"])
        if signed != encode(receipt["body"]):
            report.broken("I1", "intake_receipt", receipt["id"], "says something else than what was signed")
    except (BadSignature, NotCanonical) as error:
        report.broken("I1", "intake_receipt", receipt["id"], str(error))
    then = [s for s in signatures if s["digest"] == row["digest"] and str(s["person_id"]) not in _unsigned(row)]
    evidence = {str(s["person_id"]): digest_of(s["evidence"]) for s in then}
    listed_there = listed(body.get("signatures"))
    named = {str(s.get("person")): s.get("evidence_digest") for s in listed_there}
    through = {str(s["person_id"]): str(s["representative_id"]) for s in then if s["representative_id"]}
    told_through = {str(s.get("person")): s.get("representative") for s in listed_there if s.get("representative")}
    if named != evidence or told_through != through:
        report.broken("I1", "intake_receipt", receipt["id"], "names other signatures than there are")
    told = (body.get("application"), body.get("content_digest"), body.get("number"), body.get("attachments"))
    files = listed(fields(row["document"]).get("attachments"))
    named_files = [{"document": one.get("document"), "digest": one.get("digest")} for one in files]
    if told != (str(row["id"]), row["digest"], receipt["number"], named_files):
        report.broken("I1", "intake_receipt", receipt["id"], "is not about its application")
    for event in events:
        said = (event.payload.get("digest"), event.payload.get("receipt"), event.payload.get("receipt_digest"))
        if said != (row["digest"], receipt["number"], receipt["digest"]) or event.subject != row["case_id"]:
            report.broken("I1", "intake_receipt", receipt["id"], f"event {event.id} says something else")
        if body.get("event") != str(event.id):
            report.broken("I1", "intake_receipt", receipt["id"], f"does not name its event {event.id}")


def _check_drafts(report: Report, chain: Chain, drafts: Mapping[UUID, Row], applications: Mapping[UUID, Row]) -> None:
    """I3: drafts + accepted + withdrawn + expired = ids ever created."""
    created = {str(e.payload.get("draft")): e.subject for e in chain.of_kind("draft opened")}
    for event in chain.of_kind("application submitted"):
        created.setdefault(str(event.payload.get("application")), event.subject)
    for key, case in created.items():
        opened = drafts.get(key_in(key))
        if opened is None:
            report.broken("I3", "intake_draft", key, "was opened and is gone")
        elif opened["case_id"] != case:
            report.broken("I3", "intake_draft", key, "was opened in another case")
    for draft, row in drafts.items():
        report.count("drafts")
        if str(draft) not in created:
            report.broken("I3", "intake_draft", draft, "no event opened it")
        if (row["state"] == "accepted") != (draft in applications):
            report.broken(
                "I3", "intake_draft", draft, f"is {row['state']}, but its application is {draft in applications}"
            )
        application = applications.get(draft)
        if application and (application["digest"], application["case_id"]) != (row["shown_digest"], row["case_id"]):
            report.broken("I3", "intake_draft", draft, "is not what was submitted")
        if row["shown"] is not None and digest_of(row["shown"]) != row["shown_digest"]:
            report.broken("I3", "intake_draft", draft, "what was shown does not have its digest")


# -- I5: decisions, sheets, snapshots, norms ---------------------------------------------------------------------


def check_decisions(connection: Connection, report: Report, chain: Chain) -> None:
    """Every decision line refers to one decision, one sheet, one snapshot, one set of norms; digests recompute."""
    decisions, sheets = by_id(connection, "decisions_decision"), by_id(connection, "entitlement_sheet")
    snapshots, norm_sets = by_id(connection, "entitlement_snapshot"), by_id(connection, "entitlement_normset")
    lines = grouped(by_id(connection, "decisions_decisionline").values(), "decision_id")
    letters = grouped(by_id(connection, "decisions_letter").values(), "decision_id")
    texts = by_id(connection, "documents_text")
    taken = {str(event.payload.get("decision")): event for event in chain.of_kind("decision taken")}
    _check_replaced(report, decisions, lines)
    _check_released(report, decisions, by_id(connection, "casefile_period"))
    _check_reductions(report, by_id(connection, "decisions_order"), decisions, sheets, snapshots)
    _check_results(connection, report, decisions, sheets, snapshots)
    _warn_carried(connection, report, decisions, sheets, snapshots)
    for table, column, found in (
        ("entitlement_snapshot", "facts", snapshots),
        ("entitlement_normset", "body", norm_sets),
        ("entitlement_sheet", "body", sheets),
    ):
        for key, row in found.items():
            if digest_of(row[column]) != row["digest"]:
                report.broken("I5", table, key, f"its {column} does not have its digest")
    for row in rows(
        connection, "SELECT id, digest, encode(sha256(convert_to(body, 'UTF8')), 'hex') AS made FROM documents_text"
    ):
        if row["digest"] != row["made"]:
            report.broken("I5", "documents_text", row["id"], "its words do not have its digest")
    for key, sheet in sheets.items():
        report.count("sheets")
        snapshot = snapshots.get(sheet["snapshot_id"])
        if snapshot is None or sheet["norm_set_id"] not in norm_sets:
            report.broken("I5", "entitlement_sheet", key, "its snapshot or its norms are gone")
        elif (snapshot["case_id"], snapshot["period_id"]) != (sheet["case_id"], sheet["period_id"]):
            report.broken("I5", "entitlement_sheet", key, "its snapshot is of another case or period")
        body = fields(sheet["body"])
        stated = (body.get("granted"), body.get("pack"), body.get("rule_version"))
        if stated != (sheet["granted"], sheet["pack"], sheet["rule_version"]):
            report.broken("I5", "entitlement_sheet", key, "its columns say something else than its body")
    for key, decision in decisions.items():
        report.count("decisions")
        found_sheet = sheets.get(decision["sheet_id"])
        if found_sheet is None:
            report.broken("I5", "decisions_decision", key, "rests on no sheet")
        elif (
            found_sheet["case_id"],
            found_sheet["period_id"],
            0 if decision["refused_on"] else found_sheet["granted"],
            found_sheet["currency"],
        ) != (
            decision["case_id"],
            decision["period_id"],
            decision["amount"],
            decision["currency"],
        ):
            report.broken("I5", "decisions_decision", key, "is not what its sheet amounts to")
        in_force = decision["state"] in ("decided", "served")
        if in_force != (str(key) in taken):
            report.broken("I5", "decisions_decision", key, f"is {decision['state']}, which the chain does not bear out")
        own, letter = lines.get(key, []), letters.get(key, [])
        if len(letter) != int(in_force):
            report.broken("I5", "decisions_decision", key, f"is {decision['state']} and has {len(letter)} letters")
        if sum(line["amount"] for line in own) != (decision["amount"] if in_force else 0):
            report.broken("I6", "decisions_decision", key, "its lines do not add up to its amount")
        for line in own:
            if line["period_id"] != decision["period_id"]:
                report.broken("I5", "decisions_decisionline", line["id"], "is of another period than its decision")
        if in_force and str(key) in taken:
            _check_taken(report, decision, letter, taken[str(key)], texts)
    for decision_id, strays in lines.items():
        if decision_id not in decisions:
            for line in strays:
                report.broken("I5", "decisions_decisionline", line["id"], "its decision is gone")


#: The kinds of income that are work, as the Swedish law's list has them.
WORK = frozenset({"SALARY"})


def _check_results(
    connection: Connection,
    report: Report,
    decisions: Mapping[UUID, Row],
    sheets: Mapping[UUID, Row],
    snapshots: Mapping[UUID, Row],
) -> None:
    """What is kept of each person and month is what the sheets of the decisions in force say, and nothing else: who was
    supported, and what she earned (of Swedish ones alone). It decides the job stimulus of later months."""
    periods = by_id(connection, "casefile_period")
    taken = [row for row in decisions.values() if row["state"] in ("decided", "served")]
    replaced = {row["replaces_id"] for row in taken}
    said: dict[tuple[UUID, str], tuple[Any, ...]] = {}
    for decision in taken:
        sheet, period = sheets.get(decision["sheet_id"]), periods.get(decision["period_id"])
        snapshot = snapshots.get(sheet["snapshot_id"]) if sheet else None
        if decision["id"] in replaced or sheet is None or snapshot is None or period is None:
            continue  # what is gone is told elsewhere
        try:
            supported, earned = False, dict[str, int]()
            if sheet["pack"] == "se":
                supported = sheet["granted"] > 0 and sheet["body"]["totals"]["Balance"] < 0
                for income in snapshot["facts"]["incomes"]:
                    if income["code"] in WORK:
                        earned[income["person"]] = earned.get(income["person"], 0) + income["gross"]
            for person, role in {m["key"]: m.get("role") for m in snapshot["facts"]["members"]}.items():
                result = (supported and role == "adult", earned.get(person, 0))
                said[period["id"], person] = (period["since"], sheet["id"], *result)
        except (KeyError, TypeError, AttributeError):
            report.broken("I5", "entitlement_sheet", sheet["id"], "what it says of its people can't be read")
    for key, row in by_id(connection, "entitlement_personmonth").items():
        report.count("person-months")
        kept = (row["since"], row["sheet_id"], row["supported"], row["work_income"])
        if said.pop((row["period_id"], str(row["person_id"])), None) != kept:
            report.broken("I5", "entitlement_personmonth", key, "isn't what the sheet of the decision in force says")
    for _since, sheet_id, _supported, _earned in said.values():
        report.broken("I5", "entitlement_sheet", sheet_id, "what it says of a person and month isn't kept")


def _warn_carried(
    connection: Connection,
    report: Report,
    decisions: Mapping[UUID, Row],
    sheets: Mapping[UUID, Row],
    snapshots: Mapping[UUID, Row],
) -> None:
    """Where a decision in force counts more as the surplus of the month before than the one in force on that month
    leaves, a person was asked."""
    periods = by_id(connection, "casefile_period")
    asked = {t["subject_id"] for t in by_id(connection, "tasks_task").values() if t["kind"] == "carried surplus"}
    taken = [row for row in decisions.values() if row["state"] in ("decided", "served")]
    replaced = {row["replaces_id"] for row in taken}
    months: dict[UUID, list[tuple[Any, int, int, UUID]]] = defaultdict(list)
    for decision in taken:
        sheet, period = sheets.get(decision["sheet_id"], {}), periods.get(decision["period_id"])
        snapshot = snapshots.get(sheet.get("snapshot_id", NO_KEY), {})
        if decision["id"] in replaced or period is None or sheet.get("pack") != "se":
            continue
        incomes = listed(fields(snapshot.get("facts")).get("incomes"))
        carried = [income.get("gross") for income in incomes if income.get("code") == "SURPLUS_FROM_PREVIOUS_MONTH"]
        left = fields(sheet["body"]).get("surplus")
        counted = sum(amount for amount in carried if isinstance(amount, int))
        months[decision["case_id"]].append(
            (period["since"], counted, left if isinstance(left, int) else 0, decision["id"])
        )
    for case, found in months.items():
        for (_, _, left, _), (_, counted, _, key) in pairwise(sorted(found)):
            if counted > left and case not in asked:
                report.warn("I5", "decisions_decision", key, "counts a surplus that wasn't left, and nobody was asked")


def check_appeals(connection: Connection, report: Report, chain: Chain) -> None:
    """I5: an appeal is of its decision's case; what late came is dismissed by two; what went to the court is what the
    chain says, file by file, and is packed once."""
    decisions, documents = by_id(connection, "decisions_decision"), by_id(connection, "documents_document")
    appeals = by_id(connection, "decisions_appeal")
    forwarded = {str(event.payload.get("appeal")): event for event in chain.of_kind("appeal forwarded")}
    dismissed = {str(event.payload.get("appeal")) for event in chain.of_kind("appeal dismissed")}
    packed = {str(event.payload.get("appeal")): event for event in chain.of_kind("appeal packed")}
    for key, appeal in appeals.items():
        report.count("appeals")
        decision = decisions.get(appeal["decision_id"])
        if decision is None or decision["case_id"] != appeal["case_id"]:
            report.broken("I5", "decisions_appeal", key, "is against no decision of its case")
        at_court = appeal["state"] in ("forwarded", "judged")
        if at_court != (str(key) in forwarded) or (appeal["state"] == "dismissed") != (str(key) in dismissed):
            report.broken("I5", "decisions_appeal", key, f"is {appeal['state']}, which the chain does not bear out")
        if appeal["state"] == "dismissed" and appeal["ended_by_id"] == appeal["checked_by_id"]:
            report.broken("I5", "decisions_appeal", key, "is dismissed by one person alone")
        if at_court:
            _check_forwarded(report, appeal, forwarded.get(str(key)), documents)
    for key, row in by_id(connection, "decisions_appealfile").items():
        if row["appeal_id"] not in appeals or row["document_id"] not in documents:
            report.broken("I5", "decisions_appealfile", key, "its appeal or its file is gone")
    for key, row in by_id(connection, "decisions_appealpackage").items():
        document, event = documents.get(row["document_id"]), packed.get(str(row["appeal_id"]))
        if document is None or event is None or document["digest"] != event.payload.get("digest"):
            report.broken("I5", "decisions_appealpackage", key, "is not the package that was made")


def check_order_appeals(connection: Connection, report: Report, chain: Chain) -> None:
    """I5: an appeal against a Swiss order is against one that was decided, and says what was last noted of it."""
    orders = by_id(connection, "decisions_order")
    told = {str(event.payload.get("appeal")): event for event in chain.of_kind("order appeal noted")}
    for changed in chain.of_kind("order appeal changed"):
        before = told.get(str(changed.payload.get("appeal")))
        if before is None or changed.seq > before.seq:
            told[str(changed.payload.get("appeal"))] = changed
    ended = {str(event.payload.get("appeal")): event.payload for event in chain.of_kind("order appeal ended")}
    appeals = by_id(connection, "decisions_orderappeal")
    for key, row in appeals.items():
        report.count("appeals against orders")
        order, event, end = orders.get(row["order_id"]), told.get(str(key)), ended.get(str(key))
        if order is None or order["state"] != "decided":
            report.broken("I5", "decisions_orderappeal", key, "is against no order that was decided")
        days = [str(row[name]) if row[name] else None for name in ("came_on", "forwarded_on", "ended_on")]
        now = [str(row["order_id"]), *days[:2], row["suspends"], digest_of(row["why"])]
        said = event and [event.payload.get(n) for n in ("order", "came_on", "forwarded_on", "suspends", "why_digest")]
        if said != now:
            report.broken("I5", "decisions_orderappeal", key, "is not what was noted of it")
        over = end and [end.get(name) for name in ("ended_on", "outcome_digest")]
        if over != ([days[2], digest_of(row["outcome"])] if days[2] else None):
            report.broken("I5", "decisions_orderappeal", key, "its end is not what was noted")
    for gone in sorted(told.keys() - {str(key) for key in appeals}):
        report.broken("I5", "decisions_orderappeal", gone, "was noted and isn't there")


def _check_forwarded(report: Report, appeal: Row, event: Told | None, documents: Mapping[UUID, Row]) -> None:
    if event is None or digest_of(appeal["manifest"]) != event.payload.get("manifest_digest"):
        report.broken("I5", "decisions_appeal", appeal["id"], "its manifest is not what went to the court")
    manifest, written = fields(appeal["manifest"]), fields(appeal["written"])
    for one in listed(manifest.get("files")):
        name = str(one.get("name"))
        if "document" in one:
            document = documents.get(key_in(one["document"]))
            digest = document["digest"] if document else ""
        else:
            digest = hashlib.sha256(str(written.get(name, "")).encode(errors="replace")).hexdigest()
        if digest != one.get("digest"):
            report.broken("I5", "decisions_appeal", appeal["id"], f"file {name[:2]} is not what was listed")


#: The grounds (36 § and 37 § second paragraph förvaltningslagen) on which less may be decided than before.
_TO_DISADVANTAGE = ("36", "37.1", "37.3")


def _check_replaced(report: Report, decisions: Mapping[UUID, Row], lines: Mapping[UUID, list[Row]]) -> None:
    """The decisions taken on a period are one chain: each but the first replaces one taken before it, which nothing
    else replaces, on a ground; less than before only on some of them, and by two people. Their lines do likewise."""
    taken = {key: row for key, row in decisions.items() if row["state"] in ("decided", "served")}
    for period, own in grouped(taken.values(), "period_id").items():
        firsts = [row for row in own if row["replaces_id"] is None]
        if len(firsts) != 1 or len({row["replaces_id"] for row in own}) != len(own):
            report.broken("I5", "casefile_period", period, f"is decided by {len(firsts)} chains of decisions")
            for row in own:
                report.broken("I5", "decisions_decision", row["id"], "is not in one chain with the others")
    for key, decision in decisions.items():
        before = decisions.get(decision["replaces_id"])
        if (decision["replaces_id"] is None) != (decision["ground"] is None):
            report.broken("I5", "decisions_decision", key, "replaces another without a ground, or has one for nothing")
        if decision["replaces_id"] is None or key not in taken:
            continue
        same = ("case_id", "period_id", "currency")
        if before is None or before["id"] not in taken or any(before[n] != decision[n] for n in same):
            report.broken("I5", "decisions_decision", key, "replaces no decision taken on its period")
            continue
        if before["decided_at"] > decision["decided_at"]:
            report.broken("I5", "decisions_decision", key, "replaces a later decision")
        if decision["amount"] < before["amount"] and (
            decision["ground"] not in _TO_DISADVANTAGE or decision["decided_by_id"] == decision["proposed_by_id"]
        ):
            report.broken("I5", "decisions_decision", key, "leaves less than before without a ground, or by one alone")
        wanted = {line["id"] for line in lines.get(before["id"], [])}
        if {line["replaces_id"] for line in lines.get(key, [])} - {None} != wanted:
            report.broken("I6", "decisions_decision", key, "its lines don't replace those of the decision before")
    for key, own in lines.items():
        for line in own:
            if line["replaces_id"] and decisions.get(key, {}).get("replaces_id") is None:
                report.broken("I6", "decisions_decisionline", line["id"], "replaces a line, its decision none")


def _check_released(report: Report, decisions: Mapping[UUID, Row], periods: Mapping[UUID, Row]) -> None:
    """A month released under a budget is of its case, inside the months for which that was decided, and grants exactly
    as much, in full, as the first decision on it."""
    for key, decision in decisions.items():
        if decision["under_id"] is None:
            continue
        budget = decisions.get(decision["under_id"])
        same = ("case_id", "currency", "amount", "outcome", "delegation")
        if (
            budget is None
            or budget["state"] not in ("decided", "served")
            or any(budget[n] != decision[n] for n in same)
        ):
            report.broken("I5", "decisions_decision", key, "isn't what the budget grants under which it was released")
            continue
        here, first = periods[decision["period_id"]], periods[budget["period_id"]]
        until = budget["holds_until"]
        if until is None or here["until"] > until or here["since"] < first["until"] or decision["replaces_id"]:
            report.broken("I5", "decisions_decision", key, "was released for a month for which its budget doesn't hold")


def _check_reductions(
    report: Report,
    orders: Mapping[UUID, Row],
    decisions: Mapping[UUID, Row],
    sheets: Mapping[UUID, Row],
    snapshots: Mapping[UUID, Row],
) -> None:
    """A Swiss month is reduced by what was decided before it on somebody of its case, and by as much; a reduction rests
    on a condition that was decided on the same person."""
    numbered = {row["number"]: row for row in orders.values()}
    for key, row in orders.items():
        report.count("conditions and reductions")
        before = orders.get(row["condition_id"])
        same = before is not None and all(before[name] == row[name] for name in ("case_id", "person_id"))
        if row["kind"] == "reduction" and (before is None or not same or before["state"] != "decided"):
            report.broken("I5", "decisions_order", key, "reduces without a condition that was decided on her")
    for key, decision in decisions.items():
        if decision["state"] not in ("decided", "served"):
            continue
        snapshot = snapshots.get(sheets.get(decision["sheet_id"], {}).get("snapshot_id", NO_KEY), {})
        for one in listed(fields(snapshot.get("facts")).get("sanctions")):
            order = numbered.get(str(one.get("order")), {})
            told = [order.get(name) for name in ("case_id", "percent", "months", "state")]
            said = [decision["case_id"], one.get("percent"), one.get("months"), "decided"]
            late = told == said and order["decided_at"] > decision["decided_at"]
            if told != said or late or str(order["person_id"]) != one.get("person"):
                report.broken("I5", "decisions_decision", key, "reduces by what was not decided")


def _check_taken(report: Report, decision: Row, letters: list[Row], event: Told, texts: Mapping[UUID, Row]) -> None:
    said = [event.payload.get(name) for name in ("amount", "currency", "outcome", "sheet", "decided_by", "ground")]
    here = [decision["amount"], decision["currency"], decision["outcome"]]
    said.append(event.payload.get("replaces"))
    replaces = str(decision["replaces_id"]) if decision["replaces_id"] else None
    decided_by = str(decision["decided_by_id"]) if decision["decided_by_id"] else None
    if decided_by is None and (
        not decision["automated"] or decision["outcome"] != "bifall" or replaces or not event.payload.get("automated")
    ):
        report.broken("I5", "decisions_decision", decision["id"], "was taken by nobody and is no first full grant")
    if said != [*here, str(decision["sheet_id"]), decided_by, decision["ground"], replaces]:
        report.broken("I5", "decisions_decision", decision["id"], f"event {event.id} says something else")
    for letter in letters:
        digests = {digest_of(letter["content"]), letter["content_digest"], str(event.payload.get("letter_digest"))}
        if len(digests) != 1:
            report.broken("I5", "decisions_letter", letter["id"], "is not the letter that was decided")
        text = texts.get(letter["appeal_text_id"])
        if text is None or text["body"] != fields(letter["content"]).get("appeal"):
            report.broken("I5", "decisions_letter", letter["id"], "the text on appeal is gone, or is another one")


# -- I6: the case account ----------------------------------------------------------------------------------------

ACTIVE = ("planned", "blocked", "held", "reserved", "sent", "confirmed", "returned")


def check_account(connection: Connection, report: Report) -> None:
    """Per booking, and so per case and period: decided = booked = set off + paid + planned + blocked; countered when
    its decision is replaced, and only then, so that what stands booked is what the decision in force grants. What was
    paid for it has moved to the bookings that took its place, to the öre. No payment without a decision in force or an
    advance granted, none twice."""
    lines = by_id(connection, "decisions_decisionline")
    decisions = by_id(connection, "decisions_decision")
    bookings, payments = by_id(connection, "payments_booking"), by_id(connection, "payments_payment")
    settlements = _check_moved(report, by_id(connection, "payments_settlement"), bookings)
    replaced = {line["replaces_id"] for line in lines.values() if line["replaces_id"]}
    counters = grouped((b for b in bookings.values() if b["reverses_id"]), "reverses_id")
    of_line = grouped(
        (b for b in bookings.values() if not b["reverses_id"] and b["decision_line_id"]), "decision_line_id"
    )
    of_booking, of_payment = grouped(settlements, "booking_id"), grouped(settlements, "payment_id")
    advances = by_id(connection, "payments_advance")
    of_advance = {row["booking_id"]: row for row in advances.values()}
    of_help = _check_other_help(connection, report, bookings, counters)
    _check_orders(connection, report, payments)
    gone = {key for key, payment in payments.items() if payment["state"] in ("sent", "confirmed")}
    left = {part["booking_id"] for part in settlements if part["payment_id"] in gone}
    set_off = _check_advances(connection, report, advances, bookings, counters, left)
    for key, kept in _check_kept_back(connection, report, bookings, counters, lines, decisions).items():
        set_off[key] += kept
    owed_again = _check_answers(connection, report, bookings, payments)
    _check_recoveries(connection, report, bookings, counters)
    _check_claimed(connection, report, bookings, payments)
    _check_limits(connection, report, decisions)
    standing = [line for key, line in lines.items() if key not in replaced and line["decision_id"] in decisions]
    in_force = {line["period_id"]: decisions[line["decision_id"]] for line in standing}
    _check_paid_back(connection, report, bookings, settlements, payments, in_force)
    for key, line in lines.items():
        decision = decisions.get(line["decision_id"])
        if decision is None or decision["state"] not in ("decided", "served"):
            report.broken("I6", "decisions_decisionline", key, "its decision is not in force")
        booked = of_line.get(key, [])
        if [b["amount"] for b in booked] != ([line["amount"]] if line["amount"] else []):
            report.broken("I6", "decisions_decisionline", key, f"is booked {len(booked)} times, or with another amount")
        for booking in booked:
            if bool(counters.get(booking["id"])) != (key in replaced):
                report.broken("I6", "payments_booking", booking["id"], "is countered, or should be")
    for key, booking in bookings.items():
        report.count("bookings")
        _check_booking(report, booking, bookings, counters.get(key, []), lines, decisions)
        parts = [(part, payments.get(part["payment_id"])) for part in of_booking.get(key, [])]
        live = sum(part["amount"] for part, payment in parts if payment and payment["state"] in ACTIVE)
        rests = booking["decision_line_id"] or key in of_advance or key in owed_again or _is_overpaid(booking)
        rests = rests or key in of_help
        owed = booking["amount"] - set_off.get(key, 0)
        if live != (owed if rests and not booking["reverses_id"] and not counters.get(key) else 0):
            report.broken("I6", "payments_booking", key, f"{live} is paid or planned, {owed} is owed")
    for key, payment in payments.items():
        report.count("payments")
        parts = [(part, bookings.get(part["booking_id"])) for part in of_payment.get(key, [])]
        if sum(part["amount"] for part, _ in parts) != payment["amount"]:
            report.broken("I6", "payments_payment", key, "does not settle bookings of its amount")
        for _, source in parts:
            place = (payment["case_id"], payment["period_id"], payment["currency"])
            if source is None or (source["case_id"], source["period_id"], source["currency"]) != place:
                report.broken("I6", "payments_payment", key, "settles a booking of another case, period or currency")
            elif payment["state"] == "stopped" and not counters.get(source["id"]):
                report.broken("I6", "payments_payment", key, "is stopped, but its booking is not countered")


def _check_orders(connection: Connection, report: Report, payments: Mapping[UUID, Row]) -> None:
    """Nothing that hasn't left goes to a payee who has ended. What was let go to somebody else than an order names
    isn't paid by that order in the same month."""
    orders, payees = by_id(connection, "payments_directpayment"), by_id(connection, "payments_payee")
    for key, payment in payments.items():
        payee = payees.get(orders.get(payment["direct_id"], {}).get("payee_id", NO_KEY), {})
        if payee.get("state") == "ended" and payment["state"] == "planned":
            report.broken("I6", "payments_payment", key, "goes to a payee who has ended")
    for own in grouped(payments.values(), "period_id").values():
        elsewhere = {payment["id"]: texts(payment["redirected_from"]) for payment in own}
        planned_by = {elsewhere[p["id"]][0] if elsewhere[p["id"]] else str(p["direct_id"]) for p in own}
        gone = {
            p["id"]: {*elsewhere[p["id"]][:1], *(set(elsewhere[p["id"]][1:]) - planned_by)} - {str(p["direct_id"])}
            for p in own
        }
        for payment in own:
            for order in map(key_in, elsewhere[payment["id"]]):
                if orders.get(order, {}).get("case_id") != payment["case_id"]:
                    report.broken("I6", "payments_payment", payment["id"], "was let go from an order that isn't there")
            others = [order for key, found in gone.items() if key != payment["id"] for order in found]
            by_order = not elsewhere[payment["id"]] and str(payment["direct_id"]) in others
            if by_order and payment["state"] in ACTIVE and payment["state"] != "returned":
                report.broken("I6", "payments_payment", payment["id"], "pays what was let go to somebody else")


#: States of a payment that waits: its money is still here. A reserved one may have left before a restore.
_WAITING = ("planned", "blocked", "held")


def _is_overpaid(booking: Row) -> bool:
    """Whether it is what has left beyond a decision: nobody owes it."""
    return booking["account_code"] == "felutbetalt" and booking["kind"] == "expense" and not booking["reverses_id"]


def _check_moved(report: Report, settlements: Mapping[UUID, Row], bookings: Mapping[UUID, Row]) -> list[Row]:
    """A settlement that others take the place of is theirs together: the same payment, the same amount, within its
    case and period. Gives those that stand."""
    moved = grouped((row for row in settlements.values() if row["replaces_id"]), "replaces_id")
    for key, rows_ in moved.items():
        first = settlements.get(key)
        if first is None or sum(row["amount"] for row in rows_) != first["amount"]:
            report.broken("I6", "payments_settlement", key, "is not what took its place")
            for row in rows_:
                report.broken("I6", "payments_settlement", row["id"], "is not what it took the place of")
            continue
        for row in rows_:
            ends = [bookings.get(one["booking_id"]) for one in (first, row)]
            places = {(b["case_id"], b["period_id"], b["currency"]) if b else None for b in ends}
            if row["payment_id"] != first["payment_id"] or len(places) != 1 or None in places:
                report.broken("I6", "payments_settlement", row["id"], "is of another payment, case or period")
    return [row for key, row in settlements.items() if key not in moved]


def _check_advances(
    connection: Connection,
    report: Report,
    advances: Mapping[UUID, Row],
    bookings: Mapping[UUID, Row],
    counters: Mapping[UUID, list[Row]],
    left: Set[UUID],
) -> dict[UUID, int]:
    """Every advance is its booking; no more of it is set off than was granted, each time by a booking of its own.
    Where one has `left` (of which bookings money has) and its month's decision doesn't cover it, a person was asked.
    Gives what is set off against each booking."""
    places = ("case_id", "period_id", "amount")
    for key, advance in advances.items():
        report.count("advances")
        booking = bookings.get(advance["booking_id"])
        if booking is None or any(booking[name] != advance[name] for name in places) or booking["kind"] != "expense":
            report.broken("I6", "payments_advance", key, "is not what its booking says")
    against: dict[UUID, int] = defaultdict(int)
    taken: dict[UUID, int] = defaultdict(int)
    for key, row in by_id(connection, "payments_setoff").items():
        counter, booking = bookings.get(row["counter_id"]), bookings.get(row["booking_id"])
        parent = advances.get(row["advance_id"])
        said = (counter or {}).get("kind"), (counter or {}).get("amount"), (counter or {}).get("period_id")
        if booking is None or parent is None or said != ("income", row["amount"], parent["period_id"]):
            report.broken("I6", "payments_setoff", key, "is not what its booking says")
            continue
        if counters.get(row["counter_id"]):
            continue
        against[row["booking_id"]] += row["amount"]
        taken[row["advance_id"]] += row["amount"]
        if taken[row["advance_id"]] > parent["amount"]:
            report.broken("I6", "payments_advance", row["advance_id"], "is set off for more than it is")
    taken_on = {d["period_id"] for d in by_id(connection, "decisions_decision").values() if d["decided_at"]}
    asked = {t["subject_id"] for t in by_id(connection, "tasks_task").values() if t["kind"] == "paid beyond decision"}
    for key, advance in advances.items():
        uncovered = taken[key] < advance["amount"] and advance["period_id"] in taken_on
        if uncovered and advance["booking_id"] in left and advance["case_id"] not in asked:
            report.warn("I6", "payments_advance", key, "is not covered by the decision, and nobody was asked")
    return against


def _check_kept_back(
    connection: Connection,
    report: Report,
    bookings: Mapping[UUID, Row],
    counters: Mapping[UUID, list[Row]],
    lines: Mapping[UUID, Row],
    decisions: Mapping[UUID, Row],
) -> dict[UUID, int]:
    """What a month keeps back is an income of the claim that its instalment was decided for, no more than the sheet
    says, and no longer than what was granted stands. Gives it by the booking that it is taken from."""
    orders, claims = by_id(connection, "decisions_order"), by_id(connection, "payments_recoveryline")
    numbers = {row["id"]: row["number"] for row in by_id(connection, "payments_recovery").values()}
    sheets = by_id(connection, "entitlement_sheet")
    kept: dict[UUID, int] = defaultdict(int)
    for key, row in by_id(connection, "payments_keptback").items():
        report.count("kept back")
        counter, booking = bookings.get(row["counter_id"], {}), bookings.get(row["booking_id"], {})
        order, claim = orders.get(row["order_id"], {}), claims.get(counter.get("recovery_line_id", NO_KEY), {})
        said = [counter.get(name) for name in ("kind", "amount", "case_id", "person_id")]
        wanted = ["income", row["amount"], booking.get("case_id"), order.get("person_id")]
        told = numbers.get(claim.get("recovery_id", NO_KEY)) == order.get("about")
        if said != wanted or not told or (order.get("kind"), order.get("state")) != ("instalment", "decided"):
            report.broken("I6", "payments_keptback", key, "was not decided, or is not what its booking says")
        if bool(counters.get(row["counter_id"])) != bool(counters.get(row["booking_id"])):
            report.broken("I6", "payments_keptback", key, "is kept back of what isn't granted any more")
        if not counters.get(row["counter_id"]):
            kept[row["booking_id"]] += row["amount"]
    for key, amount in kept.items():
        line = lines.get(bookings.get(key, {}).get("decision_line_id", NO_KEY), {})
        sheet = sheets.get(decisions.get(line.get("decision_id", NO_KEY), {}).get("sheet_id", NO_KEY), {})
        if amount > fields(fields(sheet.get("body")).get("totals")).get("RestitutionSum", 0):
            report.broken("I6", "payments_booking", key, "more is kept back of it than its sheet says")
    return kept


def _check_other_help(
    connection: Connection, report: Report, bookings: Mapping[UUID, Row], counters: Mapping[UUID, list[Row]]
) -> set[UUID]:
    """What was granted beside what one has a right to is booked as it was decided, once, and was refused or cut by two
    people. One that replaces another takes the place of its booking, on a ground; with less only on some of them, by
    two. Gives those bookings."""
    letters, helps = by_id(connection, "decisions_personalletter"), by_id(connection, "payments_otherhelp")
    taken = [row for row in helps.values() if row["state"] == "decided"]
    replaced = {row["replaces_id"] for row in taken} - {None}
    if len(replaced) != sum(row["replaces_id"] is not None for row in taken):
        report.broken("I5", "payments_otherhelp", None, "one decision is replaced twice")
    found: set[UUID] = set()
    for key, row in helps.items():
        before = helps.get(row["replaces_id"])
        if (row["replaces_id"] is None) != (row["ground"] is None):
            report.broken("I5", "payments_otherhelp", key, "replaces another without a ground, or has one for nothing")
        place = ("case_id", "period_id", "person_id", "currency")
        if row["replaces_id"] and (before is None or before not in taken or any(before[n] != row[n] for n in place)):
            report.broken("I5", "payments_otherhelp", key, "replaces no decision for the same person and month")
        less = before is not None and row["state"] == "decided" and row["amount"] < before["amount"]
        if less and (row["ground"] not in _TO_DISADVANTAGE or row["decided_by_id"] == row["proposed_by_id"]):
            report.broken("I5", "payments_otherhelp", key, "leaves less than before without a ground, or by one alone")
        if row["booking_id"] and bool(counters.get(row["booking_id"])) != (key in replaced):
            report.broken("I6", "payments_otherhelp", key, "is booked although it is replaced, or the other way round")
        report.count("other help")
        decided, booking = row["state"] == "decided", bookings.get(row["booking_id"])
        if (booking is not None) != (decided and row["amount"] > 0):
            report.broken("I6", "payments_otherhelp", key, "is not booked as it was decided")
        if booking is not None:
            found.add(booking["id"])
            same = ("case_id", "period_id", "person_id", "amount", "currency")
            if any(booking[name] != row[name] for name in same) or booking["kind"] != "expense":
                report.broken("I6", "payments_otherhelp", key, "is not what its booking says")
        letter = letters.get(row["letter_id"])
        told = letter is not None and (letter["case_id"], letter["person_id"]) == (row["case_id"], row["person_id"])
        if decided != told or (letter is not None and fields(letter["content"]).get("amount") != row["amount"]):
            report.broken("I6", "payments_otherhelp", key, "has no letter of its own, or one of another amount")
        if decided and row["amount"] < row["applied"] and row["decided_by_id"] == row["proposed_by_id"]:
            report.broken("I6", "payments_otherhelp", key, "was not refused by two")
    return found


def _check_recoveries(
    connection: Connection, report: Report, bookings: Mapping[UUID, Row], counters: Mapping[UUID, list[Row]]
) -> None:
    """What is claimed back is what two people decided, month by month, less what was given up: one claim stands, and no
    more comes in for it than it is."""
    recoveries, lines = by_id(connection, "payments_recovery"), by_id(connection, "payments_recoveryline")
    waivers = grouped(by_id(connection, "payments_recoverywaiver").values(), "recovery_id")
    letters = by_id(connection, "decisions_personalletter")
    of_line = grouped((b for b in bookings.values() if b["recovery_line_id"]), "recovery_line_id")
    left: dict[UUID, int] = defaultdict(int)
    for key, line in lines.items():
        recovery, booked = recoveries.get(line["recovery_id"]), of_line.get(key, [])
        if recovery is None:
            report.broken("I6", "payments_recoveryline", key, "its claim is gone")
            continue
        place = (recovery["case_id"], line["period_id"], recovery["currency"], recovery["person_id"])
        for booking in booked:
            if (booking["case_id"], booking["period_id"], booking["currency"], booking["person_id"]) != place:
                report.broken(
                    "I6", "payments_booking", booking["id"], "is of another case, month or person than claimed"
                )
        claims = [b for b in booked if b["kind"] == "claim" and not b["reverses_id"]]
        standing = [b for b in claims if not counters.get(b["id"])]
        claimed, stands = max((b["amount"] for b in claims), default=0), sum(b["amount"] for b in standing)
        if claimed != (line["amount"] if recovery["state"] == "decided" else 0) or len(standing) > 1:
            report.broken("I6", "payments_recoveryline", key, "is not booked as it was decided")
        if sum(b["amount"] for b in booked if b["kind"] == "income") > stands:
            report.broken("I6", "payments_recoveryline", key, "is paid for more than is claimed")
        left[line["recovery_id"]] += claimed - stands
    for key, recovery in recoveries.items():
        report.count("claims to pay back")
        letter = letters.get(recovery["letter_id"])
        if recovery["state"] == "decided" and (
            recovery["decided_by_id"] == recovery["proposed_by_id"]
            or letter is None
            or (letter["case_id"], letter["person_id"]) != (recovery["case_id"], recovery["person_id"])
        ):
            report.broken("I6", "payments_recovery", key, "wasn't decided by two, or its letter is another one's")
        if left[key] != sum(row["amount"] for row in waivers.get(key, [])):
            report.broken("I6", "payments_recovery", key, "less is claimed than was given up, or more")
    for key, letter in letters.items():
        if digest_of(letter["content"]) != letter["content_digest"]:
            report.broken("I5", "decisions_personalletter", key, "is not the letter that was decided")


#: States of a payment whose money has left, though it may have come back.
_LEFT = ("sent", "confirmed", "rejected", "returned")


def _check_claimed(
    connection: Connection, report: Report, bookings: Mapping[UUID, Row], payments: Mapping[UUID, Row]
) -> None:
    """Of a month no more is claimed back, on whatever grounds, and came in from authorities in her place, than was ever
    paid for it."""
    recoveries = by_id(connection, "payments_recovery")
    taken: dict[UUID, int] = defaultdict(int)
    for line in by_id(connection, "payments_recoveryline").values():
        recovery = recoveries.get(line["recovery_id"])
        if recovery is not None and recovery["state"] == "decided":
            taken[line["period_id"]] += line["amount"]
    for booking in bookings.values():
        if booking["account_code"] == "avstadd":
            taken[booking["period_id"]] += booking["amount"]
    paid: dict[UUID, int] = defaultdict(int)
    for payment in payments.values():
        if payment["state"] in _LEFT:
            paid[payment["period_id"]] += payment["amount"]
    for period, amount in taken.items():
        if amount > paid[period]:
            words = f"{amount} are claimed or came in, {paid[period]} were paid"
            report.broken("I6", "casefile_period", period, words)


def _check_paid_back(
    connection: Connection,
    report: Report,
    bookings: Mapping[UUID, Row],
    settlements: Iterable[Row],
    payments: Mapping[UUID, Row],
    in_force: Mapping[UUID, Row],
) -> None:
    """What she has paid back of a month, but for what its decision grants on the condition that it is, stands beyond
    that decision, so that what is granted is hers; and nothing else stands beyond it that hasn't left."""
    recoveries, lines = by_id(connection, "payments_recovery"), by_id(connection, "payments_recoveryline")
    back: dict[UUID, int] = defaultdict(int)
    own: dict[UUID, int] = defaultdict(int)
    beyond: dict[UUID, int] = defaultdict(int)
    overpaid: dict[UUID, int] = defaultdict(int)
    advances = {row["booking_id"] for row in by_id(connection, "payments_advance").values()}
    set_offs = {row["counter_id"] for row in by_id(connection, "payments_setoff").values()}
    for key, booking in bookings.items():
        period, reversed_ = booking["period_id"], booking["reverses_id"]
        condition = in_force[period]["repayable"] if period in in_force else ""
        line = lines.get(booking["recovery_line_id"])
        ground = recoveries[line["recovery_id"]]["ground"] if line and line["recovery_id"] in recoveries else ""
        if booking["account_code"] == "avstadd":
            ground = "benefit"
        if booking["kind"] == "income" and ground:
            (own if ground == condition else back)[period] += booking["amount"]
        elif booking["account_code"] == "felutbetalt" and booking["kind"] == "expense":
            overpaid[period] += booking["amount"]
            beyond[period] += booking["amount"]
        elif key in advances or reversed_ in advances:
            beyond[period] += booking["amount"]
        elif key in set_offs or reversed_ in set_offs:
            beyond[period] -= booking["amount"]
    for period, amount in own.items():
        back[period] += max(0, amount - in_force[period]["amount"])
    waits: dict[UUID, int] = defaultdict(int)
    for part in settlements:
        one, payment = bookings.get(part["booking_id"]), payments.get(part["payment_id"])
        if one and _is_overpaid(one) and payment and payment["state"] in _WAITING:
            waits[one["period_id"]] += part["amount"]
    for period, amount in back.items():
        if amount > beyond[period]:
            words = f"{amount} were paid back, {beyond[period]} stand as paid beyond the decision"
            report.broken("I6", "casefile_period", period, words)
    for period, amount in waits.items():
        if overpaid[period] > back[period]:
            words = f"{overpaid[period]} stand as beyond, {back[period]} were paid back, {amount} of it haven't left"
            report.broken("I6", "casefile_period", period, words)


def _check_limits(connection: Connection, report: Report, decisions: Mapping[UUID, Row]) -> None:
    """What was decided by a delegation is within its limit together with what was claimed, or given up, of the same
    months before; a change also by how far it is from what was decided on the month before."""
    most: dict[tuple[str, str], int | None] = {}
    for row in by_id(connection, "tenancy_delegation").values():
        by_what = row["kind"], f"{row['clause']} ({row['source']})"
        known = most.get(by_what, 0)
        most[by_what] = None if row["most"] is None or known is None else max(known, row["most"])

    def above(kind: str, row: Row, amount: int) -> bool:
        limit = most.get((kind, row["delegation"]))
        return limit is not None and amount > limit

    lines = grouped(by_id(connection, "payments_recoveryline").values(), "recovery_id")
    claims = {key: row for key, row in by_id(connection, "payments_recovery").items() if row["state"] == "decided"}
    waivers = by_id(connection, "payments_recoverywaiver")
    of_claim = grouped(waivers.values(), "recovery_id")
    of_month: dict[UUID, set[UUID]] = defaultdict(set)
    for key in claims:
        for line in lines.get(key, []):
            of_month[line["period_id"]].add(key)
    for key, claim in claims.items():
        months = {line["period_id"] for line in lines.get(key, [])}
        alike = {one for month in months for one in of_month[month] if one != key}
        before = [one for one in alike if claims[one]["decided_at"] < claim["decided_at"]]
        amount = sum(line["amount"] for line in lines.get(key, []))
        amount += sum(line["amount"] for one in before for line in lines[one] if line["period_id"] in months)
        if above("recovery", claim, amount):
            report.broken("I6", "payments_recovery", key, "is above the limit of its delegation")
    for key, waiver in waivers.items():
        months = {line["period_id"] for line in lines.get(waiver["recovery_id"], [])}
        alike = {one for month in months for one in of_month[month]}
        given_up = [one for claim in alike for one in of_claim.get(claim, [])]
        amount = waiver["amount"]
        amount += sum(one["amount"] for one in given_up if one["waived_at"] < waiver["waived_at"])
        if above("waiver", waiver, amount):
            report.broken("I6", "payments_recoverywaiver", key, "is above the limit of its delegation")
    taken = [row for row in decisions.values() if row["state"] in ("decided", "served")]
    for month in grouped(taken, "period_id").values():
        for row in month:
            amounts = [one["amount"] for one in month if one["decided_at"] < row["decided_at"]]
            apart = max([row["amount"], *(abs(row["amount"] - amount) for amount in amounts)])
            if row["ground"] not in ("", "new") and above("change", row, apart):
                report.broken("I5", "decisions_decision", row["id"], "is above the limit of its delegation")


_SAID = {"paid": ("confirmed", "returned"), "rejected": ("rejected",), "returned": ("returned",)}
_TOLD_BY = {"confirmed": "paid", "rejected": "rejected", "returned": "returned"}


def _check_answers(
    connection: Connection, report: Report, bookings: Mapping[UUID, Row], payments: Mapping[UUID, Row]
) -> set[UUID]:
    """Every line of the bank's answers is here and has one outcome; a payment is what the applied one says of it; money
    that came back is booked, and owed again. Gives the bookings that are owed again."""
    documents = by_id(connection, "documents_document")
    lines, files = by_id(connection, "payments_bankline"), by_id(connection, "payments_bankfile")
    of_file, of_payment = grouped(lines.values(), "file_id"), grouped(lines.values(), "payment_id")
    returns = grouped(by_id(connection, "payments_return").values(), "payment_id")
    for key, file in files.items():
        report.count("bank files")
        document = documents.get(file["document_id"])
        numbers = sorted(line["number"] for line in of_file.get(key, []))
        if len(numbers) != file["lines"] or numbers != list(range(1, len(numbers) + 1)):
            report.broken("I4", "payments_bankfile", key, f"has {len(numbers)} lines, came with {file['lines']}")
        if document is None or (document["digest"], document["subject_id"]) != (file["digest"], key):
            report.broken("I7", "payments_bankfile", key, "is not the document it names")
    for key, line in lines.items():
        report.count("bank lines")
        payment = payments.get(line["payment_id"])
        if line["file_id"] not in files:
            report.broken("I4", "payments_bankline", key, "its file is gone")
        if line["outcome"] != "applied":
            continue
        if payment is None or payment["reference"] != line["reference"]:
            report.broken("I7", "payments_bankline", key, "is applied to another payment than it names")
        elif payment["state"] not in _SAID.get(line["kind"], ()):
            report.broken("I7", "payments_payment", payment["id"], f"is {payment['state']}, the bank: {line['kind']}")
        elif line["amount"] not in (None, payment["amount"]):
            report.broken("I7", "payments_bankline", key, "tells another amount than its payment")
    for key, payment in payments.items():
        told = [one["kind"] for one in of_payment.get(key, []) if one["outcome"] == "applied"]
        wanted = _TOLD_BY.get(payment["state"])
        if wanted and told.count(wanted) != 1:
            report.broken("I7", "payments_payment", key, f"is {payment['state']}, and the bank said so {told} times")
        if len(returns.get(key, [])) != int(payment["state"] == "returned"):
            report.broken("I7", "payments_payment", key, "came back, and is not booked once")
    return {
        row["again_id"] for found in returns.values() for row in found if _is_return(report, row, bookings, payments)
    }


def _is_return(report: Report, row: Row, bookings: Mapping[UUID, Row], payments: Mapping[UUID, Row]) -> bool:
    payment, found = payments.get(row["payment_id"]), [bookings.get(row[name]) for name in ("booking_id", "again_id")]
    said = [(b["kind"], b["amount"], b["case_id"], b["period_id"]) for b in found if b]
    place = (payment["amount"], payment["case_id"], payment["period_id"]) if payment else ()
    if said != [("income", *place), ("expense", *place)]:
        report.broken("I6", "payments_return", row["id"], "is not what its bookings say")
        return False
    return True


def _check_booking(
    report: Report,
    booking: Row,
    bookings: Mapping[UUID, Row],
    counters: list[Row],
    lines: Mapping[UUID, Row],
    decisions: Mapping[UUID, Row],
) -> None:
    key = booking["id"]
    if booking["reverses_id"]:
        first = bookings.get(booking["reverses_id"])
        same = ("case_id", "period_id", "kind", "account_code", "currency", "decision_line_id", "recovery_line_id")
        if first is None or any(first[name] != booking[name] for name in same) or first["amount"] != -booking["amount"]:
            report.broken("I6", "payments_booking", key, "does not counter the booking it names")
    if len(counters) > 1:
        report.broken("I6", "payments_booking", key, f"is countered {len(counters)} times")
    if booking["decision_line_id"]:
        line = lines.get(booking["decision_line_id"])
        decision = decisions.get(line["decision_id"]) if line else None
        if line is None or decision is None:
            report.broken("I6", "payments_booking", key, "its decision line is gone")
        elif (decision["case_id"], line["period_id"], decision["currency"]) != (
            booking["case_id"],
            booking["period_id"],
            booking["currency"],
        ):
            report.broken("I6", "payments_booking", key, "is of another case, period or currency than its decision")
    elif not booking["source"]:
        report.broken("I6", "payments_booking", key, "cites no source")


# -- I7: runs and their files ------------------------------------------------------------------------------------


def check_runs(connection: Connection, report: Report, chain: Chain) -> None:
    """Total of the run = sum of its payments = what its file says of itself; the file's digest is its document's."""
    documents = by_id(connection, "documents_document")
    files = grouped(by_id(connection, "payments_runfile").values(), "run_id")
    payments = grouped((p for p in by_id(connection, "payments_payment").values() if p["run_id"]), "run_id")
    written = grouped(({"run": e.subject, "said": e.payload} for e in chain.of_kind("run file written")), "run")
    runs = by_id(connection, "payments_run")
    for key, run in runs.items():
        report.count("runs")
        own = payments.get(key, [])
        if (len(own), sum(p["amount"] for p in own)) != (run["payments"], run["total"]):
            report.broken("I7", "payments_run", key, "its payments do not add up to it")
        if any(p["currency"] != run["currency"] for p in own):
            report.broken("I7", "payments_run", key, "mixes currencies")
        left = run["state"] == "sent"
        for payment in own:
            if (payment["state"] == "reserved") == left:
                report.broken(
                    "I7", "payments_payment", payment["id"], f"is {payment['state']} in a run that is {run['state']}"
                )
        if len(files.get(key, [])) != int(left):
            report.broken("I7", "payments_run", key, f"is {run['state']} and has {len(files.get(key, []))} files")
        for file in files.get(key, []):
            document = documents.get(file["document_id"])
            if (file["payments"], file["total"]) != (run["payments"], run["total"]):
                report.broken("I7", "payments_runfile", file["id"], "states another sum or number than its run")
            if document is None or document["digest"] != file["digest"] or document["subject_id"] != key:
                report.broken("I7", "payments_runfile", file["id"], "is not the document it names")
            for event in written.get(key, []):
                said = (event["said"].get("digest"), event["said"].get("payments"), event["said"].get("total"))
                if said != (file["digest"], file["payments"], file["total"]):
                    report.broken("I7", "payments_runfile", file["id"], "the chain says something else of it")
    for run_id, strays in files.items():
        if run_id not in runs:
            for file in strays:
                report.broken("I7", "payments_runfile", file["id"], "its run is gone")


#: Events by which somebody lets a payment go, or has given another account.
_LET_GO = ("payment unblocked", "payment resumed", "payment redirected", "account followed")


def check_looked_at(connection: Connection, report: Report, chain: Chain) -> None:
    """Nothing more is planned to an account that the bank refused, before somebody has looked at it."""
    told = [event.payload for kind in _LET_GO for event in chain.of_kind(kind)]
    let_go = {key for said in told for key in [str(said.get("payment")), *texts(said.get("payments"))]}
    places: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for _, payment in sorted(by_id(connection, "payments_payment").items()):
        posted = payment["post_to"] if payment["account_kind"] == "slip" else None
        account = (payment["account_kind"], payment["clearing"], payment["account_number"])
        places[str(payment["case_id"]), *account, str(posted)].append(payment)
    for own in places.values():
        waits, before = False, None
        for payment in own:
            refused = payment["blocked_reason"].partition(": ")[0] in ("rejected", "returned")
            stopped = before is not None and before["state"] == "stopped" and before["refused"]
            going = payment["state"] in ("planned", "reserved") and str(payment["id"]) not in let_go
            if going and (waits or stopped):
                report.broken("I7", "payments_payment", payment["id"], "goes to an account that the bank refused")
            waits = waits or (refused and payment["state"] == "blocked")
            before = {**payment, "refused": refused}


def check_postings(connection: Connection, report: Report) -> None:
    """I7: a fixed day of the ledger holds everything that was booked, sent and refused on it."""
    for row in rows(connection, _POSTINGS):
        report.count("posting days")
        if (row["entries"], row["total"]) != (row["found"], row["sum"]):
            report.broken("I7", "payments_postingday", row["id"], f"fixed {row['total']}, there is {row['sum']}")


_POSTINGS = """
SELECT d.id, d.entries, d.total, x.found, x.sum
FROM payments_postingday d JOIN tenancy_organisation o ON o.id = d.tenant_id
LEFT JOIN LATERAL (
    SELECT count(*) AS found, coalesce(sum(abs(amount)), 0) AS sum FROM (
        SELECT b.amount FROM payments_booking b WHERE (b.booked_at AT TIME ZONE o.zone)::date = d.day
        UNION ALL
        SELECT p.amount FROM payments_payment p JOIN payments_runfile f ON f.run_id = p.run_id
        WHERE (f.written_at AT TIME ZONE o.zone)::date = d.day
        UNION ALL
        SELECT p.amount FROM payments_bankline l JOIN payments_bankfile f ON f.id = l.file_id
        JOIN payments_payment p ON p.id = l.payment_id
        WHERE l.outcome = 'applied' AND l.kind = 'rejected' AND (f.received_at AT TIME ZONE o.zone)::date = d.day
    ) moved) x ON true
"""


# -- I4, I11 -----------------------------------------------------------------------------------------------------


def check_outbox(connection: Connection, report: Report, now: datetime) -> None:
    """I4: every notice has ended, or is younger than its limit; a printed one stands in one batch, by its manifest."""
    _check_print_batches(connection, report)
    for row in rows(connection, "SELECT id, state, created_at, ended_at FROM tasks_notice"):
        report.count("notices")
        if row["state"] == "waiting":
            if now - row["created_at"] > OUTBOX_LIMIT:
                report.broken("I4", "tasks_notice", row["id"], f"has waited since {row['created_at']:%Y-%m-%d %H:%M}")
        elif row["ended_at"] is None:
            report.broken("I4", "tasks_notice", row["id"], f"is {row['state']} without a moment")


def _check_print_batches(connection: Connection, report: Report) -> None:
    documents = by_id(connection, "documents_document")
    printed: list[str] = []
    for key, batch in by_id(connection, "tasks_printbatch").items():
        report.count("print batches")
        manifest = fields(batch["manifest"])
        pages = [str(page.get("notice")) for page in listed(manifest.get("pages"))]
        printed += pages
        document, listing = documents.get(batch["document_id"]), documents.get(batch["listing_id"])
        if document is None or document["digest"] != fields(manifest.get("pdf")).get("digest"):
            report.broken("I4", "tasks_printbatch", key, "its file is not what its manifest says")
        if listing is None or digest_of(batch["manifest"]) != listing["digest"] or len(pages) != batch["notices"]:
            report.broken("I4", "tasks_printbatch", key, "its manifest is not the one that was kept")
    for row in rows(connection, "SELECT id, state FROM tasks_notice WHERE channel = 'print' AND state <> 'parked'"):
        if printed.count(str(row["id"])) != int(row["state"] == "sent"):
            report.broken("I4", "tasks_notice", row["id"], f"is {row['state']}, and not in one print batch")


def check_hand_overs(connection: Connection, report: Report, chain: Chain, now: datetime) -> None:
    """I4: every application of a case that another system works is handed over once, has arrived, waits for a person,
    or is younger than the limit; what arrived is called what the chain says. What was answered has its digest."""
    elsewhere = {key for key, case in by_id(connection, "casefile_case").items() if case["worked_in"] is not None}
    over = by_id(connection, "elsewhere_handover")
    foreign = by_id(connection, "elsewhere_foreigncase")
    ended = {str(e.payload.get("application")): e.payload for e in chain.of_kind("hand-over tried")}
    for key, row in by_id(connection, "intake_application").items():
        if (row["case_id"] in elsewhere) != (key in over):
            report.broken("I4", "intake_application", key, f"is handed over: {key in over}, which its case denies")
    for key, row in over.items():
        report.count("hand-overs")
        said = ended.get(str(key), {})
        if row["state"] == "waiting" and now - row["created_at"] > 2 * OUTBOX_LIMIT:
            report.broken("I4", "elsewhere_handover", key, f"has waited since {row['created_at']:%Y-%m-%d %H:%M}")
        if row["state"] == "delivered" and said.get("reference") != row["reference"]:
            report.broken("I4", "elsewhere_handover", key, "was delivered as the chain doesn't say")
    for key in elsewhere - set(foreign):
        report.broken("I4", "casefile_case", key, "is worked elsewhere under no number")
    for key, answer in by_id(connection, "elsewhere_answer").items():
        if digest_of(answer["said"]) != answer["digest"]:
            report.broken("I4", "elsewhere_answer", key, "is not what was answered")


_JOBS = """
SELECT j.id, j.task_name, j.status::text AS status, max(e.at) AS at
FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id
WHERE j.status::text IN ('todo', 'doing') OR (j.status::text = 'failed' AND NOT EXISTS (
    SELECT FROM procrastinate_jobs n WHERE n.id > j.id AND n.status::text = 'succeeded' AND (
        (n.task_name, n.args) = (j.task_name, j.args) OR n.queueing_lock = j.queueing_lock
        OR (j.task_name, n.task_name) IN (('handslag:hand_over_message', 'handslag:exchange_messages'),
                                          ('handslag:deliver_application', 'handslag:deliver_applications'))
        AND (SELECT max(at) FROM procrastinate_events WHERE job_id = n.id)
            > (SELECT max(at) FROM procrastinate_events WHERE job_id = j.id))))
GROUP BY j.id
"""


def check_jobs(connection: Connection, report: Report, now: datetime) -> None:
    """I4: no job has failed for good (unless a later one did its work: the same task for the same ids, one with its
    queueing lock, or the round that does what its kind left undone), none waits or runs beyond the limit."""
    for row in rows(connection, _JOBS):
        report.count("open jobs")
        if row["status"] == "failed":
            report.broken("I4", "procrastinate_jobs", row["id"], f"{row['task_name']} has failed")
        elif row["at"] is not None and now - row["at"] > OUTBOX_LIMIT:
            report.broken("I4", "procrastinate_jobs", row["id"], f"{row['task_name']} is {row['status']} for too long")


def check_periods(connection: Connection, report: Report) -> None:
    """What a period carries for the routing of entries follows from its applications and decisions."""
    for row in rows(connection, _PERIODS):
        if row["last_application_at"] != row["applied_at"]:
            report.broken("I1", "casefile_period", row["id"], "does not carry its last application")
        if (row["last_decision_on"], row["result"] or None) != (row["decided_on"], row["outcome"]):
            report.broken("I5", "casefile_period", row["id"], "does not carry its last decision")


_PERIODS = """
SELECT p.id, p.last_application_at, p.last_decision_on, p.result, a.applied_at, d.decided_on, d.outcome
FROM casefile_period p JOIN tenancy_organisation o ON o.id = p.tenant_id
LEFT JOIN LATERAL (
    SELECT max(a.received_at) AS applied_at FROM intake_applicationperiod l
    JOIN intake_application a ON a.id = l.application_id WHERE l.period_id = p.id
    AND NOT EXISTS (SELECT 1 FROM intake_application n WHERE n.corrects_id = a.id)
    AND NOT EXISTS (SELECT 1 FROM intake_withdrawal w WHERE w.application_id = a.id AND w.whole)) a ON true
LEFT JOIN LATERAL (
    SELECT d.outcome, (d.decided_at AT TIME ZONE o.zone)::date AS decided_on FROM decisions_decision d
    WHERE d.period_id = p.id AND d.state IN ('decided', 'served') AND NOT EXISTS (
        SELECT FROM decisions_decision n WHERE n.replaces_id = d.id AND n.state IN ('decided', 'served'))
    ORDER BY d.decided_at DESC, d.id DESC LIMIT 1) d ON true
"""


#: What every registration has, and log-ins.
REGISTRATION = ("people_identifier", "people_nametoken", "people_address", "people_account", "people_citizenlogin")
#: What of a record that leads to another would go on by it, or is in no case of its own, by table: no such row may be
#: there as long as it leads on. What may be there whatever it says is OVER; of any other table, nothing.
GOES_ON = {
    "casefile_case": "state = 'open'",
    "decisions_appeal": "state IN ('received', 'timely', 'late')",
    "decisions_order": "(state = 'proposed' OR state = 'decided' AND ended_on IS NULL)",
    "intake_signingrequest": "state = 'open' AND draft_id IN (SELECT id FROM intake_draft WHERE state = 'signing')",
    "payments_otherhelp": "state = 'proposed'",
    "payments_recovery": "state IN ('proposed', 'decided')",
    "people_accountchange": "state = 'asked'",
    "people_membership": "until IS NULL",
    "people_representation": "ended_at IS NULL AND until IS NULL",
    **dict.fromkeys(
        ("casefile_message", "decisions_hearing", "decisions_personalletter", "payments_booking", "payments_payment"),
        "NOT EXISTS (SELECT FROM casefile_case c "
        "WHERE c.id = case_id AND {column} IN (c.applicant_id, c.co_applicant_id))",
    ),
}
OVER = (
    "decisions_decisionline",
    "entitlement_personmonth",
    "intake_attachment",
    "intake_draft",
    "intake_evidencerequest",
    "intake_signature",
    "intake_withdrawal",
    "lookups_dispute",
    "lookups_fetchedline",
    "lookups_lookup",
    "statistics_obstacle",
    "statistics_origin",
    "tasks_notice",
)


def check_merges(connection: Connection, report: Report, chain: Chain) -> None:
    """I11: two members of staff merged two records, as the chains of both say; a record leads to one other, which leads
    to none; and nothing goes on by a record that leads to another, so that nothing is granted by both."""
    merges = by_id(connection, "people_merge")
    living = {key: row for key, row in merges.items() if row["ended_at"] is None}
    held = {key: row for key, row in living.items() if row["confirmed_at"] is not None}
    told: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for kind in ("merge proposed", "records merged", "merge taken back", "merge undone"):
        for event in chain.of_kind(kind):
            told[kind, str(event.payload.get("merge"))].append(event)
    for key, row in merges.items():
        report.count("merges")
        confirmed, ended = row["confirmed_at"] is not None, row["ended_at"] is not None
        if confirmed and row["confirmed_by_id"] in (None, row["proposed_by_id"]):
            report.broken("I11", "people_merge", key, "was not confirmed by a second person")
        last = "merge undone" if confirmed else "merge taken back"
        wanted = {"merge proposed": 1, "records merged": confirmed, last: ended}
        for kind in ("merge proposed", "records merged", "merge taken back", "merge undone"):
            subjects = sorted(str(event.subject) for event in told.pop((kind, str(key)), []))
            both = sorted(str(row[side]) for side in ("gone_id", "kept_id")) if wanted.get(kind) else []
            if subjects != both:
                report.broken("I11", "people_merge", key, f"the chains of {both} should say once: {kind}")
    for kind, missing in told:
        report.broken("I11", "people_merge", missing, f"the chain says {kind} of a merge that isn't there")
    left = [row["gone_id"] for row in living.values()]
    for key, row in living.items():
        if left.count(row["gone_id"]) > 1 or row["kept_id"] in left:
            report.broken("I11", "people_merge", key, "its record leads to two, or on to a third")
    people = by_id(connection, "people_person") if held else {}
    for key, row in held.items():
        both = [people[row[side]]["protection_level"] for side in ("gone_id", "kept_id") if row[side] in people]
        if both != sorted(both, reverse=True):
            report.broken("I11", "people_merge", key, "its record is less protected than the one that it leads to")
    gone = {row["gone_id"]: key for key, row in held.items()}
    for named in keys_within_tenants(connection):
        if not gone or named.parent != "people_person" or named.table in ("people_merge", *REGISTRATION, *OVER):
            continue
        query = sql.SQL("SELECT {column} AS gone FROM {table} WHERE {column} = ANY(%s) AND ({goes_on})").format(
            column=sql.Identifier(named.column),
            table=sql.Identifier(named.table),
            goes_on=sql.SQL(GOES_ON.get(named.table, "true")).format(column=sql.Identifier(named.table, named.column)),
        )
        for row in connection.execute(query, [list(gone)]):
            merge = gone[row["gone"]]
            report.broken(
                "I11",
                "people_merge",
                merge,
                f"{named.table} has rows by which the record that leads to another goes on",
            )


def check_parents(connection: Connection, report: Report) -> None:
    """I11: every reference within the tenant finds its row in the same tenant."""
    for key in keys_within_tenants(connection):
        query = sql.SQL(
            "SELECT c.id, c.{column} AS parent FROM {table} c LEFT JOIN {parent} p "
            "ON p.tenant_id = c.tenant_id AND p.id = c.{column} WHERE c.{column} IS NOT NULL AND p.id IS NULL"
        ).format(column=sql.Identifier(key.column), table=sql.Identifier(key.table), parent=sql.Identifier(key.parent))
        for row in connection.execute(query):
            report.broken(
                "I11", key.table, row["id"], f"{key.column} {row['parent']} is no {key.parent} of its organisation"
            )


def accounts_of(connection: Connection) -> set[UUID]:
    """Who may hold a session here: active members of staff, and people's log-ins."""
    found = rows(
        connection,
        "SELECT user_id AS id FROM tenancy_staffmember WHERE active UNION SELECT id FROM people_citizenlogin",
    )
    return {row["id"] for row in found}


def check_sessions(connection: Connection, report: Report, accounts: set[UUID], now: datetime) -> None:
    """I11: no session outlives the right to it. `accounts`: those of all tenants together."""
    active = {row["id"]: row["is_active"] for row in rows(connection, "SELECT id, is_active FROM tenancy_staffuser")}
    for row in rows(connection, "SELECT account, expire_date FROM tenancy_session WHERE account IS NOT NULL"):
        report.count("sessions")
        if row["expire_date"] > now and (row["account"] not in accounts or active.get(row["account"]) is False):
            report.broken("I11", "tenancy_session", row["account"], "a session of an account that has no right to it")
