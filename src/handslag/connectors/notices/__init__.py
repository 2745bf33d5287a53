"""Notices: telling somebody that there is something new, without saying what."""
