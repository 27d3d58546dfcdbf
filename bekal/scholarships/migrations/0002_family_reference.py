import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scholarships", "0001_initial"), ("citizens", "0002_references")]

    operations = [
        migrations.RemoveConstraint(model_name="award", name="award_family_place_once"),
        migrations.RemoveField(model_name="award", name="family_index"),
        migrations.AddField(
            model_name="award", name="family_ref", field=models.UUIDField(default=uuid.UUID(int=0)),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="award",
            constraint=models.UniqueConstraint(
                fields=("programme_code", "family_ref", "family_place"), name="award_family_place_once"
            ),
        ),
    ]
