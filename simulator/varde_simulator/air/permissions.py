"""What an attribute demands of whoever reads or writes it, and whether a connection has it.

Bumble serves every attribute to everybody; the permissions it was given count here.
"""

from typing import Any

from bumble import att, core

from varde_simulator.air.att_client import (
    CHARACTERISTIC,
    READ_BY_TYPE_REQUEST,
    READ_REQUEST,
    WRITE_COMMAND,
    WRITE_REQUEST,
)
from varde_simulator.air.security import Security

_READ_BLOB_REQUEST = 0x0C
_READ_MULTIPLE_REQUESTS = (0x0E, 0x20)
_DECLARATION = core.UUID.from_16_bits(CHARACTERISTIC)
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


def refusal(server: Any, request: Any, security: Security, connection: Any) -> tuple[int, int]:
    """The ATT error that `request` earns and the handle that it is about; 0 for none."""
    op_code = request.op_code
    if op_code == READ_BY_TYPE_REQUEST and request.attribute_type != _DECLARATION:
        return _refusal_by_type(server, request, security, connection)
    if op_code in _READ_MULTIPLE_REQUESTS:
        handles = request.set_of_handles
    elif op_code in _READS or op_code in _WRITES:
        handles = (request.attribute_handle,)
    else:
        return 0, 0
    side = 1 if op_code in _WRITES else 0
    for handle in handles:
        attribute = server.get_attribute(handle)
        error = 0 if attribute is None else _refused(attribute, side, security, connection)
        if error:
            return error, handle
    return 0, 0


def _refusal_by_type(
    server: Any, request: Any, security: Security, connection: Any
) -> tuple[int, int]:
    """The first one decides; a later one that may not be read ends the answer before it (Core 5.4,
    Vol 3, Part F, 3.4.4.1)."""
    is_first = True
    for attribute in server.attributes:
        handle = attribute.handle
        in_range = request.starting_handle <= handle <= request.ending_handle
        if in_range and attribute.type == request.attribute_type:
            error = _refused(attribute, 0, security, connection)
            if error and is_first:
                return error, handle
            if error:
                request.ending_handle = handle - 1
                break
            is_first = False
    return 0, 0


def _refused(attribute: Any, side: int, security: Security, connection: Any) -> int:
    permissions = int(attribute.permissions)
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
