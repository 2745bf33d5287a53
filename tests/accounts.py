"""The quarter of a municipality as entries of its account, for tests."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any
from uuid import uuid4

from handslag.domain.accounts.operations import NewEntry, NewPaidTo, Source, post, tell_account
from handslag.domain.accounts.queries import account_of
from handslag.domain.accounts.states import Move, Rests, Side
from handslag.domain.exchange.models import Message
from handslag.domain.tenancy.door import acting
from handslag.messages.reconciliation.build import asking
from tests.canton import Canton

Q2, Q3, Q4 = date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)
MUSTERWIL = "municipality:bfs:musterwil"


def source(rests_on: Rests, reference: str) -> Source:
    return Source(rests_on=rests_on, reference=reference, content=sha256(reference.encode()).hexdigest())


def entry(move: Move, amount: int, line: str = "1", **more: Any) -> NewEntry:
    told = {"currency": "CHF", "regime": "asylum", "since": Q3, "until": Q4, **more}
    return NewEntry(move=move, amount=amount, cites=source(Rests.LINE, f"S/{line}"), **told)


#: The quarter of the municipality that everybody calculates with: claimed 8,968.97, B cut by 576.00.
CLAIMED = [
    entry(Move.CLAIMED, 1_800_00, "A"), entry(Move.CLAIMED, 3_312_00, "B"), entry(Move.CLAIMED, 2_232_00, "C"),
    entry(Move.CLAIMED, 184_30, "C health"), entry(Move.CLAIMED, -1_836_00, "F", since=Q2, until=Q3),
    *(entry(Move.CLAIMED, amount, line, regime="section 44") for line, amount in
      (("D", 5_094_00), ("D earlier", -3_600_00), ("E", 1_782_67))),
]  # fmt: skip
DECIDED = [
    entry(Move.CUT, 576_00, "B"),
    *(NewEntry(**{**vars(one), "move": Move.ACCEPTED, "amount": one.amount - (576_00 if "B" in one.cites.reference else
      0)}) for one in CLAIMED),
]  # fmt: skip

#: Where it is paid: an example of a Swiss account, and of one for QR references.
BANK = NewPaidTo(
    holder="Gemeinde Musterwil", street="Dorfstrasse", house_number="1", postcode="8999", town="Musterwil",
    country="CH", iban="CH93 0076 2011 6238 5295 7", qr_iban="CH44 3199 9123 0008 8901 2", contact_name="Finanzen",
    contact_email="finanzen@musterwil.example", contact_phone="044 000 00 00",
)  # fmt: skip


def both_post(both: Canton, *at: str, of: Source, entries: list[NewEntry]) -> None:
    """The canton, the municipality or both post it on their account of the other."""
    here, there = both.side, both.places[0]
    for side, partner, own in ((here, there, Side.PAYER), (there, here, Side.CLAIMANT)):
        if not at or own.value in at:
            post(**both.pair.act(side), partner=partner.address, side=own, source=of, entries=entries)


def compared(both: Canton, asker: Any, partner: Any, own: Side) -> Message:
    """Rut tells the partner her account; all that follows has arrived."""
    with acting(asker.office.slug, asker.office.staff["rut"], "tell"):
        account = account_of(partner.address, own)
        assert account is not None
        unit = asker.office.units["Försörjningsstöd"]
        new = asking(key=uuid4(), account=account, unit=unit)
        row = tell_account(**both.pair.act(asker, "rut"), account=account.id, new=new)
    both.settle()
    (found,) = asker.rows(Message, id=row.id)
    assert isinstance(found, Message)
    return found


#: The payer's own account.
TO = "CH5604835012345678009"


def notice(number: int, amount: str, side: str = "DBIT", reference: str = "", about: str = "", **more: str) -> bytes:
    """A camt.054 with one line; `own`: the account that it is about, `code`: why money came back."""
    why = f"<RtrInf><Rsn><Cd>{more['code']}</Cd></Rsn></RtrInf>" if "code" in more else ""
    return (
        f"<Document><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{number}</MsgId></GrpHdr><Ntfctn><Acct><Id><IBAN>"
        f"{more.get('own', TO)}</IBAN></Id></Acct><Ntry><Amt Ccy='CHF'>{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>"
        "<Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>"
        f"{reference or 'NOTPROVIDED'}</EndToEndId></Refs>{why}<RmtInf><Ustrd>{about}</Ustrd></RmtInf></TxDtls>"
        "</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()
