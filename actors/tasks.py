from django.utils import timezone
from procrastinate.contrib.django import app

from . import freshness, joining, proposing

# Nobody is asked anything before eight in the morning; what is missed is caught up by the next tick.
FIRST_HOUR = 8


@app.periodic(cron="14 * * * *", periodic_id="climb-freshness-ladder")
@app.task(queueing_lock="climb-freshness-ladder", pass_context=False)
def climb_freshness_ladder(timestamp: int) -> None:
    """Ask organisations whether their entries are still true, each rung once."""
    if timezone.localtime().hour >= FIRST_HOUR:
        freshness.climb()


@app.periodic(cron="37 * * * *", periodic_id="forget-old-proposals")
@app.task(queueing_lock="forget-old-proposals", pass_context=False)
def forget_old_proposals(timestamp: int) -> None:
    """Delete the addresses of those who proposed a change a month after the answer, and what they wrote after 90 days."""
    proposing.forget_old()


@app.periodic(cron="47 * * * *", periodic_id="forget-who-left")
@app.task(queueing_lock="forget-who-left", pass_context=False)
def forget_who_left(timestamp: int) -> None:
    """Delete organisations that chose deletion 30 days ago, and addresses of people invited long ago."""
    joining.erase_left()
    joining.forget_old_invitations()
