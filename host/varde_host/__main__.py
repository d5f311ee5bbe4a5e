"""`python -m varde_host` is the `varde` command."""

import sys

from varde_host import cli

sys.exit(cli.main())
