"""The HTTP subset: whole, byte by byte and with a tail, and every refusal by its name."""

import unittest

from varde_protocols import http_response as http
from varde_protocols.errors import HttpError

GOOD = (
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\ncontent-length:  5 \r\n\r\nhello",
     200, {"content-type": b"application/cbor", "content-length": b"5"}, b"hello"),
    (b"HTTP/1.1 400 \r\nContent-Length: 0\r\n\r\n", 400, {"content-length": b"0"}, b""),
    (b"HTTP/1.0 503\r\nContent-Length: 1\r\nRetry-After: 5\r\n\r\n\n", 503,
     {"content-length": b"1", "retry-after": b"5"}, b"\n"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, {}, b""),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304,
     {"content-length": b"7"}, b""),
    (b"HTTP/1.1 200 \xc3\xa6\r\nVia: a\r\nVIA:\tb\r\nX-Empty:\r\nContent-Length: 4\r\n\r\n"
     b"\0\r\n\xff", 200, {"via": b"a, b", "x-empty": b"", "content-length": b"4"}, b"\0\r\n\xff"),
    (b"HTTP/1.1 200 all\tis well\r\nContent-Length: 0\r\n\r\n", 200,
     {"content-length": b"0"}, b""),
)  # fmt: skip

OK = b"HTTP/1.1 200 OK\r\n"
REFUSED = (
    ("http-status-line", b"HTTP/2 200 OK\r\n\r\n"),
    ("http-status-line", b"ICY 200 OK\r\n\r\n"),
    ("http-status-line", b"HTTP/1.1 20 OK\r\n\r\n"),
    ("http-status-line", b"HTTP/1.1  200\r\n\r\n"),
    ("http-status-line", b"\r\n\r\n"),
    ("http-status-line", b"\r\n" + OK + b"Content-Length: 0\r\n\r\n"),
    ("http-status-line", b"HTTP/1.1 200 OK\nContent-Length: 9\r\nContent-Length: 3\r\n\r\nabc"),
    ("http-status-line", b"HTTP/1.1 200\nContent-Length: 3\r\n\r\nabc"),
    ("http-status-line", b"HTTP/1.1 200 OK\rContent-Length: 9\r\nContent-Length: 3\r\n\r\nabc"),
    ("http-status-line", b"HTTP/1.1 200 O\0K\r\nContent-Length: 3\r\n\r\nabc"),
    ("http-status-line", b"HTTP/1.1 200 O\x7fK\r\nContent-Length: 3\r\n\r\nabc"),
    ("http-status", b"HTTP/1.1 2000 OK\r\n\r\n"),
    ("http-status", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("http-status", b"HTTP/1.1 600 ?\r\n\r\n"),
    ("http-chunked", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    ("http-chunked", OK + b"Content-Length: 3\r\ntransfer-encoding: identity\r\n\r\n"),
    ("http-length", OK + b"\r\n"),
    ("http-length", OK + b"Content-Length: \r\n\r\n"),
    ("http-length", OK + b"Content-Length: -1\r\n\r\n"),
    ("http-length", OK + b"Content-Length: +1\r\n\r\n"),
    ("http-length", OK + b"Content-Length: 1_0\r\n\r\n"),
    ("http-length", OK + b"Content-Length: 0x10\r\n\r\n"),
    ("http-length", OK + b"Content-Length: 04\r\n\r\nabcd"),
    ("http-length", OK + b"Content-Length: 00\r\n\r\n"),
    ("http-length", OK + b"Content-Length: 5, 5\r\n\r\n"),
    ("http-length", OK + b"Content-Length: " + b"9" * 500 + b"\r\n\r\n"),
    ("http-length", OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
    ("http-body-too-large", OK + b"Content-Length: 8193\r\n\r\n"),
    ("http-header", OK + b"Content-Length : 5\r\n\r\n"),
    ("http-header", OK + b": 5\r\n\r\n"),
    ("http-header", OK + b"no colon\r\n\r\n"),
    ("http-header", OK + b"A: b\r\n c\r\n\r\n"),
    ("http-header", OK + b"A: b\nContent-Length: 5\r\n\r\n"),
    ("http-header", OK + b"A: b\0\r\n\r\n"),
    ("http-header", OK + b"A\xe6: b\r\n\r\n"),
    ("http-head-too-large", OK + b"A: " + b"x" * 2048),
    ("http-head-too-large", OK + b"A: " + b"x" * 2048 + b"\r\n\r\n"),
    ("http-too-large", b"x" * 10241),
)


def feed(reader, pieces):
    """All events that come of the pieces; bodies joined."""
    status, headers, body = None, None, b""
    for piece in pieces:
        reader.receive(piece)
        while True:
            event = reader.next_event()
            if event is http.NEED_DATA:
                break
            if event is http.END:
                return status, headers, body
            if isinstance(event, http.Head):
                status, headers = event.status, event.headers
            else:
                body += event.data
    return None


def refusal(pieces):
    reader = http.ResponseReader()
    try:
        feed(reader, pieces)
    except HttpError as error:
        return error.code
    return None


def single_bytes(data):
    return [data[i : i + 1] for i in range(len(data))]


class Good(unittest.TestCase):
    def test_whole(self):
        for data, status, headers, body in GOOD:
            self.assertEqual(feed(http.ResponseReader(), [data]), (status, headers, body))

    def test_byte_by_byte(self):
        for data, status, headers, body in GOOD:
            pieces = single_bytes(data)
            self.assertEqual(feed(http.ResponseReader(), pieces), (status, headers, body))

    def test_in_two_pieces_wherever_cut(self):
        data, status, headers, body = GOOD[0]
        for cut in range(1, len(data)):
            pieces = [data[:cut], data[cut:]]
            self.assertEqual(feed(http.ResponseReader(), pieces), (status, headers, body))

    def test_with_a_tail(self):
        for data, status, headers, body in GOOD:
            reader = http.ResponseReader()
            self.assertEqual(feed(reader, [data + b"HTTP/1.1"]), (status, headers, body))
            self.assertEqual(reader.unread, b"HTTP/1.1")
            self.assertTrue(reader.next_event() is http.END)

    def test_nothing_is_unread_before_the_end(self):
        reader = http.ResponseReader()
        reader.receive(GOOD[0][0])
        self.assertEqual(reader.unread, b"")

    def test_close_behind_a_whole_response(self):
        reader = http.ResponseReader()
        reader.receive(GOOD[0][0])
        reader.receive(b"")
        self.assertEqual(feed(reader, [b""])[2], b"hello")

    def test_limits_are_those_given(self):
        data = OK + b"Content-Length: 20\r\n\r\n" + bytes(20)
        self.assertEqual(feed(http.ResponseReader(39, 20), [data])[2], bytes(20))
        for limits, expected in (((38, 30), "http-head-too-large"), ((50, 19), "http-body")):
            reader = http.ResponseReader(*limits)
            try:
                feed(reader, [data])
                code = None
            except HttpError as error:
                code = error.code
            self.assertTrue(code and code.startswith(expected))

    def test_markers_show_their_names(self):
        self.assertEqual(repr(http.NEED_DATA), "NEED_DATA")
        self.assertEqual(repr(http.END), "END")


class Refused(unittest.TestCase):
    def test_every_fault_has_its_name(self):
        for code, data in REFUSED:
            self.assertEqual(refusal([data]), code, data[:60])

    def test_also_byte_by_byte(self):
        for code, data in REFUSED:
            expected = "http-head-too-large" if code == "http-too-large" else code
            self.assertEqual(refusal(single_bytes(data)), expected, data[:60])

    def test_every_cut_is_truncated(self):
        for data, _status, _headers, body in GOOD:
            needed = len(data) if body else data.index(b"\r\n\r\n") + 4
            for size in range(needed):
                self.assertEqual(refusal([data[:size], b""] if size else [b""]), "http-truncated")

    def test_a_dead_reader_stays_dead(self):
        reader = http.ResponseReader()
        reader.receive(b"SSH-2.0\r\n\r\n")
        for action in (reader.next_event, reader.next_event, lambda: reader.receive(OK)):
            with self.assertRaises(HttpError):
                action()
        self.assertEqual(reader.unread, b"")


if __name__ == "__main__":
    unittest.main()
