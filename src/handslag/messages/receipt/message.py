"""The message `receipt`, version 1: what the receiver of a message says of its way, or that it looks at its matter."""

from handslag.domain.exchange.frame import Receipt

__all__ = ["Receipt"]
