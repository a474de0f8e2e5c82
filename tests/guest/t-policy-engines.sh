#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configuration with ctr and podman: a default, a rule, a limit, and the reason in the engine's own message.
# kernel: bookworm:forky
# suites: bookworm
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/policy.sh
. /src/tests/guest/policy.sh

PODMAN_EXTRA="--hooks-dir /usr/share/containers/oci/hooks.d --runtime /usr/bin/runc"

# run_df ID [OPTION...], pm_run [OPTION...] IMAGE: a container that prints the size of its /
run_df() {
	ctr_df "$@" --runc-binary /usr/sbin/oci-thin-grow-runtime
}

pm_run() {
	pm run --rm "$@" df -m / >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

# all_removed: for wait_for, as what somebody has open stays, and its pool with it
all_removed() {
	dmsetup remove_all && ! dmsetup info pool
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
ok "ctr, default size: the container runs" run_df plain
like "ctr, default size: it has 4 GiB" "$(last_size)" "$MIB_4G"
ok "ctr, rule for namespace and annotation: the container runs" run_df gold --annotation tier=gold
like "ctr, rule for namespace and annotation: it has 6 GiB" "$(last_size)" "$MIB_6G"
ok "ctr, more than max_size: the container does not start" not run_df nine --annotation io.oci-thin-grow.size=9G
like "ctr, more than max_size: ctr shows the reason" "$(cat /run/err)" 'cannot have 9 GiB .*max_size is 8 GiB'
ok "containerd stops" containerd_down

# Each engine numbers its thin devices from 1, so each needs a pool of its own.
udevadm settle
ok "the pool of containerd is removed" wait_for all_removed
mkdir /t/podman-pool
ok "a pool for podman comes up" pool_up /t/podman-pool
ok "a tar image is built" bb_tar /t/bb.tar
ok "podman imports the image" pm import /t/bb.tar bb
ok "podman tags the image" pm tag bb postgres:16
ok "podman, default size: the container runs" pm_run bb
like "podman, default size: it has 4 GiB" "$(last_size)" "$MIB_4G"
ok "podman, rule for an image: the container runs" pm_run postgres:16
like "podman, rule for an image: it has 6 GiB" "$(last_size)" "$MIB_6G"
ok "podman, more than max_size: the container does not start" not pm_run --annotation io.oci-thin-grow.size=9G bb
like "podman, more than max_size: podman shows the reason" "$(cat /run/err)" 'cannot have 9 GiB .*max_size is 8 GiB'
is "each of the four containers is grown once" "$(grep -c action=grow /run/messages)" 4
finish
