from procrastinate.contrib.django import app

from . import barriers


@app.periodic(cron="13 3 * * *", periodic_id="forget-barriers")
@app.task(queueing_lock="forget-barriers", pass_context=False)
def forget_old_barriers(timestamp: int) -> None:
    """Delete reports of barriers that were answered three months ago."""
    barriers.forget_old()
