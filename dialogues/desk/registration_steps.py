"""What staff do with one booking: each step with its sentence, its button, its form and the journey it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from .. import merging, staff_changes
from .. import registration as signing_up
from ..models import Registration
from .registration_forms import CancelForm, MergeForm, MoveForm, ReasonForm, TransferForm

State = Registration.State


@dataclass(frozen=True)
class Step:
    """One thing that staff do with a booking: on a page of its own with a form, or with just a button."""

    name: str
    route: str
    title: str
    intro: str
    button: str
    states: frozenset[str]
    form: Callable[..., forms.Form]
    run: Callable[[Registration, dict[str, Any], Any], str]

    def fits(self, registration: Registration) -> bool:
        """Whether it makes sense for the booking as it is; the journey function has the last word."""
        if registration.part_of_id or registration.anonymised_at:
            return False
        if self.name in {"accept", "reject"} and registration.state == State.PENDING:
            return registration.is_to_decide
        return registration.state in self.states


def _plain(form: type[forms.Form]) -> Callable[..., forms.Form]:
    return lambda data, registration: form(data)


def _accept(registration: Registration, data: dict[str, Any], by: Any) -> str:
    now = staff_changes.decide(registration, accept=True, reason="", by=by)
    return f"Angenommen: {now.get_state_display()}. Die E-Mail ist unterwegs."


def _reject(registration: Registration, data: dict[str, Any], by: Any) -> str:
    staff_changes.decide(registration, accept=False, reason=data["reason"], by=by)
    return "Nicht angenommen. Die E-Mail mit dem Grund ist unterwegs."


def _cancel(registration: Registration, data: dict[str, Any], by: Any) -> str:
    signing_up.cancel(registration, by=by, reason=data["reason"])
    return "Storniert. Frei gewordene Plätze gehen an die Warteliste."


def _move(registration: Registration, data: dict[str, Any], by: Any) -> str:
    moved = staff_changes.move(registration, to=data["to"], by=by)
    return f"Umgebucht auf „{data['to']}“: {moved.get_state_display()}."


def _transfer(registration: Registration, data: dict[str, Any], by: Any) -> str:
    signing_up.transfer(registration, contact_name=data["contact_name"], email=data["email"], by=by)
    return "Übergeben. Der alte Link gilt nicht mehr, der neue ist unterwegs."


def _merge(registration: Registration, data: dict[str, Any], by: Any) -> str:
    merging.merge(registration, into=data["into"], by=by)
    return f"Zusammengelegt mit „{data['into']}“."


def _resend(registration: Registration, data: dict[str, Any], by: Any) -> str:
    staff_changes.resend(registration, by=by)
    return "Die E-Mail mit einem neuen Link ist unterwegs. Der alte Link gilt nicht mehr."


def _erase(registration: Registration, data: dict[str, Any], by: Any) -> str:
    signing_up.erase(registration, by=by)
    return "Namen, Adresse und Antworten sind gelöscht."


LIVING = frozenset(Registration.LIVING)

SETTLED = LIVING - {State.PENDING}

STEPS = (
    Step(
        *("accept", "annehmen", "Anmeldung annehmen"),
        "Die Anmeldung bekommt einen Platz oder, wenn keiner frei ist, einen Wartelistenplatz. Beides sagt die E-Mail.",
        "Annehmen",
        frozenset({State.PENDING}),
        _plain(forms.Form),
        _accept,
    ),
    Step(
        *("reject", "ablehnen", "Anmeldung nicht annehmen"),
        "Der Betrieb bekommt eine E-Mail mit Ihrem Grund.",
        "Nicht annehmen und E-Mail schicken",
        frozenset({State.PENDING, State.WAITING}),
        _plain(ReasonForm),
        _reject,
    ),
    Step(
        *("move", "umbuchen", "Umbuchen"),
        "Die Anmeldung endet hier und gilt für den anderen Dialog, mit allen Personen. Der Betrieb bekommt eine E-Mail.",
        "Umbuchen",
        LIVING,
        lambda data, registration: MoveForm(data, registration=registration),
        _move,
    ),
    Step(
        *("merge", "zusammenlegen", "Mit einer anderen zusammenlegen"),
        "Hat sich ein Betrieb zweimal angemeldet, wird daraus eine Anmeldung. Diese hier endet.",
        "Zusammenlegen",
        frozenset({State.CONFIRMED, State.WAITING}),
        lambda data, registration: MergeForm(data, registration=registration),
        _merge,
    ),
    Step(
        *("transfer", "uebergeben", "An eine andere Ansprechperson übergeben"),
        "Plätze und Personen bleiben. Der alte Link gilt danach nicht mehr.",
        "Übergeben",
        SETTLED,
        _plain(TransferForm),
        _transfer,
    ),
    Step(
        *("resend", "noch-einmal-senden", "E-Mail noch einmal senden"),
        "Die letzte E-Mail geht noch einmal hinaus, mit einem neuen Link. Der alte gilt dann nicht mehr.",
        "Noch einmal senden",
        LIVING,
        _plain(forms.Form),
        _resend,
    ),
    Step(
        *("cancel", "stornieren", "Stornieren"),
        "Die Anmeldung endet, und der Betrieb bekommt eine E-Mail. Frei gewordene Plätze gehen an die Warteliste.",
        "Stornieren",
        LIVING,
        _plain(CancelForm),
        _cancel,
    ),
    Step(
        *("erase", "loeschen", "Personenbezogene Daten löschen"),
        "Namen, Adresse, Hinweise und Antworten werden sofort gelöscht. Steht der Dialog noch bevor, endet auch die "
        "Anmeldung. Das lässt sich nicht zurücknehmen; die Zahlen bleiben.",
        "Endgültig löschen",
        frozenset(State.values),
        _plain(forms.Form),
        _erase,
    ),
)
