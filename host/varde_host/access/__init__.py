"""Who may do what, where: roles, people, sessions, municipalities.

`matrix.toml` is the role matrix; what is not in it is refused. `commands.toml` says which of its
actions each command of `varde` is that asks `--by`. `people` are those of a site who log in here
with two factors, `oidc_login` lets the municipality's own identity provider say who somebody is.
A session (`sessions`) only knows who somebody is; what they may do is found anew at each request
(`grants`), so that a function that is taken away is gone at once. `tenants` keeps municipalities
apart. `login_pages` are the pages.
"""

from varde_host.access.visit import Visit

PUBLIC = "public"
"""The action of a page that anybody may ask for: logging in, files, health."""

__all__ = ["PUBLIC", "Visit"]
