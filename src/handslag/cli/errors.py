"""How a command tells a person that it can't go on: one message, no traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import utils as django_errors

from handslag.ops.postgres import PostgresError
from handslag.ops.roles import RolesError
from handslag.ops.secrets import SecretsError
from handslag.ops.supervisor import UpError


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what is wrong with the installation into a message on standard error and exit code 1."""
    try:
        yield
    except (PostgresError, RolesError, SecretsError, UpError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except (psycopg.OperationalError, psycopg.InterfaceError, *_AWAY) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        whose = "DATABASE_URL names it" if os.environ.get("DATABASE_URL") else "`handslag status` says what runs"
        sys.exit(f"The database can't be used: {what}. Is it running and reachable ({whose})? Then try again.")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"{error.filename} can't be used: {error.strerror}. Clear it up, or name another one.")


_AWAY = (django_errors.OperationalError, django_errors.InterfaceError)
