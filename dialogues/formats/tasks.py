from procrastinate.contrib.django import app

from . import ideas, reporting


@app.periodic(cron="43 * * * *", periodic_id="forget-old-ideas")
@app.task(queueing_lock="forget-old-ideas", pass_context=False)
def forget_old_ideas(timestamp: int) -> None:
    """Delete what nobody confirmed, and addresses that are no longer needed."""
    ideas.forget_old()
    reporting.forget_old()


@app.periodic(cron="13 * * * *", periodic_id="end-published-ideas")
@app.task(queueing_lock="end-published-ideas", pass_context=False)
def end_published_ideas(timestamp: int) -> None:
    """Tell the senders of ideas whose formats appeared on the day that was planned for them."""
    ideas.end_published()
