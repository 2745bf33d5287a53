"""How a command tells a person that it can't go on: one message, no traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from handslag.ops.postgres import PostgresError
from handslag.ops.roles import RolesError
from handslag.ops.secrets import SecretsError
from handslag.ops.supervisor import UpError


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what is wrong with the installation into a message on standard error and exit code 1."""
    try:
        yield
    except (PostgresError, RolesError, SecretsError, UpError) as error:
        sys.exit(str(error))
