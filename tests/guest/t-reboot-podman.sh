#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman with containers/storage on devicemapper: a grown container starts again after stop, a reboot and a power cut.
# kernel: bookworm:forky
# suites: bookworm
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

PODMAN_EXTRA="--hooks-dir /usr/share/containers/oci/hooks.d"
RULE=/usr/lib/udev/rules.d/94-oci-thin-grow.rules

run_grown() {
	pm run -d --name "$1" --annotation io.oci-thin-grow.size=4G bb sleep 100000
}

device_of() {
	pm inspect -f '{{.GraphDriver.Data.DeviceName}}' "$1"
}

df_in() {
	pm exec "$1" df -m / </dev/null | awk 'END { print $(NF-4) }'
}

# as_before WHAT: c1 runs, has 4 GiB and its data
as_before() {
	like "$1: c1 has 4 GiB" "$(df_in c1)" "$MIB_4G"
	is "$1: c1 has its data" "$(pm exec c1 sha256sum /data </dev/null)" "$(cat /host/sum)"
}

# healed ID: podman re-created its device too short, and the udev rule extended it
healed() {
	wait_for grep "action=heal device=$(device_of "$1") from=1073741824 to=4294967296 " /run/messages
}

# from_stopped COMMAND...: the checksum of its output
from_stopped() {
	"$@" | sha256sum | cut -c 1-64
}

exported_data() {
	# Without -o it writes to /dev/stdout, which does not exist here.
	pm export -o /t/c1.tar c1 && tar -xOf /t/c1.tar data
}

copied_data() {
	pm cp c1:/data /t/data && cat /t/data
}

# The base device is active while podman uses it, and conmon starts podman processes.
none_left() {
	! dmsetup ls | grep '^container-' | grep -v '^container-[0-9:-]*-base'
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger and podman" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow
mount --bind /data/ledger /var/lib/oci-thin-grow
ok "boot $PHASE: a pool comes up" pool_up /host

case $PHASE in
1)
	ok "a tar image is built" bb_tar /t/bb.tar
	ok "podman imports the image" pm import /t/bb.tar bb
	ok "4G: the container runs" run_grown c1
	pm exec c1 dd if=/dev/urandom of=/data bs=1M count=16 2>/run/null </dev/null
	pm exec c1 sha256sum /data </dev/null >/host/sum
	like "4G: data is written" "$(cat /host/sum)" '^[0-9a-f]{64}  /data$'
	as_before "4G"
	is "4G: nothing was healed yet" "$(grep action=heal /run/messages)" ""
	ok "c1 stops" pm stop -t 0 c1
	is "podman export of a stopped container has the data" "$(from_stopped exported_data)" "$(cut -c 1-64 /host/sum)"
	ok "podman export of a stopped container: its device was extended" healed c1
	is "podman cp from a stopped container copies the data" "$(from_stopped copied_data)" "$(cut -c 1-64 /host/sum)"
	ok "c1 starts after the export" pm start c1
	as_before "stop and start"
	next_boot
	;;
2)
	ok "reboot: c1 starts" pm start c1
	ok "reboot: its device was extended" healed c1
	as_before "reboot"
	ok "reboot: another container runs" run_grown c2
	# podman does not sync everything that it writes.
	sync -f /data
	next_boot_after_cut 0
	;;
3)
	ok "power cut: c1 starts" pm start c1
	ok "power cut: its device was extended" healed c1
	as_before "power cut"
	ok "power cut: c2, grown just before it, starts" pm start c2
	ok "power cut: the device of c2 was extended" healed c2
	like "power cut: c2 has 4 GiB" "$(df_in c2)" "$MIB_4G"

	ok "c1 stops before the rule is removed" pm stop -t 0 c1
	mv $RULE /run/
	reload_rules
	like "without the rule, c1 does not start" "$(pm start c1 2>&1)" 'mounting storage for container'
	mv /run/${RULE##*/} $RULE
	reload_rules
	ok "heal --all succeeds" /usr/sbin/oci-thin-grow heal --all
	ok "after heal --all, c1 starts" pm start c1
	as_before "after heal --all"

	D=$(device_of c1)
	ID=$(dmsetup table "$D" | cut -d ' ' -f 5)
	like "the device of c1 has a thin id" "$ID" '^[0-9]+$'
	ok "both containers stop" pm stop -t 0 c1 c2
	ok "podman rm succeeds" pm rm c1 c2
	ok "podman rm removes the device from the pool" not thin_on probe "$ID" 1G
	ok "podman rm leaves no other device" wait_for none_left
	finish
	;;
esac
