# What follows by itself from what was decided by a record that leads to another isn't lost: money that comes back is
# booked and owed again, an answer that was asked for before is kept, and somebody is told.
from django.db import migrations

KEYS = (
    ("lookups_fetchedline", "person_id"),
    ("payments_booking", "person_id"),
    ("payments_payment", "payee_id"),
    ("tasks_notice", "person_id"),
)


class Migration(migrations.Migration):
    dependencies = [("people", "0006_merges")]

    operations = [
        migrations.RunSQL(
            f"DROP TRIGGER {table}_{column}_not_gone ON {table}",
            f"CREATE TRIGGER {table}_{column}_not_gone AFTER INSERT OR UPDATE OF {column} ON {table} "
            f"FOR EACH ROW WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION app_refuse_gone('{column}')",
        )
        for table, column in KEYS
    ]
