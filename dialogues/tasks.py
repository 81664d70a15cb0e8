"""Jobs of the sign-up. The worker runs them; running one twice, or twice at once, does no harm."""

from procrastinate.contrib.django import app

from . import (
    offers,
    registration,
    reminding_tasks,  # noqa: F401 (its jobs are found by this import)
    retention,
)
from .formats import tasks as format_tasks  # noqa: F401 (as above)


@app.periodic(cron="*/5 * * * *", periodic_id="expire-offers")
@app.task(queueing_lock="expire-offers", pass_context=False)
def expire_offers(timestamp: int) -> None:
    """End the offers whose time is over and pass their seats on."""
    offers.expire_offers()


@app.periodic(cron="13 * * * *", periodic_id="expire-unconfirmed")
@app.task(queueing_lock="expire-unconfirmed", pass_context=False)
def expire_unconfirmed(timestamp: int) -> None:
    """End and empty the sign-ups that nobody confirmed within 48 hours."""
    registration.expire_unconfirmed()


@app.periodic(cron="37 * * * *", periodic_id="forget-old-registrations")
@app.task(queueing_lock="forget-old-registrations", pass_context=False)
def forget_old_registrations(timestamp: int) -> None:
    """Delete wishes, answers, names and addresses whose time is over; numbers stay."""
    retention.forget_old()
