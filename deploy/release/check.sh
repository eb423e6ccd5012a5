#!/usr/bin/env bash
# Build the wheel and the sdist, install the wheel into a new environment outside the checkout, and
# use it: init, ingest, search, serve. Then write a bill of materials and look for known
# vulnerabilities. `make release-check` runs it; what it made is in dist/.
#
# DEPENDENCIES names a site-packages folder that has the dependencies already. The environment then
# reads them from there instead of installing requirements.txt, which takes gigabytes; the project
# itself is always the built wheel. A release is checked without it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=${TOOLS:?the bin folder of an environment with requirements-release.txt}
python=${PYTHON:-python3}
work=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
step() { printf '\n== %s\n' "$*"; }

step "Build the wheel and the sdist from what git tracks"
git -C "$root" archive --format=tar HEAD | tar -x -C "$(mkdir "$work/source" && echo "$work/source")"
rm -rf "$root/dist"
"$tools/python" -m build --no-isolation --outdir "$root/dist" "$work/source" > "$work/build.log" 2>&1 \
  || { tail -40 "$work/build.log"; exit 1; }
wheel=("$root"/dist/runbook_search-*-py3-none-any.whl)
"$tools/python" "$root/deploy/release/contents.py" "$work/source" "${wheel[0]}"

step "Install the wheel into a new environment"
"$python" -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --disable-pip-version-check --quiet)
if [ -n "${DEPENDENCIES:-}" ]; then
  echo "dependencies are read from $DEPENDENCIES, not installed"
  # A plain path: the .pth files in that folder, such as one of an editable install, are not read.
  "$work/venv/bin/python" -c 'import pathlib, site, sys
pathlib.Path(site.getsitepackages()[0], "dependencies.pth").write_text(sys.argv[1] + "\n")' "$DEPENDENCIES"
else
  "${pip[@]}" install -r "$root/requirements.txt"
fi
"${pip[@]}" install --no-deps "${wheel[0]}"

step "Use it outside the checkout"
cd "$work"
unset PYTHONPATH
runbook="$work/venv/bin/runbook"
"$work/venv/bin/python" - "$work/venv" <<'PYTHON'
import sys
from importlib.metadata import version

import api, evals, ingest, rag

for package in (api, evals, ingest, rag):
    assert package.__file__ and package.__file__.startswith(sys.argv[1]), package.__file__
print("runbook-search", version("runbook-search"))
PYTHON
mkdir docs
printf -- '---\ntitle: Restart the broker\nacl: [public]\n---\n# Restart the broker\n\nRun `systemctl restart broker`.\n' > docs/broker.md
"$runbook" init docs
"$runbook" ingest
"$runbook" search "how do I restart the broker?" --json > found.json
grep -q broker.md found.json
key=$("$runbook" keys create --name check --group team:check --json \
  | "$work/venv/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["key"])')
port=$("$work/venv/bin/python" -c 'import socket
with socket.socket() as free: free.bind(("127.0.0.1", 0)); print(free.getsockname()[1])')
"$runbook" serve --port "$port" > serve.log 2>&1 &
server=$!
for _ in $(seq 240); do
  if curl -sf -o ready.json "http://127.0.0.1:$port/readyz"; then break; fi
  kill -0 "$server" || { cat serve.log; exit 1; }
  sleep 0.5
done
curl -sf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
  -d '{"query":"how do I restart the broker?"}' "http://127.0.0.1:$port/v1/search" > answer.json \
  || { cat serve.log; exit 1; }
grep -q broker.md answer.json
curl -sf "http://127.0.0.1:$port/metrics" | grep -q '^runbook_index_documents 1.0'
kill "$server"
wait "$server" || [ $? -eq 143 ]
server=
echo "served a search, and stopped"

step "Bill of materials (CycloneDX)"
"$tools/cyclonedx-py" requirements "$root/requirements.txt" --pyproject "$root/pyproject.toml" \
  --output-reproducible --of JSON -o "$root/dist/sbom.cdx.json"
"$tools/python" -c 'import json, sys
print(len(json.load(open(sys.argv[1]))["components"]), "components")' "$root/dist/sbom.cdx.json"

step "Known vulnerabilities (pip-audit)"
if "$tools/pip-audit" --requirement "$root/requirements.txt" --no-deps --disable-pip \
    --format json --output "$root/dist/audit.json" 2> "$work/audit.log"; then
  # Without its database pip-audit skips every package, and still ends with 0.
  "$tools/python" -c 'import json, sys
found = json.load(open(sys.argv[1]))["dependencies"]
skipped = sum("skip_reason" in one for one in found)
print(f"none known in {len(found) - skipped} packages")
if skipped:
    print(f"NOT AUDITED: {skipped} of {len(found)} packages are not in a database reached from here")
' "$root/dist/audit.json"
elif [ -s "$root/dist/audit.json" ]; then
  cat "$work/audit.log"
  echo "vulnerabilities are known: see dist/audit.json" >&2
  exit 1
else
  tail -1 "$work/audit.log"
  echo "NOT AUDITED: the database of vulnerabilities cannot be reached from here"
fi
