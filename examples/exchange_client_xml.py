"""Messages with a canton in the frame of eCH: asks it in XML, reminds it, reads its answer in XML, prints what came.

Beside exchange_client.py, which seals and carries; python exchange_client_xml.py http://127.0.0.1:8470
(./dev sandbox --as canton listens there)
"""

import json
import re
import sys
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from exchange_client import Partner, canonical, digest, shown

#: Elements and their fields in JSON, where these aren't the same in small letters with `_`.
NAMES = {
    "senderId": "sender", "recipientId": "recipient", "messageId": "id", "referenceMessageId": "reference",
    "businessProcessId": "process", "ourBusinessReferenceId": "our_case", "sendingApplication": "software",
    "productVersion": "version", "messageDate": "sent_at", "testDeliveryFlag": "test", "businessCaseClosed": "closed",
    "personIdCategory": "identifier_type", "personId": "identifier", "firstName": "given_name",
    "officialName": "family_name", "yearMonthDay": "birth_on", "answer": "answers", "point": "points", "item": "items",
    "document": "documents", "assigned": "persons", "concerned": "persons", "supported": "persons", "part": "parts",
    "posting": "postings", "difference": "differences", "claimLine": "lines", "finding": "findings",
    "lineDecision": "decisions", "stretch": "accepted", "lineQuestion": "questions",
    "withdrawn": "withdrawn", "settlement": "settlements",
    "reclaimLine": "lines", "span": "days",
}  # fmt: skip
#: What there may be several of.
NUMBERED = ("answer", "point", "item", "document", "assigned", "concerned", "supported", "part", "posting",
            "difference", "claimLine", "finding", "withdrawn", "lineDecision", "stretch", "lineQuestion",
            "settlement", "reclaimLine", "span")
FLAGS = ("closed", "testDeliveryFlag", "responseExpected", "businessCaseClosed", "marked", "quotaCredit",
         "cohabitation", "staying", "urgent", "byRules")
WHOLE = ("number", "size", "amount", "claimed", "cut", "expired", "accepted", "netted", "paid", "heads", "need",
         "income", "piece", "pieces", "count", "total", "withdrawn", "days", "rate", "acceptedTotal",
         "cutTotal", "ofLine", "unitPrice", "quantity", "percent", "otherPays", "gross", "whole",
         "common", "balance", "restitution", "openCosts", "turn")
EMPTY = {"address": ("postcode", "city"), "contact": ("email", "telephone", "language"), "answer": ("text", "reason"),
         "assigned": ("special_needs",), "assignment answer": ("accommodation", "reason"),
         "mutation answer": ("reason",), "case_notification answer": ("reason",),
         "case_change answer": ("reason",), "payment_advice answer": ("reason",),
         "cost_approval answer": ("text", "approval", "reason"),
         "document_request answer": (), "reconciliation answer": ()}  # fmt: skip


def value(element, kind):
    """What an element says, in JSON."""
    name = element.tag.split("}")[1]
    empty = EMPTY.get(f"{kind} {name}", EMPTY.get(name, ()))
    if not len(element) and not empty:
        text = element.text or ""
        return text in ("true", "1") if name in FLAGS else int(text) if name in WHOLE else text
    said = dict.fromkeys(empty, "")
    for one in element:
        space, below = one.tag[1:].split("}")
        if below in ("messageType", "vn", "more", "seal") or not re.match("urn:handslag:|http://www.ech.ch/", space):
            continue
        if below in ("localPersonId", "dateOfBirth"):
            said |= value(one, kind)
        elif below in NUMBERED or (name, below) == ("address", "line"):
            said.setdefault(NAMES.get(below, "lines"), []).append(value(one, kind))
        else:
            if below in ("senderId", "recipientId"):  # a URI can't hold the line of canton_office
                one.text = re.sub("^(canton|integration)office:", r"\1_office:", one.text)
            small = re.sub("[A-Z]", lambda found: "_" + found[0].lower(), below)
            said[NAMES.get(below, small)] = value(one, kind)
    return said


