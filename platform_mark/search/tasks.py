from procrastinate.contrib.django import app

from . import index


@app.periodic(cron="27 3 * * *", periodic_id="forget-unused-words")
@app.task(queueing_lock="forget-unused-words", pass_context=False)
def forget_unused_words(timestamp: int) -> None:
    """Forget the words that no entry says any more; they would still be offered for what somebody mistypes."""
    index.forget_unused_words()
