#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disks of virtual machines: stop and start, reboots, guests that forge their superblock, and snapshots that were committed.
# suites: trixie forky
# matrix: trixie:FS=ext4 forky:FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 600
# drivers: vm-shim
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/vm.sh
. /src/tests/guest/vm.sh

## Forged

# forge ID: when its workload has ended, its disk's superblock says 8 GiB
forge() {
	local uuid big=/t/big
	uuid=$(blkid -o value -s UUID "/dev/mapper/$(vm_device "$1")") || return
	rm -f $big
	truncate -s 8G $big || return
	case $FS in
	ext4) mkfs.ext4 -q -F -U "$uuid" $big ;;
	xfs) mkfs.xfs -q -m "uuid=$uuid" $big ;;
	esac || return
	mkdir -p $NOTES && head -c 4096 $big >"$NOTES/$1.forge" && rm $big
}

# forged ID RUNTIME [OPTION...]: a container that did that, and has ended
forged() {
	local id=$1
	vm_create "$@" && forge "$id" && vm_start "$id" && vm_stop "$id" &&
		[ "$(fs_bytes "$(vm_device "$id")")" = $((8 * GIB)) ]
}

# by_runc: the same superblock on a disk of runc's, which the host has written itself
by_runc() {
	vm_create runc io.containerd.runc.v2 && forge runc &&
		dd if=$NOTES/runc.forge of="/dev/mapper/$(vm_device runc)" conv=fsync status=none
}

# commit ID [NAME]: its disk becomes a snapshot that others can be made from
commit() {
	wait_for ctr snapshot --snapshotter devmapper commit "${2:-of-$1}" "$1"
}

# child_bytes ID: the length of a new one, when it has been mounted for the first time
child_bytes() {
	ctr snapshot --snapshotter devmapper prepare "child-$1" "of-$1" >/run/out 2>&1
	device_bytes "$(vm_device "child-$1")"
}

# layer DIGIT: a name as of an image's layer
layer() {
	printf 'sha256:%064d' "$1"
}

# made_over ID: its disk is made from a layer over that of the honest one, by their names layers of an image
made_over() {
	commit honest "$(layer 1)" && ctr snapshot --snapshotter devmapper prepare between "$(layer 1)" && commit between "$(layer 2)" &&
		ctr snapshot --snapshotter devmapper rm "$1" && ctr snapshot --snapshotter devmapper prepare "$1" "$(layer 2)"
} >/run/out

## An honest one

writes() {
	ctr task exec --exec-id w honest dd if=/dev/urandom of=/data bs=1M count=32 &&
		ctr_out honest sha256sum /data >/host/sum && [ -s /host/sum ]
}

# as_before WHEN
as_before() {
	is "$1: the machine gets 4 GiB" "$(vm_saw honest)" $((4 * GIB))
	like "$1: the workload sees 4 GiB" "$(vm_df honest)" "$MIB_4G"
	is "$1: its data is there" "$(ctr_out honest sha256sum /data)" "$(cat /host/sum)"
}

# is_as_long ID BYTES: wait_for, as udev's rule may be at it still
is_as_long() {
	[ "$(device_bytes "$(vm_device "$1")")" = "$2" ]
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger and containerd" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow
mount --bind /data/ledger /var/lib/oci-thin-grow
ok "boot $PHASE: the shims are installed" shims_up
ok "boot $PHASE: a pool comes up" pool_up /host
ok "boot $PHASE: containerd starts" containerd_up

case $PHASE in
1)
	ok "an OCI image is built" oci_layout /t/oci.tar
	ok "the image is imported" image_import local/bb /t/oci.tar

	ok "honest: is created" vm_create honest "$OURS" "$(asking 4G)"
	ok "honest: starts" vm_start honest
	ok "honest: writes" writes
	as_before "first start"
	ok "honest: is stopped" vm_stop honest
	ok "honest: starts again" vm_start honest
	as_before "second start"

	ok "forger with a request: ran and wrote a superblock of 8 GiB" forged asked "$OURS" "$(asking 4G)"
	ok "forger without a request: ran and wrote a superblock of 8 GiB" forged unasked "$OURS"
	ok "forger without us: ran and wrote a superblock of 8 GiB" forged alone "$BARE"
	ok "runc: the host wrote a superblock of 8 GiB" by_runc
	next_boot
	;;
2)
	ok "reboot: runc's device is healed to 8 GiB: such a superblock is believed" wait_for is_as_long runc $((8 * GIB))
	ok "reboot: the honest one's device is healed to 4 GiB" wait_for is_as_long honest $((4 * GIB))
	ok "reboot: the forger's device is healed to the 4 GiB of the ledger" wait_for is_as_long asked $((4 * GIB))
	ok "reboot: heal --all" otg heal --all
	is "reboot: the forger that asked has 4 GiB still" "$(device_bytes "$(vm_device asked)")" $((4 * GIB))
	is "reboot: the forger that did not ask has 1 GiB" "$(device_bytes "$(vm_device unasked)")" $GIB
	is "reboot: the forger without us has 1 GiB" "$(device_bytes "$(vm_device alone)")" $GIB
	like "reboot: the log names the runtime that is not believed" "$(cat /run/messages)" "$OURS"
	ok "reboot: the honest one starts" vm_start honest
	as_before "reboot"
	ok "honest: is stopped" vm_stop honest
	ok "honest: its filesystem is clean" is_clean "$(vm_device honest)"

	ok "committed: the forger's that asked" commit asked
	is "committed: one made from it gets what its parent had" "$(child_bytes asked)" $((4 * GIB))
	ok "committed: the forger's that did not ask" commit unasked
	is "committed: one made from it is not believed" "$(child_bytes unasked)" $GIB
	like "committed: the log says why" "$(cat /run/messages)" 'it was made from the snapshot \\"of-unasked\\"'

	ok "committed as a layer: a container is created" vm_create over "$OURS" "$(asking 5G)"
	ok "committed as a layer: its disk is made from one above" made_over over
	[ "$FS" != ext4 ] || mounts=$(mounts_of "$(vm_device over)")
	ok "committed as a layer: it starts" vm_start over
	is "committed as a layer: the machine got 5 GiB" "$(vm_saw over)" $((5 * GIB))
	like "committed as a layer: the filesystem is the guest's to grow" "$(vm_df over)" "$MIB_4G"
	like "committed as a layer: the log says why" "$(grep 'action=grow container=over ' /run/messages)" \
		"made from the snapshot .*$(layer 1).* may have been given to a virtual machine"
	[ "$FS" != ext4 ] || is "committed as a layer: mounted by the machine only" "$(mounts_of "$(vm_device over)")" $((mounts + 1))
	finish
	;;
esac
