"""Make the project's own commands and packages available in the environment that runs this."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import sysconfig


def main() -> None:
    root = pathlib.Path(sys.argv[1])
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-build-isolation", "--editable", str(root)],
        check=True,
    )
    vm = pathlib.Path(sysconfig.get_path("scripts")) / "varde-vm"
    vm.unlink(missing_ok=True)
    vm.symlink_to(root / "simulator" / "varde-vm")


if __name__ == "__main__":
    main()
