from django.utils import timezone
from procrastinate.contrib.django import app

from . import idle
from .addresses import forget_unconfirmed

# Nobody is asked anything before eight in the morning; what is missed is caught up by the next tick.
FIRST_HOUR = 8


@app.periodic(cron="41 * * * *", periodic_id="forget-unconfirmed-accounts")
@app.task(queueing_lock="forget-unconfirmed-accounts", pass_context=False)
def forget_unconfirmed_accounts(timestamp: int) -> None:
    """Delete accounts whose address nobody has confirmed within two days."""
    forget_unconfirmed()


@app.periodic(cron="52 * * * *", periodic_id="close-idle-accounts")
@app.task(queueing_lock="close-idle-accounts", pass_context=False)
def close_idle_accounts(timestamp: int) -> None:
    """Ask people whose account nobody has used for 18 months, and switch off what nobody wants to keep."""
    if timezone.localtime().hour >= FIRST_HOUR:
        idle.ask_and_close()
