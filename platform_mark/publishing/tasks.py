from procrastinate.contrib.django import app

from . import files


@app.periodic(cron="11 * * * *", periodic_id="end-unseen-addresses")
@app.task(queueing_lock="end-unseen-addresses", pass_context=False)
def end_unseen_addresses(timestamp: int) -> None:
    """End the addresses of files whose rights have ended or whose pages have expired. Running it twice does no harm."""
    files.end_unseen()
