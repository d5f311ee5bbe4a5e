"""As much of CPython's unittest as the portable tests use; the unix MicroPython has none.

A test that fails is reported with its traceback and the run goes on. `run_module` gives counts,
`main` runs one module and exits non-zero if anything failed.
"""

import re
import sys


class SkipTest(Exception):
    """Raised by a test, or for it, that cannot run here."""


class _Raises:
    """The context of assertRaises: swallows the expected error and keeps it as `exception`."""

    def __init__(self, expected, needle=None):
        self.expected = expected
        self.needle = needle
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        if kind is None:
            raise AssertionError("%r not raised" % (self.expected,))
        if not issubclass(kind, self.expected):
            return False
        self.exception = error
        if self.needle is not None and not _found(self.needle, str(error)):
            raise AssertionError("%r not in %r" % (self.needle, str(error)))
        return True


def _found(pattern, text):
    return re.search(pattern, text) is not None


class _SubTest:
    """Names the case in a failure, then lets the failure end the test."""

    def __init__(self, message, named):
        self.label = " ".join(
            ([str(message)] if message is not None else [])
            + ["%s=%r" % (name, named[name]) for name in sorted(named)]
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _traceback):
        if kind is not None and not issubclass(kind, SkipTest):
            print("  in subtest", self.label)
        return False


class TestCase:
    """A group of methods named test_...; setUp and tearDown stand around each."""

    def __init__(self):
        self._cleanups = []

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def addCleanup(self, function, *args):
        self._cleanups.append((function, args))

    def subTest(self, message=None, **named):
        return _SubTest(message, named)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def fail(self, message=None):
        raise AssertionError(message or "failed")

    def _hold(self, is_true, template, values, message):
        if not is_true:
            what = template % values  # only now: the values may be large, the heap is not
            raise AssertionError(what if message is None else "%s : %s" % (what, message))

    def assertTrue(self, value, msg=None):
        self._hold(value, "%r is not true", (value,), msg)

    def assertFalse(self, value, msg=None):
        self._hold(not value, "%r is not false", (value,), msg)

    def assertEqual(self, first, second, msg=None):
        self._hold(first == second, "%r != %r", (first, second), msg)

    def assertNotEqual(self, first, second, msg=None):
        self._hold(first != second, "%r == %r", (first, second), msg)

    assertListEqual = assertTupleEqual = assertDictEqual = assertSetEqual = assertEqual

    def assertIs(self, first, second, msg=None):
        self._hold(first is second, "%r is not %r", (first, second), msg)

    def assertIsNot(self, first, second, msg=None):
        self._hold(first is not second, "%r is %r", (first, second), msg)

    def assertIsNone(self, value, msg=None):
        self.assertIs(value, None, msg)

    def assertIsNotNone(self, value, msg=None):
        self.assertIsNot(value, None, msg)

    def assertIn(self, member, container, msg=None):
        self._hold(member in container, "%r not in %r", (member, container), msg)

    def assertNotIn(self, member, container, msg=None):
        self._hold(member not in container, "%r in %r", (member, container), msg)

    def assertIsInstance(self, value, kind, msg=None):
        self._hold(isinstance(value, kind), "%r is no %r", (value, kind), msg)

    def assertNotIsInstance(self, value, kind, msg=None):
        self._hold(not isinstance(value, kind), "%r is a %r", (value, kind), msg)

    def assertLess(self, first, second, msg=None):
        self._hold(first < second, "%r not < %r", (first, second), msg)

    def assertLessEqual(self, first, second, msg=None):
        self._hold(first <= second, "%r not <= %r", (first, second), msg)

    def assertGreater(self, first, second, msg=None):
        self._hold(first > second, "%r not > %r", (first, second), msg)

    def assertGreaterEqual(self, first, second, msg=None):
        self._hold(first >= second, "%r not >= %r", (first, second), msg)

    def assertAlmostEqual(self, first, second, places=7, msg=None, delta=None):
        limit = delta if delta is not None else 0.5 * 10**-places
        self._hold(abs(first - second) <= limit, "%r !~ %r", (first, second), msg)

    def assertRegex(self, text, pattern, msg=None):
        self._hold(_found(pattern, text), "%r not in %r", (pattern, text), msg)

    def assertRaises(self, expected, function=None, *args, **named):
        if function is None:
            return _Raises(expected)
        with _Raises(expected):
            function(*args, **named)
        return None

    def assertRaisesRegex(self, expected, needle, function=None, *args, **named):
        if function is None:
            return _Raises(expected, needle)
        with _Raises(expected, needle):
            function(*args, **named)
        return None


def skip(reason):
    """A decorator for a test, or for a whole TestCase."""

    def decorate(target):
        if isinstance(target, type):
            target.skip_reason = reason
            return target

        def skipped(*_args):
            raise SkipTest(reason)

        return skipped

    return decorate


def skipIf(condition, reason):
    return skip(reason) if condition else lambda target: target


def skipUnless(condition, reason):
    return skipIf(not condition, reason)


class Result:
    """Counts of one run."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def record(self, name, function, *args):
        """Run one thing; False if it failed or was skipped."""
        try:
            function(*args)
        except SkipTest as reason:
            self.skipped += 1
            print("skipped", name, "-", reason)
            return False
        except Exception as error:  # noqa: BLE001  (a test may raise anything; the others shall still run)
            self.failed += 1
            print("FAILED", name)
            sys.print_exception(error, sys.stdout)
            return False
        return True


def _run_test(case, method):
    case.setUp()
    try:
        method()
    finally:
        case.tearDown()
        while case._cleanups:
            function, args = case._cleanups.pop()
            function(*args)


def _run_class(cls, result):
    names = sorted([name for name in dir(cls) if name.startswith("test")])
    reason = getattr(cls, "skip_reason", None)
    if reason is not None:
        result.skipped += len(names)
        print("skipped", cls.__name__, "-", reason)
        return
    if not result.record(cls.__name__, cls.setUpClass):
        return
    for name in names:
        case = cls()
        method = getattr(case, name)
        label = "%s.%s" % (cls.__name__, name)
        if result.record(label, _run_test, case, method):
            result.passed += 1
    result.record(cls.__name__, cls.tearDownClass)


def run_module(module, result=None):
    """Run every TestCase defined in (or imported into) `module`."""
    result = result or Result()
    for name in sorted(dir(module)):
        found = getattr(module, name)
        if isinstance(found, type) and issubclass(found, TestCase) and found is not TestCase:
            _run_class(found, result)
    return result


def main(module="__main__"):
    result = run_module(__import__(module) if isinstance(module, str) else module)
    print("%d passed, %d failed, %d skipped" % (result.passed, result.failed, result.skipped))
    sys.exit(1 if result.failed else 0)
