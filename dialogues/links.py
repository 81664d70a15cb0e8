"""The keys of a sign-up: the personal link of a booking, and the link that invites to a dialogue."""

from platform_mark.tokens import BadToken, make_token, read_token

from .mails import PATH, PURPOSE
from .models import Dialogue, Registration
from .retention import is_lapsed

INVITATION_PURPOSE = "dialogues.invitation"


def find_registration(token: str, *, even_nameless: bool = False) -> Registration:
    """Return the booking a personal link names; raises BadToken for every other token, expired and deleted ones alike.

    `even_nameless` takes one whose names went with time, too; one that was erased on request has no link any more.
    """
    subject = read_token(PURPOSE, token)
    registration = (
        Registration.objects.select_related("dialogue__municipality", "branch")
        .filter(pk=subject.row_id, token_version=subject.version)
        .first()
    )
    if registration is None or registration.part_of_id or is_lapsed(registration):
        raise BadToken
    if registration.anonymised_at and not even_nameless:
        raise BadToken
    return registration


def own_path(registration: Registration) -> str:
    """The path of the person's own page. It is a key: it goes to the person and nowhere else."""
    return PATH.replace("{token}", make_token(PURPOSE, registration.pk, registration.token_version))


def invitation_token(dialogue: Dialogue) -> str:
    """The token that opens the sign-up of a dialogue by invitation; dies when `invitation_version` is raised."""
    return make_token(INVITATION_PURPOSE, dialogue.pk, dialogue.invitation_version)


def is_invited(dialogue: Dialogue, token: str) -> bool:
    """Whether a token invites to this dialogue today."""
    try:
        subject = read_token(INVITATION_PURPOSE, token)
    except BadToken:
        return False
    return (subject.row_id, subject.version) == (dialogue.pk, dialogue.invitation_version)
