#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All rings of tests, the fastest first. All are run, whatever fails; the last line is their sum.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 2
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
status=0 rings=0

ring() {
	rings=$((rings + 1))
	echo "== $1"
	shift
	"$@" 2>&1 | tee "$log/ring" || status=1
	grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log/ring" | tail -n 1 >>"$log/sums"
}

jobs=-j$(nproc)
ring "check: unit tests and layers" make -s "$jobs" check
ring "check: where char is unsigned, as on arm64" make -s "$jobs" O=build/unsigned-char CFLAGS=-funsigned-char unit
# Creating all trees at once takes less time than one by one.
tests/guest/run --list | awk '{ print $3 }' | sort -u | xargs tests/guest/tree.sh >/dev/null
ring "check: Debian 11, the oldest compiler and libraries" tests/guest/run --unit --suite bullseye
ring "guest: real kernels, runtimes and engines" tests/guest/run
echo "== all"
awk -v rings=$rings '{ p += $1; f += $3; s += $5 }
	END {
		if (NR != rings) f++ # a ring that did not come to its sum
		printf "%d passed, %d failed", p, f
		if (s) printf ", %d skipped", s
		print ""
		exit f > 0
	}' "$log/sums" || status=1
exit $status
