#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd's devmapper snapshotter, with our wrapper as its runtime.
# suites: bullseye bookworm forky
# matrix: bullseye:FS=ext4 bookworm:FS=ext4 forky:FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

# ctr_run ID [OPTION...]: its first process says how large / is
ctr_run() {
	local id=$1
	shift
	timeout 300 ctr run --rm --snapshotter devmapper --runc-binary /usr/sbin/oci-thin-grow-runtime "$@" \
		local/bb:latest "$id" df -m / >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

# 1.4's ctr can give no annotations: there the size is the default.
ASK=(--annotation io.oci-thin-grow.size=4G) SOURCE=annotation:io.oci-thin-grow.size
if [ "$SUITE" = bullseye ]; then
	ASK=() SOURCE=default
fi

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "containerd starts" containerd_up
ok "an image is made" oci_layout /t/oci.tar
ok "it imports" image_import local/bb /t/oci.tar

ok "without a request: runs" ctr_run plain
like "without a request: 1 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_1G"
is "without a request: not a word" "$(grep oci-thin-grow /run/messages)" ""

[ ${#ASK[@]} != 0 ] || echo '{"default_size": "4G"}' >/etc/oci-thin-grow/config.json
ok "4G: runs" ctr_run four "${ASK[@]}"
like "4G: its first process sees 4 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_4G"
like "4G: the log" "$(grep oci-thin-grow /run/messages)" \
	"action=grow container=four engine=containerd device=pool-snap-[0-9]+ from=1073741824 to=4294967296 .*fs=$FS source=$SOURCE"

ok "--read-only: runs" ctr_run ro --read-only "${ASK[@]}"
like "--read-only: 4 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_4G"

if [ ${#ASK[@]} != 0 ]; then
	ok "the other key: runs" ctr_run other --annotation containerd.io/snapshot/max-size=4294967296
	like "the other key: 4 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_4G"

	ok "2T: does not run" not ctr_run two --annotation io.oci-thin-grow.size=2T
	like "2T: ctr shows why" "$(cat /run/err)" 'container .*two.* cannot have 2 TiB .*max_size is 1 TiB'
	ok "4X: does not run" not ctr_run bad --annotation io.oci-thin-grow.size=4X
	like "4X: ctr shows why" "$(cat /run/err)" '4X.* is not a size'
fi

ok "one that goes on" ctr run -d --snapshotter devmapper --runc-binary /usr/sbin/oci-thin-grow-runtime \
	"${ASK[@]}" --null-io local/bb:latest long sleep 1000
like "goes on: 4 GiB" "$(ctr_out long df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
ok "goes on: grow" /usr/sbin/oci-thin-grow grow containerd:long 5G
like "goes on: 5 GiB" "$(ctr_out long df -m / | awk 'END { print $(NF-4) }')" '^(4[89]|50|51)[0-9][0-9]$'
like "goes on: list" "$(/usr/sbin/oci-thin-grow list)" 'containerd +long +5G .* 5G running'
ok "goes on: its runtime serves other calls" ctr task pause long
ok "goes on: resumed" ctr task resume long
ok "goes on: ends" ctr task kill -s SIGKILL long
ok "goes on: and is removed" wait_for ctr task rm long
finish
