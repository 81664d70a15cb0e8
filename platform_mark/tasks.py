"""Jobs of the platform itself. The worker runs them; running one twice does no harm."""

from datetime import timedelta

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from platform_mark import limits
from platform_mark.desk.digest import send_digests

# Finished jobs stay this long, so that staff can see what ran last night.
KEEP_FINISHED_JOBS_HOURS = 7 * 24
FIRST_HOUR = 7
# Long enough to explain last year's changes (docs/datenschutz.md).
KEEP_LOG = timedelta(days=730)


@app.periodic(cron="17 * * * *", periodic_id="housekeeping")
@app.task(queueing_lock="housekeeping", pass_context=False)
def housekeeping(timestamp: int) -> None:
    """Delete what has expired: sessions, counters of the limits, old log entries, cache rows. Hourly, any hour will do."""
    call_command("clearsessions")
    limits.forget_expired()
    LogEntry.objects.filter(action_time__lt=timezone.now() - KEEP_LOG).delete()
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [timezone.now()])  # noqa: S608 (our own table name)


@app.periodic(cron="47 2 * * *", periodic_id="remove-old-jobs")
@app.task(queueing_lock="remove-old-jobs", pass_context=True)
async def remove_old_jobs(context, timestamp: int) -> None:
    """Delete the rows of jobs that finished a week ago."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEEP_FINISHED_JOBS_HOURS, include_failed=True)


@app.periodic(cron="25 * * * *", periodic_id="send-digests")
@app.task(queueing_lock="send-digests", pass_context=False)
def send_digests_to_staff(timestamp: int) -> None:
    """Tell staff once a day what waits for them; from seven in the morning, caught up later in the day."""
    if timezone.localtime().hour >= FIRST_HOUR:
        send_digests()
