#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configuration with ctr and podman: a default, a rule, a limit, and its reason in the engine's own words.
# suites: bookworm
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/policy.sh
. /src/tests/guest/policy.sh

PODMAN_EXTRA="--hooks-dir /usr/share/containers/oci/hooks.d --runtime /usr/bin/runc"

# ctr_run ID [OPTION...], pm_run [OPTION...] IMAGE: a container says how large its / is
ctr_run() {
	local id=$1
	shift
	timeout 300 ctr run --rm --snapshotter devmapper --runc-binary /usr/sbin/oci-thin-grow-runtime "$@" \
		local/bb:latest "$id" df -m / >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

pm_run() {
	pm run --rm "$@" df -m / >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

configure '{ "default_size": "4G", "max_size": "8G", "rules": [
	{ "name": "pg", "match": { "engine": "podman", "image": "*/postgres:*" }, "size": "6G" },
	{ "name": "gold", "match": { "engine": "containerd", "namespace": "default", "annotation": { "tier": "g*" } },
	  "size": "6G" } ] }'

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "containerd starts" containerd_up
ok "an OCI image is built" oci_layout /t/oci.tar
ok "the image is imported" image_import local/bb /t/oci.tar
ok "ctr, the default: runs" ctr_run plain
like "ctr, the default: 4 GiB" "$(last_size)" "$MIB_4G"
ok "ctr, a rule for namespace and annotation: runs" ctr_run gold --annotation tier=gold
like "ctr, a rule for namespace and annotation: 6 GiB" "$(last_size)" "$MIB_6G"
ok "ctr, too much: does not run" not ctr_run nine --annotation io.oci-thin-grow.size=9G
like "ctr, too much: it says why" "$(cat /run/err)" 'cannot have 9 GiB .*max_size is 8 GiB'
ok "containerd stops" containerd_down

# Each engine numbers its thin devices from the start, so each needs a pool of its own.
udevadm settle
ok "the pool goes" dmsetup remove_all
mkdir /t/podman-pool
ok "podman's comes" pool_up /t/podman-pool
ok "a tar image is built" bb_tar /t/bb.tar
ok "podman imports the image" pm import /t/bb.tar bb
ok "podman tags" pm tag bb postgres:16
ok "podman, the default: runs" pm_run bb
like "podman, the default: 4 GiB" "$(last_size)" "$MIB_4G"
ok "podman, a rule for its image: runs" pm_run postgres:16
like "podman, a rule for its image: 6 GiB" "$(last_size)" "$MIB_6G"
ok "podman, too much: does not run" not pm_run --annotation io.oci-thin-grow.size=9G bb
like "podman, too much: it says why" "$(cat /run/err)" 'cannot have 9 GiB .*max_size is 8 GiB'
is "one growth each" "$(grep -c action=grow /run/messages)" 4
finish
