"""A real PKCS #11 token in software: SoftHSM 2, of the machine or as `make setup` unpacks it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import pytest

UNPACKED = Path(__file__).resolve().parents[2] / ".cache" / "softhsm2" / "root"
MODULES = ("usr/lib/*/softhsm", "usr/lib/softhsm", "usr/lib64/softhsm", "usr/lib64/pkcs11")
PIN = "83145926"
SO_PIN = "27182818284"


@dataclass(frozen=True)
class SoftTokens:
    """Some tokens behind one module: `Varde`, `Twin` twice, and `Brittle`, to be locked."""

    module: Path
    folder: Path

    def uri(self, label: str, token: str = "Varde", **query: str) -> str:
        more = {"module-path": str(self.module), **query}
        asked = "&".join(f"{name}={urllib.parse.quote(value)}" for name, value in more.items())
        return f"pkcs11:token={token};object={label}?{asked}"


def found() -> tuple[Path, Path] | None:
    """The module and the tool, or None where there is no SoftHSM."""
    for root in (Path("/"), UNPACKED):
        modules = [path for part in MODULES for path in root.glob(f"{part}/libsofthsm2.so")]
        tool = shutil.which("softhsm2-util", path=str(root / "usr/bin"))
        if modules and tool:
            return modules[0].resolve(), Path(tool)
    return None


def load_libraries(module: Path) -> str | None:
    """See that the module can be loaded, with libraries unpacked beside it if need be; return
    why not."""
    beside = sorted(UNPACKED.rglob("lib*.so.*")) if module.is_relative_to(UNPACKED) else []
    for path in [None, *beside, None]:  # one may need another that comes after it
        try:
            ctypes.CDLL(str(path or module), mode=ctypes.RTLD_GLOBAL if path else 0)
        except OSError as error:
            reason = str(error)
        else:
            if path is None:
                return None
    return reason


def make(folder: Path) -> SoftTokens:
    """Tokens of their own; skips with the reason where that cannot be had."""
    programs = found()
    if programs is None:
        pytest.skip("no SoftHSM 2 here: make setup, or apt-get install softhsm2")
    module, tool = programs
    reason = load_libraries(module)
    if reason is not None:
        pytest.skip(f"SoftHSM 2 cannot be loaded: {reason}")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    libraries = ":".join(sorted({str(path.parent) for path in UNPACKED.rglob("lib*.so.*")}))
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries} if libraries else None
    for label in ("Varde", "Twin", "Twin", "Brittle"):
        command = [tool, "--module", module, "--init-token", "--free", "--label", label]
        subprocess.run([*command, "--so-pin", SO_PIN, "--pin", PIN], check=True,
                       capture_output=True, env=environment)  # fmt: skip
    return SoftTokens(module, folder)
