"""Keys stand in path, query and user part of an address; none of them may be read anywhere."""

import pytest

from keeper.chain.redaction import names, redact, scrub


def test_keys_in_addresses_are_not_shown() -> None:
    """Path, query and password may hold the key."""
    assert redact("https://user:pw@rpc.example:8443/v3/KEY?token=T") == "https://rpc.example:8443"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://rpc.example/v3/0123456789abcdef", "no project 0123456789abcdef"),
        ("https://rpc.example/v3/0123456789abcdef", "at https://rpc.example/v3/0123456789abcdef: refused"),
        ("https://rpc.example/?apikey=0123456789abcdef", "key 0123456789abcdef is over its limit"),
        ("https://me:0123456789abcdef@rpc.example", "bad login me:0123456789abcdef"),
        ("https://rpc.example/01234%2F56789abcdef", "no project 01234/56789abcdef"),
    ],
)
def test_secrets_are_taken_out_of_what_others_say(url: str, text: str) -> None:
    """An HTTP library's error, a provider's message."""
    cleaned = scrub(text, url)
    assert "789abcdef" not in cleaned
    assert cleaned != text


def test_words_in_an_address_are_left_in_honest_text() -> None:
    """Otherwise no message could be read any more."""
    assert scrub("execution of v1 rpc reverted", "https://rpc.example/v1/rpc") == "execution of v1 rpc reverted"


def test_a_query_that_is_nothing_but_a_key_is_a_secret() -> None:
    assert scrub("denied for 0123456789abcdef", "https://rpc.example/?0123456789abcdef") == "denied for …"


def test_two_keys_of_one_provider_have_two_names() -> None:
    assert names(["https://a.example/1", "https://b.example/x", "https://a.example/2"]) == [
        "https://a.example (1)",
        "https://b.example",
        "https://a.example (2)",
    ]
