"""ISO 20022 pain.001.001.09 in a Swedish profile; see README.md beside this file for the profile table."""

from handslag.connectors.bank.pain001_se.profile import Profile
from handslag.connectors.bank.pain001_se.write import Pain001Writer


def writer(**options: object) -> Pain001Writer:
    """A writer for the default profile with `options` (fields of Profile) changed; TypeError for others."""
    return Pain001Writer(Profile(**options))  # type: ignore[arg-type]


__all__ = ["Pain001Writer", "Profile", "writer"]
