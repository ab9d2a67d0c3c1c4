"""What an API server says of callers: who a token is of, and who may do what. Source: the Kubernetes API reference,
`authentication.k8s.io/v1` TokenReview and `authorization.k8s.io/v1` SubjectAccessReview.

Nothing is kept here; whoever asks remembers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from lineage.access import Caller
from lineage.errors import ClusterError, RightsUnknown, Unauthenticated

Post: TypeAlias = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Send an object to a path of an API server, and get what it makes of it.

Raises:
    ClusterError: it cannot be reached, or refuses.
"""

TOKEN_REVIEWS: Final = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 - a path
ACCESS_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
AUTHENTICATED: Final = "system:authenticated"  # the group of whoever has a name
GROUP, RESOURCE, VERB = "argoproj.io", "workflows", "get"  # who may do this in a namespace may read its lineage


class Reviews:
    """Asks an API server. Safe to share among threads."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def caller(self, token: str, audiences: Sequence[str] = ()) -> Caller:
        """Say whose token that is. One that is meant for none of `audiences` is refused; without any, it must be meant
        for the API server itself.

        Raises:
            Unauthenticated: the API server does not know it, or no longer.
            RightsUnknown: it cannot be asked.
        """
        status = self._ask(TOKEN_REVIEWS, "authentication.k8s.io/v1", "TokenReview", _token(token, audiences))
        if status.get("authenticated") is not True:
            raise Unauthenticated("The cluster does not know this token, or no longer.")
        # A server that knows nothing of audiences names none, and took the token for one that is meant for itself.
        if audiences and not set(_texts(status.get("audiences"))) & set(audiences):
            raise Unauthenticated(f"This token is meant for others than {', '.join(audiences)}.")
        user = status.get("user")
        name = user.get("username") if isinstance(user, Mapping) else None
        if not isinstance(name, str) or not name or not isinstance(user, Mapping):
            raise Unauthenticated("The cluster knows this token, and does not say whose it is.")
        uid = user.get("uid")
        return Caller(name=name, groups=_texts(user.get("groups")), uid=uid if isinstance(uid, str) else None)

    def may_read(self, caller: Caller, namespace: str) -> bool:
        """Say whether somebody may get workflows in a namespace, or in each that there ever will be: that is what `""`
        means to an API server.

        Raises:
            RightsUnknown: the API server cannot be asked.
        """
        asked = {
            "user": caller.name,
            "groups": list(dict.fromkeys((*caller.groups, AUTHENTICATED))),
            **({} if caller.uid is None else {"uid": caller.uid}),
            "resourceAttributes": {"namespace": namespace, "verb": VERB, "group": GROUP, "resource": RESOURCE},
        }
        status = self._ask(ACCESS_REVIEWS, "authorization.k8s.io/v1", "SubjectAccessReview", asked)
        return status.get("allowed") is True and status.get("denied") is not True

    def _ask(self, path: str, version: str, kind: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer = self._post(path, {"apiVersion": version, "kind": kind, "spec": spec})
        except ClusterError as error:
            raise RightsUnknown(f"The cluster cannot be asked who may see what: {error}") from error
        status = answer.get("status")
        if not isinstance(status, Mapping):
            raise RightsUnknown(f"The cluster answered a {kind} without a status.")
        return status


def _token(token: str, audiences: Sequence[str]) -> Mapping[str, Any]:
    return {"token": token, **({"audiences": list(audiences)} if audiences else {})}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