def read(plain):
    """The sealed text that a message in XML is the frame of."""
    assert b"<!DOCTYPE" not in plain
    root = ElementTree.fromstring(plain)
    space, kind = root.tag[1:].split("}")
    told = {"message": kind, "version": int(space.rpartition(":")[2]), **value(root, kind)}
    for one in json.loads(root.findtext(f"{{{space}}}more", "[]")):
        place = told
        for step in one["at"][:-1]:
            place = place[step]
        if "is" in one:
            place[one["at"][-1]] = one["is"]
        else:
            del place[one["at"][-1]]
    payload = urlsafe_b64encode(canonical(told)).rstrip(b"=").decode()
    return root.findtext(f"{{{space}}}seal").replace("..", f".{payload}.")


HEADER = """<h:senderId>{sender}</h:senderId><h:recipientId>{recipient}</h:recipientId><h:messageId>{id}</h:messageId>
{about}<h:businessProcessId>{process}</h:businessProcessId><h:messageType>urn:handslag:message:{kind}:1</h:messageType>
<h:sendingApplication><h:manufacturer>Example</h:manufacturer><h:product>Client</h:product>
<h:productVersion>1</h:productVersion></h:sendingApplication><h:messageDate>{sent_at}</h:messageDate>
<h:action>{action}</h:action><h:testDeliveryFlag>true</h:testDeliveryFlag>
<h:responseExpected>{expected}</h:responseExpected><h:businessCaseClosed>false</h:businessCaseClosed>"""
ASKED = """<asked><person><p:vn>{vn}</p:vn><p:localPersonId><p:personIdCategory>ahvn13</p:personIdCategory>
<p:personId>{identifier}</p:personId></p:localPersonId><p:officialName>{family_name}</p:officialName>
<p:firstName>{given_name}</p:firstName></person><ground>{ground}</ground><answerBy>{answer_by}</answerBy>
<text>{text}</text><point><number>1</number></point></asked>"""


def write(message, sealed):
    """A message of ours as XML: a question about a person as such, a reminder or a receipt."""
    kind, header = message["message"], {name: escape(str(text)) for name, text in message["header"].items()}
    header |= {name: header[name].replace("_office:", "office:") for name in ("sender", "recipient")}
    of = header.get("reference")
    about = f"<h:referenceMessageId>{of}</h:referenceMessageId>" if of else ""
    told = HEADER.format(**header, about=about, kind=kind, expected=header["response_expected"].lower())
    if "asked" in message:
        asked = {**message["asked"], **message["asked"]["person"]}
        words = {name: escape(text) for name, text in asked.items() if isinstance(text, str)}
        body = ASKED.format(**words, vn=asked["identifier"].replace(".", ""))
    elif "report" in message:
        body = "".join(f"<{name}>{text}</{name}>" for name, text in message["report"].items())
        body = f"<report>{body}</report>"
    else:
        body = f"<text>{escape(message['text'])}</text>"
    head, _payload, signature = sealed.split(".")
    xml = (
        f'<{kind} xmlns="urn:handslag:message:{kind}:1" xmlns:h="http://www.ech.ch/xmlns/eCH-0058/5"'
        f' xmlns:p="http://www.ech.ch/xmlns/eCH-0044/4"><h:header>{told}</h:header>{body}'
        f"<seal>{head}..{signature}</seal></{kind}>"
    )
    assert read(xml.encode()) == sealed, "what we write reads back as what we signed"
    return xml


def main():
    us = Partner(sys.argv[1], "municipality:example:0042")
    person = {"identifier_type": "ahvn13", "identifier": "756.9217.0769.85", "given_name": "Lena",
              "family_name": "Beispiel"}  # fmt: skip
    asked = us.message("question", "5", f"example:{uuid.uuid4()}", asked={
        "person": person, "ground": "Einwilligung im Gespräch", "text": "Bezahlen Sie ihre Miete? Bitte warten.",
        "answer_by": (datetime.now(UTC).date() + timedelta(days=14)).isoformat(), "points": [{"number": 1}],
    })  # fmt: skip
    about = {"reference": asked["header"]["id"]}
    reminder = us.message("question", "12", asked["header"]["process"], about, text="Wir brauchen sie noch.")
    mine = {digest(canonical(asked)), digest(canonical(reminder))}
    for message in (asked, reminder):
        us.give(message, write)
        for told, _its in us.collect(read, write):
            shown(told, mine)


if __name__ == "__main__":
    main()
