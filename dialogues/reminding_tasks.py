"""Jobs that write to those who come; `tasks.py` brings them in."""

from procrastinate.contrib.django import app

from . import reminding


@app.periodic(cron="*/10 * * * *", periodic_id="dialogue-notices")
@app.task(queueing_lock="dialogue-notices", pass_context=False)
def write_notices(timestamp: int) -> None:
    """Write reminders, thanks and the news of documents that are due. Their times are local; this only looks often."""
    reminding.remind()
    reminding.tell_of_documents()
    reminding.thank()
