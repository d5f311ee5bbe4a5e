"""The frame codec, whole and cut anywhere; the VM runs the same file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_simulator.air import frames

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.binary(max_size=40)
    | st.text(max_size=20)
)
NESTED = st.lists(SCALARS | st.lists(SCALARS, max_size=2), max_size=4)
VALUES = st.lists(SCALARS | NESTED, max_size=6)


def decoded(frame):
    return frames.decode(memoryview(bytes(frame))[frames.HEADER_BYTES :])


@given(VALUES)
def test_what_goes_in_comes_out_with_its_type(values):
    back = decoded(frames.encode(frames.POST, 7, values))
    assert back == values
    assert [type(a) for a in back] == [type(a) for a in values]


@given(VALUES, st.data())
def test_a_cut_frame_is_refused_or_a_shorter_list(values, data):
    frame = frames.encode(frames.POST, 7, values)
    cut = data.draw(st.integers(frames.HEADER_BYTES, len(frame)))
    try:
        back = decoded(frame[:cut])
    except (frames.FrameError, UnicodeDecodeError, IndexError):
        return
    assert back == values[: len(back)]


def test_header_is_length_kind_id():
    assert bytes(frames.encode(frames.REQUEST, 0x1234, [])) == b"\x03\x00\x01\x34\x12"


@pytest.mark.parametrize("value", [1 << 63, 1.5, b"x" * 5000, [[[[[[[[[1]]]]]]]]]])
def test_what_no_frame_can_carry_is_refused(value):
    with pytest.raises(frames.FrameError):
        frames.encode(frames.POST, 0, [value])


def test_encoded_bytes_is_what_encode_adds():
    value = ["a", [1, None, b"xy"], 1 << 40]
    frame = frames.encode(frames.POST, 0, [value])
    assert len(frame) == frames.HEADER_BYTES + frames.encoded_bytes(value)
