"""What somebody orders with an alert, in words and by edition.

Each alert stores the edition that stood at the form. An edition is never reworded: a new text is a new edition, so that what
somebody agreed to can be shown for as long as the alert runs. There is no box to tick: the order itself, confirmed by the
button behind the mailed link, is the consent, and it is asked for nothing else.
"""

from collections.abc import Mapping

EDITIONS: Mapping[str, str] = {
    "2026-11": "Sie schicken mir an diese Adresse E-Mails mit dem, was zu meiner Auswahl neu im Portal steht, im gewählten"
    " Rhythmus und nur, wenn es Neues gibt. Dafür speichern Sie Adresse, Auswahl und Rhythmus, bis ich die Benachrichtigung"
    " beende. Das kann ich jederzeit, mit dem Link in jeder E-Mail.",
}
CURRENT = "2026-11"
