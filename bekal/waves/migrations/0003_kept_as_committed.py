"""What a draw committed to, and what it gave, stay as they are, whoever asks; draws of a wave have no gaps."""

from django.db import migrations

from bekal.core.append_only import append_only

_GUARDS = """
    ALTER TABLE waves_draw ALTER COLUMN roll SET STORAGE EXTERNAL;

    CREATE FUNCTION waves_draw_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'what a draw committed to or gave never changes' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER waves_draw_committed BEFORE DELETE OR UPDATE OF
        id, wave_id, sequence, roll, leaves, strata, attributes, commitment, commitment_hash, committed_at
        ON waves_draw FOR EACH ROW EXECUTE FUNCTION waves_draw_kept();
    CREATE TRIGGER waves_draw_given BEFORE UPDATE OF bundle, result, report, drawn_at ON waves_draw
        FOR EACH ROW WHEN (OLD.drawn_at IS NOT NULL) EXECUTE FUNCTION waves_draw_kept();
    CREATE TRIGGER waves_draw_ended BEFORE UPDATE ON waves_draw
        FOR EACH ROW WHEN (OLD.state = 'annulled') EXECUTE FUNCTION waves_draw_kept();

    CREATE FUNCTION waves_draw_in_sequence() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.sequence <> 1 + (SELECT count(*) FROM waves_draw WHERE wave_id = NEW.wave_id) THEN
            RAISE EXCEPTION 'draws of a wave are numbered without gaps' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER waves_draw_in_sequence BEFORE INSERT ON waves_draw
        FOR EACH ROW EXECUTE FUNCTION waves_draw_in_sequence();
"""

_DROP = """
    DROP FUNCTION waves_draw_kept() CASCADE;
    DROP FUNCTION waves_draw_in_sequence() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("waves", "0002_annulment_ceremony_roots")]
    operations = [
        migrations.RunSQL(_GUARDS, _DROP),
        append_only("waves_endorsement"),
        append_only("waves_reveal"),
    ]
