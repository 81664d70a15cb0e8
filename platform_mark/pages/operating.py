"""Tell every page who runs the portal, when staff have said so."""

from django.db import transaction

from platform_mark import contact

from .models import Operator


def tell(operator: Operator) -> None:
    """Let pages and mails say this, once it is really stored; raises OSError after the commit where the folder is closed."""
    values = {name: getattr(operator, name) for name in contact.FIELDS}
    transaction.on_commit(lambda: contact.publish(values))


def tell_again() -> bool:
    """Write the file anew from the database, for example after a restore; return whether there was something to tell."""
    operator = Operator.objects.first()
    if operator:
        tell(operator)
    return operator is not None
