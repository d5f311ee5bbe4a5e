"""What the tests of this folder share is beside them, as it is for `run.py`."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
