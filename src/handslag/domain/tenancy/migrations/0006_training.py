from django.db import migrations, models

#: Whether the organisation behind the open door is marked as one for training.
TRAINING = """
CREATE FUNCTION app_training() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog AS $$
BEGIN
    RETURN EXISTS (SELECT FROM public.tenancy_organisation WHERE id = public.app_tenant() AND training);
END $$
"""

#: As before; besides, the role eraser may delete the rows of an organisation that is marked as one for training.
REFUSE = """
CREATE OR REPLACE FUNCTION app_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'handslag_eraser' THEN
        IF TG_NARGS = 1 THEN
            RETURN OLD;
        END IF;
        IF EXISTS (SELECT FROM public.tenancy_organisation WHERE id = OLD.tenant_id AND training) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% on %: rows of this table are written once', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""

#: The mark is given when the organisation is entered, and stays as it is, to the owner too.
MARK = """
CREATE TRIGGER organisation_training BEFORE UPDATE OF training ON tenancy_organisation
FOR EACH ROW WHEN (OLD.training IS DISTINCT FROM NEW.training) EXECUTE FUNCTION app_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0005_other_help"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="training",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("training", False), ("name__startswith", "Övning: "), _connector="OR"),
                name="organisation_training_says_so",
            ),
        ),
        migrations.RunSQL(TRAINING, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE, migrations.RunSQL.noop),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
