"""Writes the lock of what we vendored: every file's digest, beside version, licence and use.

Usage: python tools/vendor_lock.py [name=version …]   (a new version of a package that the lock knows)
"""

import hashlib
import json
import sys
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "miniprogram_api/pages/static/vendor"
LOCK = VENDOR / "vendor.lock.json"


def main() -> None:
    """Write the digests of today."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    for given in sys.argv[1:]:
        name, version = given.split("=")
        lock[name]["version"] = version
    for package in lock.values():
        folder = VENDOR / package["folder"]
        package["files"] = {
            str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
