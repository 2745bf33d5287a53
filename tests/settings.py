"""The product's settings, with passwords whose hash takes no third of a second: there are many log-ins."""

from handslag.config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.hasher.Quick"]
