import pytest
from tests.dialogues.make import *
from tests.make import make_branch, make_municipality

pytestmark = pytest.mark.django_db


def test_s(client, django_assert_max_num_queries):
    b = make_branch("Metall")
    for i in range(5):
        make_dialogue(branches=[b], municipality=make_municipality(f"Ort {i}"))
    d = make_dialogue("Past", starts_at=in_days(-5), branches=[b])
    from dialogues.models import Report

    Report.objects.create(dialogue=d, participants=3, published_at=timezone.now())
    client.raise_request_exception = True
    for u in [
        "/dialoge/",
        "/dialoge/?branche=metall",
        "/dialoge/?zeitraum=vergangen",
        "/dialoge/?ansicht=monat",
        "/dialoge/termine.ics",
        "/dialoge/neu.atom?branche=metall",
        d.get_absolute_url(),
        "/dialoge/dialog-1/",
        "/dialoge/dialog-1/termin.ics",
    ]:
        with django_assert_max_num_queries(4):
            r = client.get(u)
        assert r.status_code == 200, (u, r.content[:3000])
        print(u, len(r.content))
