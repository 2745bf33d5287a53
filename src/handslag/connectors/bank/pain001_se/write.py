"""PaymentFile -> bytes: checked row by row, written as text, proven by lxml against the ISO schema.

Names and free texts are brought to the characters that the bank takes and cut to the field's length; ids,
references, account numbers and amounts are never altered: what doesn't fit is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from handslag.connectors.bank.pain001 import NAMESPACE, amount_of, escaped, identifier_ok, prove, schema
from handslag.connectors.bank.pain001_se.profile import Profile
from handslag.connectors.bank.port import (
    Account,
    Payment,
    PaymentFile,
    PaymentFileRefused,
    Problem,
    WrittenPaymentFile,
)
from handslag.domain.people.accounts import account_problems, digits, luhn_ok, range_of
from handslag.domain.people.names import bank_text, slip_goes_to

__all__ = ["NAMESPACE", "Pain001Writer", "check_account", "prove", "schema"]

_KINDS = ("bban", "iban", "bankgiro", "plusgiro", "slip")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


def check_account(account: Account, end_to_end_id: str = "") -> list[Problem]:
    """What is wrong or doubtful with an account, as problems of the payment `end_to_end_id`."""
    return [
        Problem(end_to_end_id, p.field, p.code, p.text, p.certain)
        for p in account_problems(account.kind, account.number, account.clearing)
    ]


class Pain001Writer:
    """Writes pain.001.001.09 for one profile; the port's PaymentFileWriter."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self._text = bank_text(self.profile.letters)

    def write(self, file: PaymentFile) -> WrittenPaymentFile:
        """Bytes for `file`, valid by the ISO schema, read back to the same ids, amounts and sums.

        Raises PaymentFileRefused with every certain problem, SchemaRefused if the proof fails.
        """
        problems = list(self._problems_of_file(file))
        for payment in file.payments:
            problems += self._problems_of(payment)
        certain = [p for p in problems if p.certain]
        if certain:
            raise PaymentFileRefused(certain)
        content = "".join(self._document(file)).encode("utf-8")
        prove(content, file)
        return WrittenPaymentFile(
            content,
            hashlib.sha256(content).hexdigest(),
            len(file.payments),
            sum(p.amount for p in file.payments),
            tuple(problems),
        )

    # -- checks ---------------------------------------------------------------------------------------------

    def _problems_of_file(self, file: PaymentFile) -> Iterator[Problem]:
        blocks = 2 if self.profile.one_block_per_kind else 0
        if not identifier_ok(file.message_id, 35 - blocks):
            yield Problem("", "message_id", "identifier", f"at most {35 - blocks} plain characters")
        if file.created_at.utcoffset() is None:
            yield Problem("", "created_at", "naive", "the moment needs a time zone")
        if isinstance(file.execution_on, datetime):
            yield Problem("", "execution_on", "not_a_date", "a date without a time")
        if self._text.plain(file.debtor_name, self.profile.name_length) is None:
            yield Problem("", "debtor_name", "unreadable", "not written whole in the bank's letters")
        org = digits(file.debtor_org_number)
        if not (org.isascii() and org.isdigit() and len(org) == 10 and luhn_ok(org)):
            yield Problem("", "debtor_org_number", "check_digit", "not a Swedish organisation number")
        if self.profile.customer_id and not identifier_ok(self.profile.customer_id, 35):
            yield Problem("", "customer_id", "identifier", "at most 35 plain characters")
        yield from check_account(file.debtor_account)
        yield from _check_bic(file.debtor_account, "")
        if not file.payments:
            yield Problem("", "payments", "empty", "a file needs at least one payment")
        seen: set[str] = set()
        for payment in file.payments:
            if payment.end_to_end_id in seen:
                yield Problem(payment.end_to_end_id, "end_to_end_id", "twice", "the id stands twice in the file")
            seen.add(payment.end_to_end_id)

    def _problems_of(self, payment: Payment) -> list[Problem]:
        name, found = payment.end_to_end_id, []
        if not identifier_ok(name, 35):
            found.append(Problem(name, "end_to_end_id", "identifier", "at most 35 plain characters"))
        if type(payment.amount) is not int or not 0 < payment.amount < 10**16:
            found.append(Problem(name, "amount", "amount", "a positive whole number of öre"))
        if payment.currency not in self.profile.currencies:
            found.append(Problem(name, "currency", "currency", f"only {', '.join(self.profile.currencies)}"))
        if self._text.plain(payment.creditor_name, self.profile.name_length) is None:
            found.append(Problem(name, "creditor_name", "unreadable", "not written whole in the bank's letters"))
        if payment.reference:
            found += self._problems_of_reference(payment)
        if payment.message and self._text.plain(payment.message, self.profile.message_length) is None:
            found.append(Problem(name, "message", "unreadable", "not written whole in the bank's letters"))
        if payment.account.kind == "slip":
            return found + self._problems_of_slip(payment)
        return found + check_account(payment.account, name) + _check_bic(payment.account, name)

    def _problems_of_slip(self, payment: Payment) -> list[Problem]:
        name, to = payment.end_to_end_id, payment.address
        if not self.profile.slips:
            return [Problem(name, "account", "slip_not_offered", "this bank's profile knows no payment slips")]
        if to is None or not slip_goes_to(self._text, to.lines, to.postcode, to.city, to.country):
            return [Problem(name, "address", "address", "a payment slip needs street, postcode and town")]
        return []

    def _problems_of_reference(self, payment: Payment) -> list[Problem]:
        name, reference = payment.end_to_end_id, digits(payment.reference)
        if payment.message:
            return [Problem(name, "reference", "two_texts", "either a reference or a message")]
        if payment.account.kind == "bban" and not self.profile.reference_on_accounts:
            return [Problem(name, "reference", "reference_on_account", "an OCR number goes to a giro")]
        if not (reference.isascii() and reference.isdigit() and 2 <= len(reference) <= 25):
            return [Problem(name, "reference", "format", "an OCR number has 2 to 25 digits")]
        if not luhn_ok(reference):
            return [Problem(name, "reference", "check_digit", "the OCR number fails modulus 10", certain=False)]
        return []

    # -- text -----------------------------------------------------------------------------------------------

    def _document(self, file: PaymentFile) -> Iterator[str]:
        total = sum(p.amount for p in file.payments)
        created = file.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        debtor = escaped(self._text.plain(file.debtor_name, self.profile.name_length) or "")
        identity = escaped(self.profile.customer_id or digits(file.debtor_org_number))
        yield (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn>\n'
            f"<GrpHdr><MsgId>{escaped(file.message_id)}</MsgId><CreDtTm>{created}</CreDtTm>"
            f"<NbOfTxs>{len(file.payments)}</NbOfTxs><CtrlSum>{amount_of(total)}</CtrlSum>"
            f"<InitgPty><Nm>{debtor}</Nm>{_organisation(identity, self.profile.initiating_party_scheme)}"
            "</InitgPty></GrpHdr>\n"
        )
        party = f"<Dbtr><Nm>{debtor}</Nm>{_organisation(identity, self.profile.debtor_scheme)}</Dbtr>"
        for block_id, payments in self._blocks(file):
            yield self._block_head(file, block_id, payments, party)
            for payment in payments:
                yield self._transaction(payment)
            yield "</PmtInf>\n"
        yield "</CstmrCdtTrfInitn></Document>\n"

    def _blocks(self, file: PaymentFile) -> Iterator[tuple[str, list[Payment]]]:
        if not self.profile.one_block_per_kind and not any(p.account.kind == "slip" for p in file.payments):
            yield file.message_id, list(file.payments)
            return
        for number, kind in enumerate(_KINDS, 1):
            payments = [p for p in file.payments if p.account.kind == kind]
            if payments:
                yield f"{file.message_id}-{number}", payments

    def _block_head(self, file: PaymentFile, block_id: str, payments: list[Payment], party: str) -> str:
        giros = all(p.account.kind in ("bankgiro", "plusgiro") for p in payments)
        accounts = all(p.account.kind in ("bban", "iban") for p in payments)
        purpose = (
            self.profile.category_purpose_giros if giros else self.profile.category_purpose_accounts if accounts else ""
        )
        kind = (
            f"<SvcLvl><Cd>{escaped(self.profile.service_level)}</Cd></SvcLvl>" if self.profile.service_level else ""
        ) + (f"<CtgyPurp><Cd>{escaped(purpose)}</Cd></CtgyPurp>" if purpose else "")
        bearer, method = self.profile.charge_bearer, "CHK" if payments[0].account.kind == "slip" else "TRF"
        return (
            f"<PmtInf><PmtInfId>{escaped(block_id)}</PmtInfId><PmtMtd>{method}</PmtMtd>"
            f"<BtchBookg>{'true' if self.profile.batch_booking else 'false'}</BtchBookg>"
            f"<NbOfTxs>{len(payments)}</NbOfTxs><CtrlSum>{amount_of(sum(p.amount for p in payments))}</CtrlSum>"
            + (f"<PmtTpInf>{kind}</PmtTpInf>" if kind else "")
            + f"<ReqdExctnDt><Dt>{file.execution_on.isoformat()}</Dt></ReqdExctnDt>{party}"
            f"<DbtrAcct>{self._account(file.debtor_account)}<Ccy>SEK</Ccy></DbtrAcct>"
            f"<DbtrAgt>{self._agent(file.debtor_account) or _NOT_PROVIDED}</DbtrAgt>"
            + (f"<ChrgBr>{bearer}</ChrgBr>" if bearer else "")
            + "\n"
        )

    def _transaction(self, payment: Payment) -> str:
        agent = self._agent(payment.account)
        name = escaped(self._text.plain(payment.creditor_name, self.profile.name_length) or "")
        if payment.reference:
            remittance = (
                "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
                f"<Ref>{digits(payment.reference)}</Ref></CdtrRefInf></Strd></RmtInf>"
            )
        elif payment.message:
            text = escaped(self._text.plain(payment.message, self.profile.message_length) or "")
            remittance = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>"
        else:
            remittance = ""
        return (
            f"<CdtTrfTxInf><PmtId><EndToEndId>{escaped(payment.end_to_end_id)}</EndToEndId></PmtId>"
            f'<Amt><InstdAmt Ccy="{payment.currency}">{amount_of(payment.amount)}</InstdAmt></Amt>'
            + (
                f"<ChqInstr><ChqTp>{escaped(self.profile.slip_cheque_type)}</ChqTp></ChqInstr>"
                if payment.account.kind == "slip"
                else ""
            )
            + (f"<CdtrAgt>{agent}</CdtrAgt>" if agent else "")
            + (self._by_slip(name, payment) if payment.account.kind == "slip" else self._to_account(name, payment))
            + f"{remittance}</CdtTrfTxInf>\n"
        )

    def _to_account(self, name: str, payment: Payment) -> str:
        return f"<Cdtr><Nm>{name}</Nm></Cdtr><CdtrAcct>{self._account(payment.account)}</CdtrAcct>"

    def _by_slip(self, name: str, payment: Payment) -> str:
        assert payment.address is not None
        lines = "".join(
            f"<AdrLine>{escaped(self._text.plain(line, 70) or '')}</AdrLine>" for line in payment.address.lines
        )
        return (
            f"<Cdtr><Nm>{name}</Nm><PstlAdr>"
            f"<PstCd>{escaped(self._text.plain(payment.address.postcode, 16) or '')}</PstCd>"
            f"<TwnNm>{escaped(self._text.plain(payment.address.city, 35) or '')}</TwnNm>"
            f"<Ctry>{escaped(payment.address.country)}</Ctry>{lines}</PstlAdr></Cdtr>"
        )

    def _account(self, account: Account) -> str:
        number = digits(account.number)
        if account.kind == "iban":
            return f"<Id><IBAN>{number.upper()}</IBAN></Id>"
        if account.kind == "bankgiro":
            return f"<Id><Othr><Id>{number}</Id><SchmeNm><Prtry>BGNR</Prtry></SchmeNm></Othr></Id>"
        if account.kind == "plusgiro" and self.profile.plusgiro_scheme == "PGNR":
            return f"<Id><Othr><Id>{number}</Id><SchmeNm><Prtry>PGNR</Prtry></SchmeNm></Othr></Id>"
        if account.kind == "bban":
            clearing = digits(account.clearing)
            span = range_of(clearing)
            number = number.zfill(span.longest) if span and span.shortest > 1 else number
            if len(clearing) == 5 and self.profile.fifth_clearing_digit == "before-account":
                number = clearing[4] + number
            if self.profile.bban_holds_clearing:
                number = clearing[:4] + number
        scheme = self.profile.bban_scheme
        return f"<Id><Othr><Id>{number}</Id><SchmeNm><{scheme}>BBAN</{scheme}></SchmeNm></Othr></Id>"

    def _agent(self, account: Account) -> str:
        if account.bic:
            return f"<FinInstnId><BICFI>{account.bic}</BICFI></FinInstnId>"
        member = {
            "bban": digits(account.clearing)[:4],
            "bankgiro": self.profile.bankgiro_clearing,
            "plusgiro": self.profile.plusgiro_clearing,
            "iban": "",
            "slip": "",
        }[account.kind]
        if not member:
            return ""
        return (
            "<FinInstnId><ClrSysMmbId><ClrSysId><Cd>SESBA</Cd></ClrSysId>"
            f"<MmbId>{escaped(member)}</MmbId></ClrSysMmbId></FinInstnId>"
        )


_NOT_PROVIDED = "<FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>"


def _organisation(identity: str, scheme: str) -> str:
    name = f"<SchmeNm><Cd>{escaped(scheme)}</Cd></SchmeNm>" if scheme else ""
    return f"<Id><OrgId><Othr><Id>{identity}</Id>{name}</Othr></OrgId></Id>"


def _check_bic(account: Account, end_to_end_id: str) -> list[Problem]:
    if not account.bic or _BIC.fullmatch(account.bic):
        return []
    return [Problem(end_to_end_id, "bic", "format", "a BIC has 8 or 11 capital letters and digits")]
