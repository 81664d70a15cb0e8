from procrastinate.contrib.django import app

from . import outbox


@app.periodic(cron="* * * * *", periodic_id="send-due")
@app.task(pass_context=False)
def send_due(timestamp: int | None = None) -> None:
    """Send everything that is due. Each mail defers this once; the minute tick catches up what was left."""
    outbox.send_due()


@app.periodic(cron="31 * * * *", periodic_id="forget-old-texts")
@app.task(queueing_lock="forget-old-texts", pass_context=False)
def forget_old_mail_texts(timestamp: int) -> None:
    """Delete the texts of mails a month after they were sent."""
    outbox.forget_old_texts()
