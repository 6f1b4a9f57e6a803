"""Base URLs as people write them, and the URL that requests go to."""

from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from genz.errors import UsageError

_QUERY = frozenset({"api-version"})
"""Parameters of a base URL that are no secret; the URL is shown and saved."""


def request_url(base_url: str, path: str, *, version: str, always: bool = False) -> str:
    """URL of the requests below a base URL.

    The base URL may end in a slash, in `version` or in the whole path. A base URL that has no path
    gets the version; one that has another path is taken as it is, because gateways have versions of
    their own, unless the dialect wants the version `always`.

    Raises
    ------
    UsageError
        No http or https URL, no host, a password in it, a fragment.
    """
    url = _split(base_url)
    prefix = url.path.rstrip("/").removesuffix(path)
    if not prefix or (always and not prefix.endswith(version)):
        prefix += version
    return urlunsplit((url.scheme, url.netloc, prefix + path, url.query, ""))


def shown(url: str) -> str:
    """The URL without its query, which may hold what messages must not show."""
    return url.partition("?")[0]


def _split(base_url: str) -> SplitResult:
    text = base_url.strip()
    hint = "wanted one like http://localhost:8000/v1 or https://api.example.com/v1"
    if "://" not in text:
        raise UsageError(f"the base URL {shown(text)!r} has no http:// or https://, {hint}")
    try:
        url = urlsplit(text)
        host = url.hostname
        port = url.port
    except ValueError as error:
        raise UsageError(f"the base URL is none: {error}, {hint}") from None
    if "@" in url.netloc:
        raise UsageError(
            "the base URL holds a user name or password; "
            "a key comes from the environment or a key file"
        )
    if url.scheme not in {"http", "https"}:
        raise UsageError(f"the base URL has the scheme {url.scheme}, {hint}")
    if not host or port == 0 or any(c.isspace() or not c.isprintable() for c in text):
        raise UsageError(f"the base URL {shown(text)!r} has no host that can be reached, {hint}")
    try:
        host.encode("idna")
    except UnicodeError:
        raise UsageError(f"the host {host!r} of the base URL is none, {hint}") from None
    named = {name for name, _ in parse_qsl(url.query, keep_blank_values=True)}
    if not named <= _QUERY:
        raise UsageError(
            f"the base URL has the parameter {min(named - _QUERY)!r}, wanted none but "
            f"{', '.join(sorted(_QUERY))}: a key comes from the environment or a key file"
        )
    if url.fragment:
        raise UsageError(f"the base URL {shown(text)!r} ends in a fragment, {hint}")
    return url
