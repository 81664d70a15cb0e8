from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from platform_mark.tokens import BadToken, keep_address, read_token

from .mails import ONLINE_PURPOSE
from .models import Registration, SeatKind


@require_safe
def online(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the room of an online dialogue, wherever it is by now: for those with a confirmed seat there, nobody else."""
    try:
        subject = read_token(ONLINE_PURPOSE, token)
    except BadToken as error:
        raise Http404 from error
    registration = (
        Registration.objects.select_related("dialogue")
        .filter(
            pk=subject.row_id,
            token_version=subject.version,
            state=Registration.State.CONFIRMED,
            attendees__seat_kind__way=SeatKind.Way.ONLINE,
            dialogue__cancelled_at=None,
        )
        .exclude(dialogue__online_link="")
        .first()
    )
    if registration is None:
        raise Http404
    return keep_address(HttpResponseRedirect(registration.dialogue.online_link), has_form=False)
