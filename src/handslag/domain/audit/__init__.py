"""Audit: the event chain of each subject, signed blocks, the log of reads and refusals."""
