"""What the reminders of before have written and not sent is taken back: the sweep finds what still holds."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("followups", "0004_lessons"),
        ("units", "0005_outbox"),
    ]

    operations = [
        migrations.RunSQL(
            r"""
            UPDATE units_message
            SET cancelled_at = now(), cancelled_reason = 'Står i ett senare mejl i stället.'
            WHERE sent_at IS NULL AND failed_at IS NULL AND cancelled_at IS NULL AND claim IS NULL
                AND (key LIKE 'follow\_up\_%' OR key LIKE 'refill:%' OR key LIKE 'routine\_review:%');
            """,
            migrations.RunSQL.noop,
        ),
    ]
