from procrastinate.contrib.django import app

from .addresses import forget_unconfirmed


@app.periodic(cron="41 * * * *", periodic_id="forget-unconfirmed-accounts")
@app.task(queueing_lock="forget-unconfirmed-accounts", pass_context=False)
def forget_unconfirmed_accounts(timestamp: int) -> None:
    """Delete accounts whose address nobody has confirmed within two days."""
    forget_unconfirmed()
