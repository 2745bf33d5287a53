"""Scheduled and deferred work: each job fetches, then calls one operation."""
