"""Intake: drafts, signatures, applications, receipts, the inbox."""
