from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("eligibility", "0001_initial"), ("citizens", "0002_references")]

    operations = [
        migrations.RunSQL(
            """DO $$ BEGIN IF EXISTS (SELECT FROM eligibility_fact) THEN RAISE EXCEPTION
                'people were kept in an earlier form; start with an empty database'; END IF; END $$""",
            migrations.RunSQL.noop,
        ),
        migrations.DeleteModel(name="Fact"),
        migrations.DeleteModel(name="Verdict"),
    ]
