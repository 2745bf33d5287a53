from django.db import migrations, models

#: By the owner, past the walls: no row is read or written by a tenant.
NOTHING = "ALTER TABLE decisions_decision ALTER COLUMN ground TYPE varchar(4) USING NULLIF(ground, '')"


class Migration(migrations.Migration):
    """No ground is NULL: what the chain commits to leaves NULL out, so that earlier rows keep their digest."""

    dependencies = [
        ("decisions", "0004_replaced_decisions"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_replaces_on_a_ground",
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_taken_back_by_two",
        ),
        migrations.AlterField(
            model_name="decision",
            name="ground",
            field=models.CharField(
                choices=[("36", "Slip"), ("37", "Wrong"), ("37.1", "Reserved"), ("37.3", "Misled"), ("38", "Must")],
                help_text="why it replaces another",
                max_length=4,
                null=True,
            ),
        ),
        migrations.RunSQL(NOTHING, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ground", None), ("replaces", None)),
                    models.Q(
                        ("ground__in", ["36", "37", "37.1", "37.3", "38"]),
                        ("ground__isnull", False),
                        ("replaces__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="decision_replaces_on_a_ground",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ground", None),
                    models.Q(("ground__in", ("36", "37.1", "37.3")), _negated=True),
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="decision_taken_back_by_two",
            ),
        ),
    ]
