import logging

from procrastinate.contrib.django import app

from .images import find_orphans

logger = logging.getLogger(__name__)


@app.periodic(cron="7 3 * * *", periodic_id="report-orphaned-pictures")
@app.task(queueing_lock="report-orphaned-pictures", pass_context=False)
def report_orphaned_pictures(timestamp: int) -> None:
    """Say in the log which files have no row and which rows no files.

    Nothing is removed: after a restore the newer half is missing, and people must choose which one is right.
    """
    if orphans := find_orphans():
        logger.error(
            "pictures and files differ: %d folders without a row, rows without files: %s",
            len(orphans.folders),
            orphans.rows,
        )
