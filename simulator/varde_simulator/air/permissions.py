"""What an attribute demands of whoever reads or writes it, and whether a connection has it.

Bumble serves every attribute to everybody; the permissions it was given count here.
"""

from typing import Any

from bumble import att

from varde_simulator.air.att_client import READ_REQUEST, WRITE_COMMAND, WRITE_REQUEST
from varde_simulator.air.security import Security

_READ_BLOB_REQUEST = 0x0C
_PREPARE_WRITE_REQUEST = 0x16
_READS = (READ_REQUEST, _READ_BLOB_REQUEST)
_WRITES = (WRITE_REQUEST, WRITE_COMMAND, _PREPARE_WRITE_REQUEST)

_P = att.Attribute.Permissions
# By side, reads and writes: what must be, as plain numbers (a flag's own arithmetic is slow).
_PERMITTED = (int(_P.READABLE), int(_P.WRITEABLE))
_ENCRYPTION = (int(_P.READ_REQUIRES_ENCRYPTION), int(_P.WRITE_REQUIRES_ENCRYPTION))
_AUTHENTICATION = (int(_P.READ_REQUIRES_AUTHENTICATION), int(_P.WRITE_REQUIRES_AUTHENTICATION))
_AUTHORIZATION = (int(_P.READ_REQUIRES_AUTHORIZATION), int(_P.WRITE_REQUIRES_AUTHORIZATION))
_NOT_PERMITTED = (att.ATT_READ_NOT_PERMITTED_ERROR, att.ATT_WRITE_NOT_PERMITTED_ERROR)
_ANY_NEED = sum(_ENCRYPTION) | sum(_AUTHENTICATION) | sum(_AUTHORIZATION)


def refusal(server: Any, request: Any, security: Security, connection: Any) -> int:
    """The ATT error that `request` earns, or 0."""
    op_code = request.op_code
    if op_code not in _READS and op_code not in _WRITES:
        return 0
    attribute = server.get_attribute(request.attribute_handle)
    if attribute is None:
        return 0
    permissions = int(attribute.permissions)
    side = 0 if op_code in _READS else 1
    if not permissions & _PERMITTED[side]:
        return int(_NOT_PERMITTED[side])
    return _insecurity(permissions, side, security, connection) if permissions & _ANY_NEED else 0


def _insecurity(permissions: int, side: int, security: Security, connection: Any) -> int:
    """Core 5.4, Vol 3, Part C, 10.3.1: without encryption it is "insufficient authentication"
    (pair first), or "insufficient encryption" if there is a key that only needs to be used."""
    level = security.level(connection.handle)
    wants_authentication = permissions & _AUTHENTICATION[side]
    if (permissions & _ENCRYPTION[side] or wants_authentication) and not level.encrypted:
        if security.bonds.has(connection.peer_address):
            return int(att.ATT_INSUFFICIENT_ENCRYPTION_ERROR)
        return int(att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR)
    if wants_authentication and not level.authenticated:
        return int(att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR)
    if permissions & _AUTHORIZATION[side]:
        return int(att.ATT_INSUFFICIENT_AUTHORIZATION_ERROR)
    return 0
