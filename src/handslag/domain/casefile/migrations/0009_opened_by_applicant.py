from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("casefile", "0008_access_taken")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="by_applicant",
            field=models.BooleanField(default=False, help_text="opened by applying for the first time"),
        ),
    ]
