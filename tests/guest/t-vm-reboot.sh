#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disks of virtual machines, grown before their first start: stop and start, reboots, and a guest that forges its superblock.
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

# grown ID: a container whose disk is grown before its first start, as by a program that has no shim
grown() {
	vm_create "$1" "$BARE" && otg grow --device "$(vm_device "$1")" --unmounted 4G
}

fs_bytes() {
	case $FS in
	ext4) dumpe2fs -h "/dev/mapper/$1" 2>/run/null | awk '/^Block count/ { b = $3 } /^Block size/ { printf "%.0f\n", b * $3 }' ;;
	xfs) xfs_db -r -c 'sb 0' -c 'p dblocks blocksize' "/dev/mapper/$1" | awk '{ n = n ? n * $3 : $3 } END { printf "%.0f\n", n }' ;;
	esac
}

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

# forged ID: it started, and wrote its superblock when it ended
forged() {
	forge "$1" && vm_start "$1" && vm_stop "$1" && [ "$(fs_bytes "$(vm_device "$1")")" = $((8 * GIB)) ]
}

# by_runc: the same superblock on a disk of runc's, which the host has written itself
by_runc() {
	vm_create runc io.containerd.runc.v2 && forge runc &&
		dd if=$NOTES/runc.forge of="/dev/mapper/$(vm_device runc)" conv=fsync status=none
}

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

	ok "a container to compare with" vm_create alone "$BARE"
	ok "honest: is created and grown" grown honest
	[ "$FS" != ext4 ] || is "honest: the host mounted it once to grow it" \
		$(($(mounts_of "$(vm_device honest)") - $(mounts_of "$(vm_device alone)"))) 1
	ok "honest: starts" vm_start honest
	ok "honest: writes" writes
	as_before "first start"
	ok "honest: is stopped" vm_stop honest
	ok "honest: starts again" vm_start honest
	as_before "second start"
	is "no device of a machine is in the host's mount table" "$(grep pool-snap /proc/mounts)" ""

	ok "forger: is created and grown" grown forger
	ok "forger: it writes a superblock of 8 GiB" forged forger
	ok "runc: the host writes a superblock of 8 GiB" by_runc
	next_boot
	;;
2)
	ok "reboot: runc's device is healed to 8 GiB, so such a superblock is believed" wait_for is_as_long runc $((8 * GIB))
	ok "reboot: the honest one's device is healed to 4 GiB" wait_for is_as_long honest $((4 * GIB))
	ok "reboot: the forger's device is healed to the 4 GiB of the ledger" wait_for is_as_long forger $((4 * GIB))
	ok "reboot: heal --all succeeds" otg heal --all
	is "reboot: the forger still has 4 GiB" "$(device_bytes "$(vm_device forger)")" $((4 * GIB))
	ok "reboot: the honest one starts" vm_start honest
	as_before "reboot"
	ok "honest: is stopped" vm_stop honest
	ok "honest: its filesystem is clean" is_clean "$(vm_device honest)"
	finish
	;;
esac
