"""What each role may do. The code is the truth: loading sets the shipped groups to exactly these rights."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission
from django.db import transaction

_EDIT = ("view", "add", "change")
_PARTS = (
    *("seatkind", "agendaitem", "host", "question", "dialoguedocument", "dialoguepicture"),
    *("report", "outcome", "agreement"),
)

# Role -> "app.model" -> actions. A role without an entry for a model does not see it at all.
ROLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Redaktion": {
        "practices.practice": (*_EDIT, "delete"),
        "practices.effect": (*_EDIT, "delete"),
        "practices.step": (*_EDIT, "delete"),
        "practices.prerequisite": (*_EDIT, "delete"),
        "practices.practicepicture": (*_EDIT, "delete"),
        "practices.suggestion": ("view", "change"),
        "practices.practicedocument": (*_EDIT, "delete"),
        "media.image": (*_EDIT, "delete"),
        "media.document": (*_EDIT, "delete"),
        "taxonomy.branch": _EDIT,
        "taxonomy.branchcode": (*_EDIT, "delete"),
        "taxonomy.evidence": (*_EDIT, "delete"),
        "taxonomy.specialisation": (*_EDIT, "delete"),
        "taxonomy.selection": _EDIT,
        "taxonomy.criterion": (*_EDIT, "delete"),
        "taxonomy.candidate": (*_EDIT, "delete"),
        "taxonomy.topic": _EDIT,
        "taxonomy.pressure": (*_EDIT, "delete"),
        "taxonomy.municipality": ("view",),
        "search.synonym": (*_EDIT, "delete"),
        # Chosen as those who offer a format.
        "actors.actor": ("view",),
        "dialogues.dialogue": ("view",),
        "dialogues.format": (*_EDIT, "delete"),
        "dialogues.formatstep": (*_EDIT, "delete"),
        "dialogues.formatdocument": (*_EDIT, "delete"),
        "dialogues.tryreport": ("view", "change"),
        "dialogues.idea": ("view", "change", "delete"),
        "pages.barrierreport": ("view", "change"),
        "pages.checkquestion": (*_EDIT, "delete"),
        "demand.demand": ("view", "change"),
        # What is subscribed to; whose addresses these are sees Datenschutz alone.
        "alerts.alert": ("view",),
    },
    "Moderation": {
        "demand.demand": ("view", "change"),
        "alerts.alert": ("view",),
        "actors.actor": _EDIT,
        "actors.membership": ("view",),
        "actors.claim": ("view", "change"),
        "actors.activity": _EDIT,
        "actors.revision": ("view", "change"),
        "actors.proposal": ("view", "change"),
        "practices.practice": ("view",),
        "taxonomy.branch": ("view",),
        "taxonomy.topic": ("view",),
        "taxonomy.municipality": ("view",),
    },
    "Veranstaltungen": {
        "alerts.alert": ("view",),
        "practices.practice": ("view",),
        "taxonomy.branch": ("view",),
        "taxonomy.topic": ("view",),
        # Chosen as hosts and for agreements.
        "actors.actor": ("view",),
        "dialogues.dialogue": (*_EDIT, "delete"),
        **{f"dialogues.{part}": (*_EDIT, "delete") for part in _PARTS},
        "dialogues.series": (*_EDIT, "delete"),
        "dialogues.registration": (*_EDIT, "export", "check_in"),
        "dialogues.feedback": ("view",),
        "media.image": _EDIT,
        "media.document": _EDIT,
        "outbox.outgoingmail": ("view", "change"),
        "outbox.bulkmail": ("view", "change"),
        "outbox.mailtext": ("view", "change"),
    },
    "Datenschutz": {
        "accounts.user": ("view",),
        "admin.logentry": ("view",),
        "pages.legaltext": _EDIT,
        "pages.barrierreport": ("view",),
        "dialogues.idea": ("view",),
        "dialogues.tryreport": ("view",),
        "practices.suggestion": ("view",),
        "alerts.alert": ("view",),
        "alerts.subscriber": ("view",),
        # Beside its mails: what all parts of the portal hold of one person (platform_mark.desk.privacy).
        "outbox.outgoingmail": ("view", "export", "erase"),
    },
    "Verwaltung": {
        "accounts.user": _EDIT,
        "admin.logentry": ("view",),
        "pages.legaltext": _EDIT,
        "pages.operator": _EDIT,
        "pages.barrierreport": ("view", "change"),
        "outbox.outgoingmail": ("view", "change"),
        "outbox.bulkmail": ("view", "change"),
        "outbox.mailtext": ("view", "change"),
    },
}


@transaction.atomic
def load_roles() -> None:
    """Make the groups and set their rights; needs the permissions that `migrate` makes."""
    for role, models in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        wanted = {
            (app, f"{action}_{model}")
            for name, actions in models.items()
            for app, model in [name.split(".")]
            for action in actions
        }
        found = [
            p
            for p in Permission.objects.select_related("content_type")
            if (p.content_type.app_label, p.codename) in wanted
        ]
        if len(found) != len(wanted):
            missing = wanted - {(p.content_type.app_label, p.codename) for p in found}
            raise LookupError(f"Role {role} names rights that do not exist: {sorted(missing)}")
        group.permissions.set(found)
