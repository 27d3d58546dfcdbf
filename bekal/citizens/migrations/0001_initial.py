import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Citizen',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('nik_sealed', models.BinaryField()),
                ('nik_index', models.BinaryField()),
                ('family_sealed', models.BinaryField()),
                ('family_index', models.BinaryField(db_index=True)),
                ('phone_sealed', models.BinaryField()),
                ('name', models.CharField(max_length=200)),
                ('birth_date', models.DateField()),
                ('sex', models.CharField(max_length=1)),
                ('regency_code', models.CharField(db_index=True, max_length=5)),
                ('schooling', models.CharField(max_length=16)),
                ('disability', models.CharField(default='', max_length=40)),
                ('occupation', models.CharField(max_length=16)),
                ('interests', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('language', models.CharField(default='id', max_length=2)),
                ('state', models.CharField(choices=[('registered', 'Registered'), ('verified', 'Verified'), ('mismatched', 'Mismatched')], default='registered', max_length=16)),
                ('mismatching', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), default=list, size=None)),
                ('registry_as_of', models.DateField(null=True)),
                ('registered_at', models.DateTimeField()),
                ('checked_at', models.DateTimeField(null=True)),
                ('verified_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'registered')), fields=['registered_at'], name='citizen_unchecked')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['registered', 'verified', 'mismatched'])), name='citizen_state_known'), models.CheckConstraint(condition=models.Q(('sex__in', ('F', 'M'))), name='citizen_sex_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'verified'), ('verified_at__isnull', False)), models.Q(models.Q(('state', 'verified'), _negated=True), ('verified_at__isnull', True)), _connector='OR'), name='citizen_verified_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('mismatching__len__gt', 0), ('state', 'mismatched')), models.Q(models.Q(('state', 'mismatched'), _negated=True), ('mismatching', [])), _connector='OR'), name='citizen_mismatch_names_fields'), models.CheckConstraint(condition=models.Q(('state', 'registered'), models.Q(('checked_at__isnull', False), ('registry_as_of__isnull', False)), _connector='OR'), name='citizen_checked_has_time')],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('citizen_id', models.UUIDField()),
                ('purpose', models.CharField(max_length=24)),
                ('given_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('citizen_id', 'purpose'), name='consent_once_a_purpose')],
            },
        ),
        migrations.CreateModel(
            name='IdentityMark',
            fields=[
                ('index', models.BinaryField(primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=8)),
                ('citizen_id', models.UUIDField(db_index=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ('nik', 'phone'))), name='mark_kind_known')],
            },
        ),
    ]
