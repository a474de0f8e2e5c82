#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every ring of tests, the fastest first; all are run, whatever fails; one line sums them up.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 2
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
status=0

ring() {
	echo "== $1"
	shift
	"$@" 2>&1 | tee "$log/ring" || status=1
	grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log/ring" | tail -n 1 >>"$log/sums"
}

ring "check: unit tests and layers" make -s check
ring "guest: real kernels, runtimes and engines" tests/guest/run
echo "== all"
awk '{ p += $1; f += $3; s += $5 }
	END {
		if (NR != 2) f++ # a ring that did not come to its sum
		printf "%d passed, %d failed", p, f
		if (s) printf ", %d skipped", s
		print ""
		exit f > 0
	}' "$log/sums" || status=1
exit $status
