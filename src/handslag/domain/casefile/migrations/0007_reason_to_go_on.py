
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casefile', '0006_worked_in'),
    ]

    operations = [
        migrations.AddField(
            model_name='casewarning',
            name='reason',
            field=models.CharField(blank=True, help_text='how it was checked otherwise, or why it can wait', max_length=300),
        ),
    ]
