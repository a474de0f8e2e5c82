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

# run_df ID [OPTION...]: its first process prints the size of /
run_df() {
	ctr_df "$@" --runc-binary /usr/sbin/oci-thin-grow-runtime
}

# ctr 1.4 has no --annotation: there the size is the default.
ASK=(--annotation io.oci-thin-grow.size=4G) SOURCE=annotation:io.oci-thin-grow.size
if [ "$SUITE" = bullseye ]; then
	ASK=() SOURCE=default
fi

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "containerd starts" containerd_up
ok "an OCI image is built" oci_layout /t/oci.tar
ok "the image is imported" image_import local/bb /t/oci.tar

ok "without a request: the container runs" run_df plain
like "without a request: it has 1 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_1G"
is "without a request: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""

[ ${#ASK[@]} != 0 ] || echo '{"default_size": "4G"}' >/etc/oci-thin-grow/config.json
ok "4G: the container runs" run_df four "${ASK[@]}"
like "4G: its first process sees 4 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_4G"
like "4G: the growth is logged" "$(grep oci-thin-grow /run/messages)" \
	"action=grow container=four engine=containerd device=pool-snap-[0-9]+ from=1073741824 to=4294967296 .*fs=$FS source=$SOURCE"

ok "--read-only: the container runs" run_df ro --read-only "${ASK[@]}"
like "--read-only: it has 4 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_4G"

if [ ${#ASK[@]} != 0 ]; then
	ok "containerd's max-size annotation: the container runs" run_df other --annotation containerd.io/snapshot/max-size=4294967296
	like "containerd's max-size annotation: it has 4 GiB" "$(awk 'END { print $(NF-4) }' /run/out)" "$MIB_4G"

	ok "2T: the container does not start" not run_df two --annotation io.oci-thin-grow.size=2T
	like "2T: ctr shows the reason" "$(cat /run/err)" 'container .*two.* cannot have 2 TiB .*max_size is 1 TiB'
	ok "4X: the container does not start" not run_df bad --annotation io.oci-thin-grow.size=4X
	like "4X: ctr shows the reason" "$(cat /run/err)" '4X.* is not a size'
fi

ok "a container starts in the background" ctr run -d --snapshotter devmapper --runc-binary /usr/sbin/oci-thin-grow-runtime \
	"${ASK[@]}" --null-io local/bb:latest long sleep 1000
like "in the background: it has 4 GiB" "$(ctr_out long df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
ok "in the background: grow succeeds" /usr/sbin/oci-thin-grow grow containerd:long 5G
like "in the background: it has 5 GiB" "$(ctr_out long df -m / | awk 'END { print $(NF-4) }')" '^(4[89]|50|51)[0-9][0-9]$'
like "in the background: list shows it" "$(/usr/sbin/oci-thin-grow list)" 'containerd +long +5G .* 5G running'
ok "in the background: the wrapper passes pause on" ctr task pause long
ok "in the background: the wrapper passes resume on" ctr task resume long
ok "in the background: the wrapper passes kill on" ctr task kill -s SIGKILL long
ok "in the background: the wrapper passes delete on" wait_for ctr task rm long
finish
