from procrastinate.contrib.django import app

from . import digest, subscribing


@app.periodic(cron="7 * * * *", periodic_id="alert-digests")
@app.task(queueing_lock="alert-digests", pass_context=False)
def send_digests(timestamp: int) -> None:
    """Write the news that are due. The rhythms are local; this only looks every hour."""
    digest.send_digests()


@app.periodic(cron="37 * * * *", periodic_id="forget-unconfirmed-alerts")
@app.task(queueing_lock="forget-unconfirmed-alerts", pass_context=False)
def forget_unconfirmed(timestamp: int) -> None:
    """Delete orders that nobody confirmed."""
    subscribing.forget_unconfirmed()
