#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman with containers/storage on devicemapper, by the hooks.d file that we install, in the directory where podman looks.
# suites: bullseye bookworm
# matrix: bullseye:FS=ext4 bookworm:FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

pm_run() {
	pm run "$@" >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

size_said() {
	awk 'END { print $(NF-4) }' /run/out
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a tar image is built" bb_tar /t/bb.tar
ok "podman imports the image" pm import /t/bb.tar bb
like "podman has the driver" "$(pm info)" 'graphDriverName: devicemapper'

for runtime in crun runc; do
	PODMAN_EXTRA="--runtime /usr/bin/$runtime"
	ok "$runtime, without a request: runs" pm_run --rm bb df -m /
	like "$runtime, without a request: 1 GiB" "$(size_said)" "$MIB_1G"
	is "$runtime, without a request: not a word" "$(grep oci-thin-grow /run/messages)" ""

	ok "$runtime, 4G: runs" pm_run --rm --annotation io.oci-thin-grow.size=4G bb df -m /
	like "$runtime, 4G: its first process sees 4 GiB" "$(size_said)" "$MIB_4G"
	like "$runtime, 4G: the log" "$(grep oci-thin-grow /run/messages)" \
		"action=grow container=[0-9a-f]{64} engine=storage .*from=1073741824 to=4294967296 .*fs=$FS"

	ok "$runtime, --read-only: runs" pm_run --rm --read-only --annotation io.oci-thin-grow.size=4G bb df -m /
	like "$runtime, --read-only: 4 GiB" "$(size_said)" "$MIB_4G"

	ok "$runtime, 2T: does not run" not pm_run --rm --annotation io.oci-thin-grow.size=2T bb df -m /
	like "$runtime, 2T: the log says why" "$(cat /run/messages)" 'action=refuse .*max_size is 1 TiB'
	# crun drops what a hook says
	[ $runtime = crun ] || like "$runtime, 2T: so does podman" "$(cat /run/err)" 'cannot have 2 TiB'
	: >/run/messages

	ok "$runtime, one that goes on" pm_run -d --name web --annotation io.oci-thin-grow.size=2G bb sleep 1000
	ok "$runtime, grow" /usr/sbin/oci-thin-grow grow --data-root "$DATA/podman" --data-root /run/podman podman:web 4G
	like "$runtime, grow: 4 GiB" "$(pm exec web df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
	like "$runtime, list" "$(/usr/sbin/oci-thin-grow list --data-root "$DATA/podman" --data-root /run/podman)" \
		'podman +web +4G .* 4G running'
	ok "$runtime, it ends" pm kill web
	ok "$runtime, it goes" pm rm -f web
	: >/run/messages
done
finish
