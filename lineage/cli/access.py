"""Who is let in: the gate that the settings ask for."""

import time
from functools import partial
from typing import Final

from lineage.access import Gate
from lineage.access.gate import Guarded, Proxy
from lineage.access.identities import ByCluster, ByProvider, ByProxy, Identity
from lineage.access.provider import Provider, fetching
from lineage.access.reviews import Reviews
from lineage.access.rights import ClusterRights, Everything, Rights
from lineage.access.tokens import Names, Tokens
from lineage.deadline import Deadline
from lineage.errors import InvalidSettings
from lineage.ports import LineageStore
from lineage.settings import Settings
from watchers.kube import connect

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 5.0  # for an API server to review
STORE_SECONDS: Final = 5.0  # for a store to name its namespaces


def guarded(settings: Settings, store: LineageStore) -> Gate:
    """Make a gate with the ways to show who one is that the settings name. It connects to nothing until somebody asks.

    Raises:
        InvalidSettings: a cluster is to be asked, and there is no configuration of one.
    """
    asked = "kubernetes" in settings.access or settings.access_rights == "kubernetes"
    reviews = _reviews(settings) if asked else None
    return Guarded(
        list(_identities(settings, reviews)),
        _rights(settings, store, reviews),
        proxy=_proxy(settings),
        seconds=settings.access_seconds,
    )


def _reviews(settings: Settings) -> Reviews:
    try:
        kube = connect(
            context=settings.context, connect_timeout_seconds=CONNECT_SECONDS, silence_seconds=ANSWER_SECONDS
        )
    except InvalidSettings as error:
        raise InvalidSettings(
            f"{error} (a cluster is asked who callers are and what they may see: KUBECONFIG names the file that says "
            "where it is; without a cluster, access is by oidc or proxy, with access_rights = all)"
        ) from error
    return Reviews(kube.review)


def _identities(settings: Settings, reviews: Reviews | None) -> list[Identity]:
    """The ways in the order in which they are tried: a provider knows its own tokens, and a cluster takes any."""
    ways: list[Identity] = []
    if "oidc" in settings.access and settings.oidc_issuer is not None and settings.oidc_audience is not None:
        names = Names(
            user_claim=settings.oidc_username_claim,
            user_prefix=settings.oidc_username_prefix,
            groups_claim=settings.oidc_groups_claim,
            groups_prefix=settings.oidc_groups_prefix,
        )
        tokens = Tokens(settings.oidc_issuer, settings.oidc_audience, names, now=time.time)
        provider = Provider(settings.oidc_issuer, tokens, fetching(settings.oidc_ca_file))
        ways.append(ByProvider(settings.oidc_issuer, provider, now=time.time))
    if "kubernetes" in settings.access and reviews is not None:
        ways.append(ByCluster(reviews, settings.access_audiences))
    if "proxy" in settings.access:
        ways.append(ByProxy(settings.user_prefix))
    return ways


def _rights(settings: Settings, store: LineageStore, reviews: Reviews | None) -> Rights:
    if reviews is None or settings.access_rights == "all":
        return Everything()
    return ClusterRights(
        settings.cluster, may_read=reviews.may_read, namespaces=partial(_namespaces, store, settings.cluster)
    )


def _namespaces(store: LineageStore, cluster: str) -> frozenset[str]:
    return store.within(Deadline(STORE_SECONDS)).namespaces(cluster)


def _proxy(settings: Settings) -> Proxy | None:
    if "proxy" not in settings.access:
        return None
    return Proxy(header=settings.user_header.lower(), networks=settings.proxies)
