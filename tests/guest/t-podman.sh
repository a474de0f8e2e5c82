#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman with containers/storage on devicemapper, by the hooks.d file that we install, in the directory where podman looks.
# kernel: bullseye:forky bookworm:forky
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
	ok "$runtime, no request: the container runs" pm_run --rm bb df -m /
	like "$runtime, no request: it has 1 GiB" "$(size_said)" "$MIB_1G"
	is "$runtime, no request: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""

	ok "$runtime, 4G: the container runs" pm_run --rm --annotation io.oci-thin-grow.size=4G bb df -m /
	like "$runtime, 4G: its first process sees 4 GiB" "$(size_said)" "$MIB_4G"
	like "$runtime, 4G: the growth is logged" "$(grep oci-thin-grow /run/messages)" \
		"action=grow container=[0-9a-f]{64} engine=storage .*from=1073741824 to=4294967296 .*fs=$FS"

	ok "$runtime, --read-only: the container runs" pm_run --rm --read-only --annotation io.oci-thin-grow.size=4G bb df -m /
	like "$runtime, --read-only: it has 4 GiB" "$(size_said)" "$MIB_4G"

	ok "$runtime, 2T: the container does not start" not pm_run --rm --annotation io.oci-thin-grow.size=2T bb df -m /
	like "$runtime, 2T: the log has the reason" "$(cat /run/messages)" 'action=refuse .*max_size is 1 TiB'
	# crun drops the hook's messages.
	[ $runtime = crun ] || like "$runtime, 2T: podman shows the reason" "$(cat /run/err)" 'cannot have 2 TiB'
	: >/run/messages

	ok "$runtime, grow: a container runs in the background" pm_run -d --name web --annotation io.oci-thin-grow.size=2G bb sleep 1000
	ok "$runtime, grow: it succeeds" /usr/sbin/oci-thin-grow grow --data-root "$DATA/podman" --data-root /run/podman podman:web 4G
	like "$runtime, grow: the container has 4 GiB" "$(pm exec web df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
	like "$runtime, grow: list shows the container" "$(/usr/sbin/oci-thin-grow list --data-root "$DATA/podman" --data-root /run/podman)" \
		'podman +web +4G .* 4G running'
	ok "$runtime, grow: the container stops" pm stop -t 0 web
	ok "$runtime, grow: the container is removed" pm rm web
	: >/run/messages
done
finish
