#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A build for another PREFIX names that PREFIX, also after a build for the first. tests/guest/t-prefix.sh installs one.
set -euo pipefail

cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
bad=0

complain() {
	echo "places: $*" >&2
	bad=1
}

# built_for PREFIX SYSCONFDIR: an object that names the hook, and all installed texts
built_for() {
	make -s O="$out" PREFIX="$1" SYSCONFDIR="$2" "$out/hook/role/hook.o" texts
	grep -q "$1/libexec/oci/hooks.d/oci-thin-grow" "$out/hook/role/hook.o" || complain "hook.o is not built for $1"
	grep -rq "$1/sbin/oci-thin-grow" "$out/installed" || complain "no text names $1"
}

built_for /usr /etc
built_for /opt/thin /opt/etc
# Files in other programs' directories, and links to shims, have the same path for every PREFIX.
found=$(grep -rnoE "(^|[^a-z])/(usr|etc)/[A-Za-z0-9_./-]*oci-thin-grow" "$out/installed" |
	grep -vE '/usr/share/containers/|/usr/local/bin/containerd-shim-|/etc/(containers|crio|containerd|systemd|udev)/' || true)
[ -z "$found" ] || complain "not replaced: $found"
grep -q '^ExecStart=/opt/thin/sbin/' "$out"/installed/config/systemd/oci-thin-grow-heal.service || complain "the unit does not name /opt/thin"
grep -q 'RUN+="/opt/thin/sbin/' "$out"/installed/config/udev/*.rules || complain "the rule does not name /opt/thin"
[ $bad = 0 ] && echo "places: every path is as built"
exit $bad
