from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Fact',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('nik_index', models.BinaryField()),
                ('kind', models.CharField(max_length=40)),
                ('stands', models.BooleanField(default=True)),
                ('source', models.CharField(max_length=64)),
                ('as_of', models.DateField()),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('nik_index', 'kind'), name='fact_once_a_register')],
            },
        ),
        migrations.CreateModel(
            name='Verdict',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('citizen_id', models.UUIDField()),
                ('rulebook_id', models.UUIDField()),
                ('eligible', models.BooleanField()),
                ('results', models.JSONField()),
                ('decided_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('citizen_id', 'rulebook_id'), name='verdict_once_a_version')],
            },
        ),
    ]
