"""Comparison with the official schemas: `./dev conformance [DIR]`.

The schemas are not part of the product; the folder that holds them is DIR or HANDSLAG_CONFORMANCE. A schema
that an installed library carries is always at hand. The documents compared are the fixtures that the tests
compare with byte for byte, so that a passed comparison holds for what the product writes.
The result is written to docs/evidence/conformance.json with the digest of each schema and document.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One schema and the documents that must be valid by it.

    `package`: the installed package that carries the schema, else '' for the folder of the schemas.
    `schema`: path inside the package or folder. `documents`: glob in the repository; none found is a finding.
    `element`: the part of each document that is compared, as {namespace}name; else all of it.
    """

    name: str
    package: str
    schema: str
    documents: str
    element: str = ""


COMPARISONS = (
    Comparison(
        name="header of question, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/question/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of case_transfer, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/case_transfer/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of document_request, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/document_request/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of assignment, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/assignment/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of mutation, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/mutation/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of case_notification, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/case_notification/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of case_change, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/case_change/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of cost_approval, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/cost_approval/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of approval_change, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/approval_change/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of provider_bill, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/provider_bill/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of payment_advice, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/payment_advice/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of reclaim, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/reclaim/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of reconciliation, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/reconciliation/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of settlement, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/settlement/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="header of receipt, by eCH-0058 version 5",
        package="",
        schema="ech/eCH-0058-5-0.xsd",
        documents="src/handslag/messages/receipt/examples/xml/*.xml",
        element="{http://www.ech.ch/xmlns/eCH-0058/5}header",
    ),
    Comparison(
        name="envelope for sedex, by eCH-0090 version 1",
        package="",
        schema="sedex/eCH-0090-1-0.xsd",
        documents="src/handslag/connectors/exchange/sedex/examples/envl_*.xml",
    ),
    Comparison(
        name="receipt of sedex, as the tests read it, by eCH-0090 version 2",
        package="",
        schema="sedex/eCH-0090-2-0.xsd",
        documents="src/handslag/connectors/exchange/sedex/examples/receipt_*.xml",
    ),
    Comparison(
        name="pain.001.001.09, Swedish profile, by ISO 20022",
        package="sepaxml",
        schema="schemas/pain.001.001.09.xsd",
        documents="tests/connectors/bank/pain001_se*.xml",
    ),
    Comparison(
        name="pain.001.001.09, Swiss profile, by the schema of the Swiss Payment Standards",
        package="",
        schema="iso20022/pain.001.001.09.ch.03.xsd",
        documents="tests/connectors/bank/pain001_ch*.xml",
    ),
    *(
        Comparison(
            name=f"{message}, as the tests read it, by ISO 20022",
            package="",
            schema=f"iso20022/{message}.xsd",
            documents=f"tests/connectors/bank/{message.replace('.', '')[:7]}.xml",
        )
        for message in ("pain.002.001.03", "camt.053.001.08", "camt.054.001.08")
    ),
)
