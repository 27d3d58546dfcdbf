from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("index", models.BinaryField(primary_key=True, serialize=False)),
                ("place", models.CharField(max_length=24)),
                ("version", models.PositiveSmallIntegerField()),
                ("ref", models.UUIDField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ref", "version"), name="mark_once_a_reference")],
            },
        ),
    ]
