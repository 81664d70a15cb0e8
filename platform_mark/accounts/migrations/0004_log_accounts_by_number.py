from django.db import migrations
from django.db.models import CharField, Value
from django.db.models.functions import Concat


def forget_names(apps, schema_editor):
    """What was done to accounts was logged with the name of their person, and outlived their erasure."""
    entries = apps.get_model("admin", "LogEntry").objects.filter(
        content_type__app_label="accounts", content_type__model="user"
    )
    entries.update(object_repr=Concat(Value("Konto "), "object_id", output_field=CharField()))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_idle_accounts"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(forget_names, migrations.RunPython.noop)]
