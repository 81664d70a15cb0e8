"""Pages behind a mailed link, in a browser that minds what they say about Referers: each button is pressed."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from actors import freshness
from dialogues.formats import ideas, reporting
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.taxonomy.models import CompanySize, TargetGroup
from practices import suggesting
from tests.actors.make import make_activity, make_actor
from tests.browser.conftest import NewContext
from tests.browser.portal import Portal, in_database_of
from tests.dialogues.formats.make import make_format


def suggest() -> None:
    suggesting.suggest(
        company="Heat & Co's Härterei", place="Altena", what="Ein Fühler.", benefit="Ruhe.", email="a@firma.example"
    )


def let_an_entry_age() -> None:
    then = timezone.now() - timedelta(days=185)
    make_activity(actor=make_actor("Haus der Rohre"), confirmed_at=then, published_at=then)
    freshness.climb()


def send_an_idea() -> None:
    ideas.send(
        target_group=TargetGroup.TRAINEES, problem="Zettel.", suggestion="Ein Tag ohne.", email="b@firma.example"
    )


def report_a_try() -> None:
    reporting.report(
        make_format(),
        where="Altena",
        size=CompanySize.SMALL,
        with_whom="vier Leute",
        worked="Der Zettel.",
        failed="Nichts.",
        would_repeat=True,
        email="c@firma.example",
    )


@pytest.mark.parametrize(
    "cause, button, heading",
    [
        (suggest, "Vorschlag bestätigen", "Ihr Vorschlag ist bei uns"),
        (let_an_entry_age, "Stimmt noch", "Danke, alles ist bestätigt"),
        (send_an_idea, "Adresse bestätigen", "Ihre Idee: neu"),
        (report_a_try, "Bericht bestätigen", "Ihr Bericht ist bei uns"),
    ],
)
def test_the_button_behind_a_mailed_link_works(
    visit: NewContext, portal: Portal, cause: Callable[[], None], button: str, heading: str
) -> None:
    def path() -> str:
        cause()
        text = full_text(OutgoingMail.objects.latest("pk"))
        found = re.search(r"://[^/\s]+(/(?:bestaetigen|ideen|formate|beispiele)/\S*\d-\d+\.\S+)", text)
        assert found, text
        return found[1]

    page = visit().new_page()
    page.goto(in_database_of(portal, path))
    page.get_by_role("button", name=button).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
