import uuid

from django.db import migrations, models

NOBODY = uuid.UUID(int=0)


class Migration(migrations.Migration):
    dependencies = [("citizens", "0001_initial"), ("core", "0002_mark")]

    operations = [
        migrations.RunSQL(
            """DO $$ BEGIN IF EXISTS (SELECT FROM citizens_citizen) THEN RAISE EXCEPTION
                'people were kept in an earlier form; start with an empty database'; END IF; END $$""",
            migrations.RunSQL.noop,
        ),
        migrations.DeleteModel(name="IdentityMark"),
        migrations.RemoveField(model_name="citizen", name="nik_index"),
        migrations.RemoveField(model_name="citizen", name="family_index"),
        *(
            migrations.AddField(
                model_name="citizen", name=name, field=models.UUIDField(default=NOBODY, db_index=looked_up),
                preserve_default=False,
            )
            for name, looked_up in (("nik_ref", True), ("family_ref", True), ("phone_ref", False))
        ),
        migrations.CreateModel(
            name="Holding",
            fields=[
                ("ref", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=8)),
                ("citizen_id", models.UUIDField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("nik", "phone"))), name="holding_kind_known"
                    )
                ],
            },
        ),
    ]
