"""Addresses of websites, said as people know them."""

from urllib.parse import urlsplit


def domain(address: str) -> str:
    """The name of the server without „www.“; empty for what is no address."""
    return (urlsplit(address).hostname or "").removeprefix("www.")
