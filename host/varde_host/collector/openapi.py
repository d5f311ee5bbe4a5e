"""The HTTP interface for other programs: an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0).

The bodies of an exchange are CBOR and signed, which it does not go into: see `varde.cddl`.
"""

from __future__ import annotations

from typing import Any

from varde_host.collector import blobs, body
from varde_host.feed import question
from varde_protocols import document_request, exchange

_Object = dict[str, Any]

# Of the interface: the first number is that of its path.
VERSION = "1.2"

_ERROR: _Object = {
    "type": "object",
    "required": ["error", "hint"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "hint": {"type": "string"},
    },
}
_RETRY_AFTER: _Object = {
    "description": "Seconds after which to come again.",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}


def _json(schema: _Object) -> _Object:
    return {"application/json": {"schema": schema}}


def _error(description: str, *, is_passing: bool = False) -> _Object:
    said: _Object = {
        "description": description,
        "content": _json({"$ref": "#/components/schemas/Error"}),
    }
    if is_passing:
        said["headers"] = {"Retry-After": _RETRY_AFTER}
    return said


def _bytes(description: str, media_type: str) -> _Object:
    return {"description": description, "content": {media_type: {}}}


_EXCHANGE: _Object = {
    "operationId": "exchange",
    "summary": "Deliver records.",
    "description": "A request signed by its hub, and as many records as it says. What the answer "
    "acknowledges is stored for good; sent again, it is acknowledged again.",
    "requestBody": {
        "required": True,
        "description": f"At most {body.MAX_BODY_BYTES} bytes.",
        "content": {exchange.REQUEST_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    "responses": {
        "200": _bytes("What is stored and what is refused, signed.", exchange.ANSWER_TYPE),
        "400": _error("Malformed, or not signed by its hub."),
        "403": _error("`unknown-hub` or `revoked-hub`: it may not deliver."),
        "408": _error("`body-too-slow`."),
        "413": _error("`body-too-large`."),
        "429": _error("`too-often`: this hub, for now.", is_passing=True),
        "500": _error("`bug`: send it again later.", is_passing=True),
        "503": _error(
            "`busy`, or the database, disk or clock failed: send it again later.", is_passing=True
        ),
    },
}
_DOCUMENT: _Object = {
    "operationId": "document",
    "summary": "Ask for what the site has published for a hub.",
    "description": "A request signed by its hub for the next trust or its newest assignment. The "
    "answer is a document that proves itself.",
    "requestBody": {
        "required": True,
        "description": f"At most {document_request.MAX_REQUEST_BYTES} bytes.",
        "content": {
            document_request.REQUEST_TYPE: {"schema": {"type": "string", "format": "binary"}}
        },
    },
    "responses": {
        **_EXCHANGE["responses"],
        "200": _bytes("The document.", document_request.ANSWER_TYPE),
        "204": {"description": "There is none after the number that the hub has."},
    },
}
_FEED: _Object = {
    "operationId": "feed",
    "summary": "Ask for sealed records that a receiver does not have.",
    "description": "A question signed by a receiver that was let in (`varde feed add`). The "
    "answer is a page of hubs and records, and where to ask on.",
    "requestBody": {
        "required": True,
        "description": f"At most {question.MAX_BYTES} bytes.",
        "content": {question.TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    "responses": {
        **_EXCHANGE["responses"],
        "200": _bytes("The page.", question.TYPE),
    },
}
_BLOB: _Object = {
    "operationId": "blob",
    "summary": "A part of a release, by the hash of its content.",
    "description": "Only where a folder is served (`varde collector --blobs`). One range of bytes "
    "may be asked for; of several the whole is sent.",
    "parameters": [
        {
            "name": "sha256",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": blobs.PATTERN},
        },
        {
            "name": "Range",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": "^bytes=[0-9]{1,10}-[0-9]{0,10}$"},
        },
    ],
    "responses": {
        "200": _bytes("All of it.", blobs.MEDIA_TYPE),
        "206": _bytes("The range that was asked for.", blobs.MEDIA_TYPE),
        "400": _bytes("The range is none.", "text/plain"),
        "404": _error("`not-found`."),
        "416": {"description": "The range lies behind the end, which Content-Range tells."},
        "503": _error("`busy`: come again later.", is_passing=True),
    },
}
_HEALTH: _Object = {
    "operationId": "health",
    "summary": "Tell if records can be taken.",
    "responses": {
        "200": {
            "description": "They can.",
            "content": _json(
                {
                    "type": "object",
                    "required": ["status", "time_ms", "database"],
                    "additionalProperties": False,
                    "properties": {
                        "status": {"const": "ok"},
                        "time_ms": {"type": "integer", "minimum": 0},
                        "database": {"enum": ["sqlite", "postgresql"]},
                    },
                }
            ),
        },
        "500": _error("`bug`.", is_passing=True),
        "503": _error("The database, or the clock, does not answer.", is_passing=True),
    },
}
_METRICS: _Object = {
    "operationId": "metrics",
    "summary": "Counts and times of this process, in Prometheus's text format.",
    "responses": {"200": _bytes("All of them.", "text/plain")},
}
_DESCRIPTION: _Object = {
    "operationId": "openapi",
    "summary": "This document.",
    "responses": {"200": {"description": "It.", "content": _json({"type": "object"})}},
}

DOCUMENT: _Object = {
    "openapi": "3.1.0",
    "info": {
        "title": "Varde collector",
        "summary": "Takes signed records from hubs, and hands them what their site has signed.",
        "version": VERSION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "paths": {
        exchange.PATH: {"post": _EXCHANGE},
        document_request.PATH: {"post": _DOCUMENT},
        question.PATH: {"post": _FEED},
        blobs.ROUTE: {"get": _BLOB},
        "/health": {"get": _HEALTH},
        "/metrics": {"get": _METRICS},
        "/openapi.json": {"get": _DESCRIPTION},
    },
    "components": {"schemas": {"Error": _ERROR}},
}
