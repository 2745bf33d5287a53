from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0012_swiss_references'),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='on',
            field=models.DateField(null=True),
        ),
    ]
