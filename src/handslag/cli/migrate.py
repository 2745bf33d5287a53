"""`handslag migrate`."""

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as


def migrate() -> None:
    """Bring the database to the present schema, as its owner, and set each role's rights."""
    with told_plainly(), acting_as("owner"):
        from handslag.domain.tenancy.migrate import run

        run()
