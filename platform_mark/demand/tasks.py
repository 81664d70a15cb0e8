from procrastinate.contrib.django import app

from . import ledger, wishing


@app.periodic(cron="23 * * * *", periodic_id="answer-demand")
@app.task(queueing_lock="answer-demand", pass_context=False)
def answer_demand(timestamp: int) -> None:
    """Tell those who wait for what has appeared. It looks at dates of publication, so a missed hour is made up for."""
    wishing.deliver()


@app.periodic(cron="37 3 * * *", periodic_id="forget-demand")
@app.task(queueing_lock="forget-demand", pass_context=False)
def forget_old_demand(timestamp: int) -> None:
    """Delete addresses that are no longer needed, then demand that nobody has any more."""
    wishing.forget_old()
    ledger.forget_old()
