"""No approval names a record that was merged into another (people.0006)."""

from django.db import migrations

TABLES = ("funding_approval",)


class Migration(migrations.Migration):
    dependencies = [("funding", "0001_initial"), ("people", "0006_merges")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_person_id_not_gone AFTER INSERT OR UPDATE OF person_id ON {table} "
            "FOR EACH ROW WHEN (NEW.person_id IS NOT NULL) EXECUTE FUNCTION app_refuse_gone('person_id')",
            f"DROP TRIGGER {table}_person_id_not_gone ON {table}",
        )
        for table in TABLES
    ]
