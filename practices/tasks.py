from procrastinate.contrib.django import app

from . import suggesting


@app.periodic(cron="23 * * * *", periodic_id="forget-old-suggestions")
@app.task(queueing_lock="forget-old-suggestions", pass_context=False)
def forget_old_suggestions(timestamp: int) -> None:
    """Delete unconfirmed suggestions after two days, addresses a month and the rest a year after the answer."""
    suggesting.forget_old()
