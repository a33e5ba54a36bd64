#!/usr/bin/env bash
# Compares the locks with the published advisories, in a throw-away environment.
# A machine that cannot reach the advisories has audited nothing, and this says so: a release
# with a published hole must be found first, for pip-audit skips in silence what it cannot look up.
set -euo pipefail
cd "$(dirname "$0")"

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
audit() {
    "$tools/bin/python" -m pip_audit --disable-pip --progress-spinner off --timeout 20 "$@" \
        >"$tools/report" 2>"$tools/errors"
}
not_audited() {
    echo "未审计：$1 · not audited: $2"
    exit 0
}

{
    "${PYTHON:-python3}" -m venv "$tools" &&
        "$tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-audit
} >"$tools/install.log" 2>&1 ||
    not_audited "无法安装 pip-audit。" "pip-audit could not be installed."

echo "jinja2==2.4.1" >"$tools/canary.txt"
audit --no-deps --requirement "$tools/canary.txt" || true
grep -q '^jinja2 .*\(CVE\|PYSEC\|GHSA\)-' "$tools/report" ||
    not_audited "连不上漏洞公告源。" "the advisories could not be reached."

found=0
for lock in run.txt test.txt; do
    audit --strict --require-hashes --requirement "$lock" || found=1
    cat "$tools/report" "$tools/errors"
done
exit "$found"
