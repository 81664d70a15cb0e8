from procrastinate.contrib.django import app

from . import ideas, reporting


@app.periodic(cron="43 * * * *", periodic_id="forget-old-ideas")
@app.task(queueing_lock="forget-old-ideas", pass_context=False)
def forget_old_ideas(timestamp: int) -> None:
    """Delete what nobody confirmed, and addresses that are no longer needed."""
    ideas.forget_old()
    reporting.forget_old()
