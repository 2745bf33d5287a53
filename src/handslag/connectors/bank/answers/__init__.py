"""The bank's answers, ISO 20022 pain.002, camt.053, camt.054 of any version: bytes -> lines; see README.md."""

from handslag.connectors.bank.answers.read import Answers, AnswersRefused, read

__all__ = ["Answers", "AnswersRefused", "read"]
