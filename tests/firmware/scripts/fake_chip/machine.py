"""A chip whose reset is an exception."""


class Reset(BaseException):
    """The board starts again."""


fed = [0]
shown = []  # of the light


class WDT:
    def __init__(self, timeout):
        assert timeout == 60_000

    def feed(self):
        fed[0] += 1


def reset():
    raise Reset
