"""`handslag roles`."""

from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops import postgres
from handslag.ops import roles as database_roles
from handslag.ops.installation import data_folder
from handslag.ops.secrets import Secrets


def roles(
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL for the owner of a managed server.")] = False,
    database: Annotated[str, typer.Option(help="The name of the product's database.")] = postgres.DATABASE,
) -> None:
    """Check the seven database roles, or print the SQL that makes them (no password is readable in it)."""
    with told_plainly():
        secrets = Secrets.of(data_folder())
        if sql:
            print(database_roles.roles_sql(secrets, database), end="")
            return
        with postgres.reached(data_folder()) as server:
            database_roles.check(server, secrets)
            for role in database_roles.shown_statements(server, secrets):
                print(
                    f"The server shows the statements of {role} in pg_stat_activity: let a superuser run "
                    f"`ALTER ROLE {role} SET track_activities = off`."
                )
        print("All roles are in order.")
