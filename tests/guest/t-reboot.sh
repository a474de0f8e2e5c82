#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd's devmapper snapshotter: a grown container starts again after kill -9 of the daemon, reboots and a power cut.
# suites: bookworm trixie
# matrix: FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

RULE=/usr/lib/udev/rules.d/94-oci-thin-grow.rules

run_grown() {
	ctr run -d --snapshotter devmapper --runc-binary /usr/sbin/oci-thin-grow-runtime --null-io \
		--annotation io.oci-thin-grow.size=4G local/bb:latest "$1" sleep 100000
}

# containerd's database has the container with its runtime and annotation.
start() {
	ctr task start -d --null-io "$1"
}

stop() {
	ctr task kill -s KILL "$1" && wait_for ctr task rm "$1"
}

# in_it ID COMMAND...: runs COMMAND in the container
in_it() {
	local id=$1
	shift
	ctr task exec --exec-id x "$id" "$@" </dev/null
}

device_of() {
	ctr snapshot --snapshotter devmapper mounts /x "$1" | grep -o 'pool-snap-[0-9]*'
}

df_in() {
	ctr_out "$1" df -m / | awk 'END { print $(NF-4) }'
}

# as_before WHAT: c1 runs, has 4 GiB and its data
as_before() {
	like "$1: c1 has 4 GiB" "$(df_in c1)" "$MIB_4G"
	is "$1: c1 has its data" "$(ctr_out c1 sha256sum /data)" "$(cat /host/sum)"
}

# healed ID: containerd re-created its device too short, and the udev rule extended it
healed() {
	wait_for grep "action=heal device=$(device_of "$1") from=1073741824 to=4294967296 " /run/messages
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger and containerd" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow
mount --bind /data/ledger /var/lib/oci-thin-grow
ok "boot $PHASE: a pool comes up" pool_up /host
if [ "$PHASE" = 4 ]; then
	mv $RULE /run/
	reload_rules
fi
ok "boot $PHASE: containerd starts" containerd_up

case $PHASE in
1)
	ok "an OCI image is built" oci_layout /t/oci.tar
	ok "the image is imported" image_import local/bb /t/oci.tar
	ok "4G: the container runs" run_grown c1
	in_it c1 dd if=/dev/urandom of=/data bs=1M count=16 2>/run/null
	ctr_out c1 sha256sum /data >/host/sum
	like "4G: data is written" "$(cat /host/sum)" '^[0-9a-f]{64}  /data$'
	as_before "4G"
	containerd_kill9
	ok "containerd starts after kill -9" containerd_up
	as_before "kill -9 of containerd"
	ok "c1 stops after kill -9 of containerd" stop c1
	ok "c1 starts after kill -9 of containerd" start c1
	as_before "stop and start"
	next_boot
	;;
2)
	ok "reboot: the device of c1 was extended" healed c1
	ok "reboot: c1 starts" start c1
	as_before "reboot"
	ok "reboot: another container runs" run_grown c2
	next_boot_after_cut 0
	;;
3)
	ok "power cut: the device of c1 was extended" healed c1
	ok "power cut: the device of c2, grown just before it, was extended" healed c2
	ok "power cut: c1 starts" start c1
	as_before "power cut"
	ok "power cut: c2 starts" start c2
	like "power cut: c2 has 4 GiB" "$(df_in c2)" "$MIB_4G"
	next_boot
	;;
4)
	D=$(device_of c1)
	is "without the rule, the device is too short" "$(device_bytes "$D")" $GIB
	ok "without the rule, c1 does not start" not start c1
	mv /run/${RULE##*/} $RULE
	reload_rules
	like "heal --all reports that it extended the device" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" "$D: healed from 1 GiB to 4 GiB"
	ok "after heal --all, c1 starts" start c1
	as_before "after heal --all"
	ok "c1 stops at the end" stop c1
	ok "ctr container rm succeeds" ctr container rm c1
	ok "ctr container rm removes the device" wait_for not dmsetup info "$D"
	finish
	;;
esac
