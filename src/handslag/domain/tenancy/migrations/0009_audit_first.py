from django.db import migrations


class Migration(migrations.Migration):
    # the first chapters with rows that share their key with an audit subject don't say that they come after it

    dependencies = [
        ('audit', '0002_reason_of_a_look'),
        ('tenancy', '0008_automated_months'),
    ]

    operations = []
