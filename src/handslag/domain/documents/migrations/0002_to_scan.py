from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("scan_state", "waiting")),
                fields=["tenant", "created_at"],
                name="document_to_scan",
            ),
        ),
    ]
