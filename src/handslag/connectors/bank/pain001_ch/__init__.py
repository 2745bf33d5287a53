"""ISO 20022 pain.001.001.09 in the Swiss profile; see README.md beside this file for what is checked."""

from handslag.connectors.bank.pain001_ch.profile import Profile
from handslag.connectors.bank.pain001_ch.write import Pain001Writer


def writer(**options: object) -> Pain001Writer:
    """A writer for the default profile with `options` (fields of Profile) changed; TypeError for others."""
    return Pain001Writer(Profile(**options))  # type: ignore[arg-type]


__all__ = ["Pain001Writer", "Profile", "writer"]
