"""Run the unittest files of this folder on whichever interpreter runs this.

    python tests/portable/run.py [name ...]        (or the hub's interpreter in place of python)

A name is a part of a file name ("crypto"). Exits with 1 if a test failed or none was found. Set
VARDE_PROTOCOLS to a folder to test another build of varde_protocols, such as the .mpy one.
"""

import gc
import os
import sys

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
if not HERE.startswith("/"):
    HERE = os.getcwd() + "/" + HERE
ROOT = HERE + "/../.."
ON_MICROPYTHON = sys.implementation.name == "micropython"

sys.path[:0] = [HERE, os.getenv("VARDE_PROTOCOLS") or ROOT + "/protocols", ROOT + "/firmware"]
if ON_MICROPYTHON:
    sys.path.insert(0, HERE + "/unittest_micropython")

import unittest  # noqa: E402  (the path to it is set above)

if ON_MICROPYTHON:  # below a test's own imports these would be too deep for the C stack
    import varde_protocols.crypto.edwards25519_micropython  # noqa: F401


def run_file(name):
    """(passed, failed, skipped) of one module."""
    module = __import__(name)
    if ON_MICROPYTHON:
        result = unittest.run_module(module)
        del sys.modules[name]  # its vectors need not stay in the small heap
        gc.collect()
        return result.passed, result.failed, result.skipped
    result = unittest.TextTestRunner(sys.stdout).run(
        unittest.defaultTestLoader.loadTestsFromModule(module)
    )
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    return result.testsRun - failed - skipped, failed, skipped


def main(wanted):
    names = [name[:-3] for name in sorted(os.listdir(HERE)) if name.startswith("test_")]
    if wanted:
        names = [name for name in names if any(part in name for part in wanted)]
    totals = [0, 0, 0]
    for name in names:
        for i, count in enumerate(run_file(name)):
            totals[i] += count
    print("%d passed, %d failed, %d skipped" % tuple(totals))
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
