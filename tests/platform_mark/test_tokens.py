import pytest
from django.conf import LazySettings

from platform_mark.tokens import BadToken, TokenSubject, make_token, read_token


def test_a_token_names_its_row_and_version_for_its_purpose() -> None:
    assert read_token("a", make_token("a", 12, 3)) == TokenSubject(12, 3)


def test_every_changed_character_another_purpose_and_rubbish_are_refused() -> None:
    token = make_token("a", 12, 3)
    wrong = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]
    # The last character of base64 carries spare bits, which change nothing.
    wrong = [t for t in wrong[:-1] if t != token]
    for bad in [*wrong, "", ".", "x", "12-3", token + "x", token.replace("-", "--")]:
        with pytest.raises(BadToken):
            read_token("a", bad)
    with pytest.raises(BadToken):
        read_token("b", token)


def test_a_rotated_key_still_opens_until_it_is_dropped(settings: LazySettings) -> None:
    token = make_token("a", 12, 3)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-of-sufficient-length-for-this-purpose"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert read_token("a", token).row_id == 12
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadToken):
        read_token("a", token)
