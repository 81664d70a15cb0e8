from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            # Unlogged: counters may be lost in a crash, and are written often.
            "CREATE UNLOGGED TABLE rate_counter "
            "(key varchar(40) PRIMARY KEY, number integer NOT NULL, expires_at timestamptz NOT NULL)",
            "DROP TABLE rate_counter",
        )
    ]
