"""Signed checkpoints of the ledger, and a backstop against changing or deleting its events."""

from django.db import migrations, models

# TRUNCATE stays possible: it is for emptying a whole database. Whoever owns the table can take the trigger away; that a
# change of events shows nevertheless is what the chain and the checkpoints are for.
KEEP = """
CREATE FUNCTION routing_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('dispatchdesk.may_remove_events', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only: routing_event takes no %', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER routing_event_keep BEFORE UPDATE OR DELETE ON routing_event
    FOR EACH STATEMENT EXECUTE FUNCTION routing_event_keep();
"""
LET_GO = "DROP TRIGGER routing_event_keep ON routing_event; DROP FUNCTION routing_event_keep();"


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0009_board_filters"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerCheckpoint",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("items", models.BigIntegerField()),
                ("events", models.BigIntegerField()),
                ("last_event", models.BigIntegerField()),
                ("heads", models.CharField(max_length=64)),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("signature", models.CharField(max_length=128)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="LedgerPage",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32)),
                ("leaves", models.BinaryField()),
            ],
        ),
        migrations.RunSQL(KEEP, LET_GO),
    ]
