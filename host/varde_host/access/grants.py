"""What somebody may do, found anew at each request from what the municipalities say now."""

from __future__ import annotations

from collections.abc import Mapping

from varde_host import errors
from varde_host.access import identity, people, tenants
from varde_host.inventory import who

Grants = Mapping[str, tuple[str, ...]]
"""A tenant's key, and the functions that somebody has there, in the order of `who.FUNCTIONS`."""


def of(somebody: identity.Identity, everywhere: tenants.Tenants) -> Grants:
    """Return where somebody has which functions; nothing for somebody who is no more known.

    A municipality whose files cannot be read lets nobody in. If it is the only one, that is said:
    raises InputRefused `access-file`, `people-file`.
    """
    found = {each.key: _readable(somebody, each, everywhere) for each in everywhere.all}
    return {
        key: tuple(each for each in who.FUNCTIONS if each in functions)
        for key, functions in found.items()
        if functions
    }


def _readable(
    somebody: identity.Identity, tenant: tenants.Tenant, everywhere: tenants.Tenants
) -> frozenset[str]:
    try:
        return _at(somebody, tenant, everywhere)
    except errors.InputRefused:
        if len(everywhere.all) == 1:
            raise
        return frozenset()


def _at(
    somebody: identity.Identity, tenant: tenants.Tenant, everywhere: tenants.Tenants
) -> frozenset[str]:
    match somebody:
        case identity.Local(site, person, stamp):
            return _local(tenant, person, stamp) if site == tenant.key else frozenset()
        case identity.Provided(issuer, client_id, _, groups):
            return _provided(tenant, issuer, client_id, groups)
        case identity.Practising():
            return frozenset(who.FUNCTIONS) if everywhere.is_practice else frozenset()


def _local(tenant: tenants.Tenant, person: str, stamp: str) -> frozenset[str]:
    if not tenant.rules.is_local_allowed:
        return frozenset()
    known = people.load(tenant.directory).get(person)
    if known is None or known.is_disabled or known.stamp != stamp:
        return frozenset()
    return frozenset(known.functions)


def _provided(
    tenant: tenants.Tenant, issuer: str, client_id: str, groups: tuple[str, ...]
) -> frozenset[str]:
    provider = tenant.rules.provider
    if provider is None or (provider.issuer, provider.client_id) != (issuer, client_id):
        return frozenset()
    mapped = (provider.groups.get(group, ()) for group in groups)
    return frozenset(function for functions in mapped for function in functions)
