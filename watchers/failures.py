"""What went wrong with a request, in stable words: the same trouble is the same message, so it is told once."""

import ssl

import urllib3
from urllib3.exceptions import NameResolutionError, NewConnectionError, ReadTimeoutError, SSLError
from urllib3.exceptions import TimeoutError as Unanswered


def reason_of(error: Exception, *, silence_seconds: float) -> str:
    """Say why a request failed. `silence_seconds` is how long a server may say nothing."""
    match error:
        case NameResolutionError():
            return "its name cannot be resolved"
        case NewConnectionError():
            return "nobody answers there"
        case ReadTimeoutError() | TimeoutError():
            return f"it was silent for {silence_seconds:g} s"
        case Unanswered():
            return "it did not answer in time"
        case SSLError() | ssl.SSLError():
            return f"TLS failed: {error}"
        case _:
            return f"the connection broke ({type(error).__name__})"


def retry_after(response: urllib3.BaseHTTPResponse) -> float:
    """Read for how many seconds a server asks to be left alone; these say it in whole seconds, not as a date."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdecimal() else 0.0
