#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is built for one PREFIX names it, and is built again for another. tests/guest/t-prefix.sh installs all of it.
set -euo pipefail

cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
bad=0

complain() {
	echo "places: $*" >&2
	bad=1
}

# built_for PREFIX SYSCONFDIR: an object that names the hook, and everything that is installed as text
built_for() {
	make -s O="$out" PREFIX="$1" SYSCONFDIR="$2" "$out/hook/role/hook.o" texts
	grep -q "$1/libexec/oci/hooks.d/oci-thin-grow" "$out/hook/role/hook.o" || complain "hook.o is not built for $1"
	grep -rq "$1/sbin/oci-thin-grow" "$out/installed" || complain "no text names $1"
}

built_for /usr /etc
built_for /opt/thin /opt/etc
# Where others look is the same for every PREFIX.
found=$(grep -rnoE "(^|[^a-z])/(usr|etc)/[A-Za-z0-9_./-]*oci-thin-grow" "$out/installed" |
	grep -vE '/usr/share/containers/|/etc/(containers|crio|containerd|systemd|udev)/' || true)
[ -z "$found" ] || complain "left over: $found"
grep -q '^ExecStart=/opt/thin/sbin/' "$out"/installed/config/systemd/oci-thin-grow-heal.service || complain "the unit"
grep -q 'RUN+="/opt/thin/sbin/' "$out"/installed/config/udev/*.rules || complain "the rule"
[ $bad = 0 ] && echo "places: as built for"
exit $bad
