"""What a name says about its value, and which values can be a secret at all.

Pure; knows no objects and no texts.
"""

import re
from functools import lru_cache
from typing import Final


def words(text: str) -> frozenset[str]:
    """Read a list of words."""
    return frozenset(text.split())


REDACTED: Final = "redacted:"
MARKER: Final = re.compile(rf"{REDACTED}[0-9a-f]{{12}}:[0-9a-f]{{32}}")
"""What stands for a secret: `redacted:<id of the key>:<digest>`."""

NAME_HINTS: Final = ("pass", "pwd", "secret", "token", "cred", "conn", "key")
"""Every secret name holds one of these, in lower case."""

KINDS_OF_KEY: Final = ("api", "access", "secret", "private", "auth", "signing", "encryption", "ssh", "account")
"""What makes a key a secret one. Other keys (primary, partition, object) are none."""

# Words that make a name secret, wherever they stand in it …
_SECRET_WORDS: Final = words(
    """
    password passwords passwd pwd passphrase passcode secret secrets token credential credentials creds apikey
    apikeys accesskey secretkey privatekey apitoken authtoken accesstoken refreshtoken bearertoken idtoken
    clientsecret connectionstring connstr sshpass
    """
)
_SECRET_ENDINGS: Final = ("password", "passwd", "passphrase")  # PGPASSWORD
_OWNERS_OF_PASS: Final = ("db", "database", "user", "root", "admin", "smtp", "mysql", "postgres", "redis")
_SECRET_PAIRS: Final = frozenset(
    {
        *((kind, "key") for kind in KINDS_OF_KEY),
        *((kind, "keys") for kind in ("api", "access", "secret", "private")),
        *((kind, "tokens") for kind in ("api", "access", "auth", "bearer", "refresh")),
        *((owner, "pass") for owner in _OWNERS_OF_PASS),
        *(("connection", "string"), ("conn", "string"), ("conn", "str")),
    }
)
# … unless the next word or the last one says that the value is about a secret and is none …
_ABOUT: Final = words(
    """
    name names ref refs reference selector key keys path paths file files filename dir directory location mount
    mounts volume volumes namespace version versions type types kind class length len size min max limit count
    counts counter expiration expires expiry ttl lifetime timeout age seconds minutes hours days interval
    rotation policy policies rule rules enabled disabled required optional provider store manager backend engine
    url uri endpoint arn algorithm strategy field column columns env var variable prompt hint label help
    description format regex pattern budget usage
    """
)
# … or the token is a piece of text or a place in a list, and opens nothing.
_ABOUT_TOKEN: Final = _ABOUT | words(
    """
    id ids index indices number num embedding embeddings embed dim level classification classifier mask masking
    dropout drop accuracy loss weight weights prob probs probability map mapping merging merge mixer mixing
    vocab vocabulary rate cost price throughput per pooling position positions span overlap window audience
    audiences issuer requests review reviews encoding header prefix suffix source model dataset metrics
    generation
    """
)
_TOKEN_OF_TEXT: Final = words(
    """
    max min num n total pad padding eos bos unk mask sep cls special stop start end separator image video audio
    word sub per first last next previous prev page continue continuation cancellation
    """
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORKING_DIRECTORIES: Final = ("PWD", "OLDPWD")


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Say whether values under this name are secrets. Splits camelCase and every kind of separator."""
    parts = [part.lower() for part in _WORD.findall(name)]
    if not parts or name.strip("-.") in _WORKING_DIRECTORIES:
        return False
    if parts[-1] in _ABOUT and tuple(parts[-2:]) not in _SECRET_PAIRS:
        return False
    padded = ["", *parts, "", ""]
    return any(_is_secret_word(*padded[index : index + 4]) for index in range(len(parts)))


def _is_secret_word(before: str, word: str, after: str, beyond: str) -> bool:
    if (word, after) in _SECRET_PAIRS:
        return beyond not in _ABOUT
    if word == "token":
        return after not in _ABOUT_TOKEN and before not in _TOKEN_OF_TEXT
    return (word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS)) and after not in _ABOUT


_PLACEHOLDER: Final = re.compile(
    r"\{\{.*?\}\}|\[\[.*?\]\]|\$\{\w+\}|\$\([^)]*\)|\$[A-Z_][A-Z0-9_]*|\$[a-z_]+|\$\d|%\(\w+\)s|%s"
    r"|\{[A-Za-z_][\w.\[\]'\"]*\}|<[A-Za-z_ -]+>|`[^`]*`",
    re.DOTALL,
)
_SCHEME: Final = re.compile(r"(?i)\b(?:bearer|basic|token)\b")
_NO_SECRETS: Final = words(
    """
    true false yes no on off null none nil undefined ~ n/a string str int integer bytes bool boolean float
    number object array list dict any bearer basic
    """
)
_MASKED: Final = re.compile(r"[*•.-]+|[xX]{3,}")
_PATH: Final = re.compile(
    r"(?:\.{0,2}|~)/(?:(?:var|etc|run|mnt|tmp|home|opt|root|usr|secrets?|vault|data|work\w*|app|srv)(?:/[\w.@-]*)*"
    r"|[\w.@/-]+\.(?:json|pem|key|crt|cert|txt|ya?ml|token|env|p12|jks|conf|cfg|ini))"
)
_REFERENCE: Final = re.compile(r"(?:arn:|vault:|ref\+|secret://|secretref:|projects/[^/]+/secrets/)")


def can_be_secret(value: str) -> bool:
    """Say whether a value under a secret name is one: no template, path, truth value, mask or reference."""
    value = value.strip()
    if not value or value.lower() in _NO_SECRETS or MARKER.search(value):
        return False
    if any(form.fullmatch(value) for form in (_MASKED, _PATH)) or _REFERENCE.match(value):
        return False
    rest, count = _PLACEHOLDER.subn("", value)
    return not count or any(character.isalnum() for character in _SCHEME.sub("", rest))
