"""Files on a local disk, encrypted chunk by chunk; see README.md."""

from handslag.connectors.store.local.files import LocalStore

__all__ = ["LocalStore"]
