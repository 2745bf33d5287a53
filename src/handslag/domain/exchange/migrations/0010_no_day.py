from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0009_waits_for'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='message',
            name='message_awaited',
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('action__in', ('1', '5')), ('business__in', ('', 'in check', 'question')), ('overdue_at', None), ('test', False)), fields=['tenant', 'due_on'], name='message_awaited'),
        ),
    ]
