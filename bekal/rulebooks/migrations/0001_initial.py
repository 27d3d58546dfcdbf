from django.db import migrations, models

FREEZE = """
    CREATE FUNCTION rulebooks_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND OLD.state = 'loaded' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'programme %/% is kept as it was loaded', OLD.code, OLD.version USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER rulebook_text_kept BEFORE UPDATE OF id, code, version, text, sha256, in_force_from
        ON rulebooks_rulebook FOR EACH ROW EXECUTE FUNCTION rulebooks_keep();
    CREATE TRIGGER rulebook_used_kept BEFORE DELETE
        ON rulebooks_rulebook FOR EACH ROW EXECUTE FUNCTION rulebooks_keep();
"""
UNFREEZE = """
    DROP TRIGGER rulebook_text_kept ON rulebooks_rulebook;
    DROP TRIGGER rulebook_used_kept ON rulebooks_rulebook;
    DROP FUNCTION rulebooks_keep();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='RuleBook',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('version', models.PositiveSmallIntegerField()),
                ('text', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
                ('in_force_from', models.DateField()),
                ('state', models.CharField(choices=[('loaded', 'Loaded'), ('used', 'Used')], default='loaded', max_length=8)),
                ('loaded_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('code', 'version'), name='rulebook_version_once'), models.CheckConstraint(condition=models.Q(('state__in', ['loaded', 'used'])), name='rulebook_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'used'), ('used_at__isnull', False)), models.Q(('state', 'loaded'), ('used_at__isnull', True)), _connector='OR'), name='rulebook_used_has_time')],
            },
        ),
        migrations.RunSQL(sql=FREEZE, reverse_sql=UNFREEZE),
    ]
