#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Power cuts at random moments around growths. Each boot re-creates the device at its original size, as an engine
# would; heal must extend it before the first mount, and synced data must not be lost.
# In a soak every fourth cut happens up to a minute after a single growth, and disks that have grown large are replaced.
# suites: bookworm trixie
# matrix: bookworm:FS=xfs trixie:FS=ext4
# limit: 600
# soak: FS=ext4 FS=xfs
# soak-limit: 2400
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
M=/run/disk/$D
CUTS=${SOAK:-5}

checks_clean() {
	case $FS in
	ext4) e2fsck -fn /dev/mapper/$D ;;
	xfs) xfs_repair -n /dev/mapper/$D ;;
	esac
}

# All files that were synced are there with their content.
synced_is_there() {
	[ ! -s /host/synced ] || (cd $M && sha256sum --quiet -c /host/synced)
}

# grow_and_write GROWTHS: grows by 512 MiB each time, with a file synced before and after; then only writes files, until the cut
grow_and_write() {
	local i
	for i in $(seq 1000); do
		write_synced "$PHASE-$i-before" || return
		if [ "$i" -le "$1" ]; then
			grow_disk $D $(($(device_bytes $D) + GIB / 2)) || return
		else
			sleep .3
		fi
		write_synced "$PHASE-$i-after" || return
		sleep .05
	done
}

# A new disk with the same name and id; the ledger still has the entry of the old one.
another_disk() {
	drop_disk $D && dmsetup message pool 0 "delete 7" || return
	: >/host/synced
	next_thin_id=7
	new_disk $D && sync -f $M
}

# The late cuts are spread evenly over a minute.
cut_late() {
	local step=$((60000 / (CUTS / 4)))
	next_boot_after_cut $((step * (PHASE / 4 - 1) + RANDOM % step))
	grow_and_write 1
}

cut_early() {
	next_boot_after_cut $((RANDOM % 2500))
	grow_and_write 60
}

write_synced() {
	dd if=/dev/urandom of="$M/$1" bs=64K count=16 conv=fsync status=none || return
	(cd $M && sha256sum "$1") >>/host/synced
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow $M
mount --bind /data/ledger /var/lib/oci-thin-grow
POOL_GB=60
ok "boot $PHASE: a pool comes up" pool_up /host

if [ "$PHASE" = 1 ]; then
	next_thin_id=7
	: >/host/synced
	ok "a disk is created" new_disk $D
	sync -f $M
else
	ok "boot $PHASE: the device is re-created at its original size" thin_on $D 7 1G
	ok "boot $PHASE: it mounts at the first attempt" mount /dev/mapper/$D $M
	ok "boot $PHASE: all synced files are intact" synced_is_there
	like "boot $PHASE: df reads the filesystem" "$(df -m --output=size $M | tail -n 1)" '[0-9]'
	ok "boot $PHASE: it is unmounted" umount $M
	ok "boot $PHASE: the filesystem check finds no error" checks_clean
	ok "boot $PHASE: it mounts again" mount /dev/mapper/$D $M
	# ext4 must be mounted once more after the journal was replayed before it can grow; it just was.
	want=$(($(device_bytes $D) + GIB / 4))
	ok "boot $PHASE: it can be grown again" grow_disk $D $want
	is "boot $PHASE: it has the requested size" "$(device_bytes $D)" "$want"
fi
[ "$PHASE" -le "$CUTS" ] || finish
if [ -n "${SOAK:-}" ] && [ "$(device_bytes $D)" -gt $((8 * GIB)) ]; then
	ok "boot $PHASE: the disk is replaced" another_disk
fi
if [ -n "${SOAK:-}" ] && [ $((PHASE % 4)) = 0 ]; then
	cut_late >/run/grow.log 2>&1
else
	cut_early >/run/grow.log 2>&1
fi
await_cut
