#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A device before a virtual machine gets it: grown without a mount that anybody sees, marked, and not believed after that.
# suites: bullseye bookworm
# matrix: bullseye:FS=ext4 bookworm:FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/vm.sh
. /src/tests/guest/vm.sh

GIB=$((1024 * 1024 * 1024))
LEDGER=/var/lib/oci-thin-grow/ledger

device_gib() {
	echo "$(($(table_sectors "$1") / 2097152)) GiB"
}

# forge NAME GIB: a superblock with a sound checksum that asks for so much
forge() {
	case $FS in
	ext4) debugfs -w -R "set_super_value blocks_count $(($2 * GIB / 4096))" "/dev/mapper/$1" ;;
	xfs) xfs_db -x -c 'sb 0' -c "write -d dblocks $(($2 * GIB / 4096))" \
		-c "write -d agcount $(($2 * GIB / 4096 / $(xfs_db -r -c 'sb 0' -c 'p agblocks' "/dev/mapper/$1" | sed 's/.* //')))" "/dev/mapper/$1" ;;
	esac
}

mount_disk() {
	mkdir -p /run/disk && mount -o "$([ "$FS" = xfs ] && echo nouuid || echo rw)" "/dev/mapper/$1" /run/disk
}

# forget NAME ID: what containerd does after a reboot: the device is re-created at the size that it remembers
forget() {
	dmsetup remove --retry "$1" && thin_on "$1" "$2" 1G
}

grow_unmounted() {
	otg grow --device "$1" --unmounted "$2"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "an image is created" thin_new image 1 1G
ok "it has a filesystem" mkfs_on "$FS" /dev/mapper/image -b "$([ "$FS" = ext4 ] && echo 4096 || echo size=4096)"

## Grown, and seen by nobody

D=pool-snap-2
ok "a snapshot of it is created" thin_snap $D 2 image
[ "$FS" != ext4 ] || mounted=$(mounts_of $D)
strace -f -o /run/strace -e trace=fsmount,move_mount,mount -e inject=fsmount:signal=STOP:when=1 \
	/usr/sbin/oci-thin-grow grow --device $D --unmounted 4G >/run/out 2>/run/err &
strace=$!
is_stopped() {
	grep -q 'stopped by SIGSTOP' /run/strace
}
ok "grow is stopped while the filesystem is mounted" wait_for is_stopped
is "no mount table shows it" "$(in_mount_tables $D)" ""
ok "it is open twice: as a device and by the mount" wait_for opens_are $D 2
kill -CONT "$(pgrep -P "$strace")"
ok "grow succeeds" wait $strace
like "grow says so" "$(cat /run/out)" "^$D: grown from 1 GiB to 4 GiB"
is "it is silent on stderr" "$(cat /run/err)" ""
is "its mount was attached nowhere, not even for a moment" "$(grep -E '[ _]mount\(' /run/strace)" ""
is "the device has 4 GiB" "$(device_gib $D)" "4 GiB"
ok "the filesystem fills it" fs_fills $D $((4 * GIB))
ok "nobody has it open" wait_for is_closed $D
ok "the filesystem is clean" is_clean $D
[ "$FS" != ext4 ] || is "it was mounted once" "$(mounts_of $D)" $((mounted + 1))
like "the ledger has its length" "$(cat $LEDGER/$D)" $'\nsectors=8388608\n'
like "the ledger has the growth as finished" "$(cat $LEDGER/$D)" $'\nstate=done\n'
like "the ledger has the mark" "$(cat $LEDGER/$D)" $'\nvm=1\n'
like "the log has the growth" "$(cat /run/messages)" "action=grow container=$D .*to=4294967296"

## Never again

ok "the same size again: nothing to do" exits 0 grow --device $D --unmounted 4G
like "the same size again: it says so" "$(cat /run/out)" "^$D: has 4 GiB already"
ok "a larger size: not for the host" exits 4 grow --device $D --unmounted 5G
like "a larger size: the guest is named" "$(cat /run/err)" 'given to a virtual machine: only its guest can grow'
[ "$FS" != ext4 ] || is "it is still mounted once in its life" "$(mounts_of $D)" $((mounted + 1))
ok "another program mounts it" mount_disk $D
ok "mounted: refused all the same" exits 4 grow --device $D 5G
like "mounted: the reason" "$(cat /run/err)" 'given to a virtual machine'
is "mounted: the device is as it was" "$(device_gib $D)" "4 GiB"
umount /run/disk

## What is refused

ok "a snapshot is created" thin_snap pool-snap-3 3 image
exec 7<>/dev/mapper/pool-snap-3
ok "open in another program: refused" exits 1 grow --device pool-snap-3 --unmounted 4G
like "open in another program: the reason" "$(cat /run/err)" 'in use: mounted, or open in another program'
exec 7>&-
ok "another program mounts it" mount_disk pool-snap-3
ok "mounted: refused" exits 1 grow --device pool-snap-3 --unmounted 4G
like "mounted: the reason" "$(cat /run/err)" 'in use: mounted, or open in another program'
umount /run/disk
is "nothing has changed" "$(device_gib pool-snap-3)" "1 GiB"
ok "a smaller size is refused" exits 3 grow --device pool-snap-3 --unmounted 512M
ok "no such device" exits 4 grow --device pool-snap-9 --unmounted 4G
ok "the pool is not a disk" exits 4 grow --device pool --unmounted 4G
ok "an option without its device is a usage error" exits 2 grow --unmounted web 4G
ok "so is a dry run" exits 2 grow --dry-run --device pool-snap-3 --unmounted 4G
is "no entry was made" "$(ls $LEDGER)" "$D"

## A guest forges its superblock

ok "unmarked: a superblock of 8 GiB is written" forge pool-snap-3 8
ok "unmarked: the device is re-created" forget pool-snap-3 3
is "unmarked: it is believed" "$(device_gib pool-snap-3)" "8 GiB"
ok "marked: a superblock of 8 GiB is written" forge $D 8
ok "marked: the device is re-created" forget $D 2
is "marked: it gets what the ledger has" "$(device_gib $D)" "4 GiB"
like "marked: the log says why not more" "$(cat /run/messages)" "device=$D .*superblock says 8 GiB, but the device was given to a virtual machine"
ok "marked: heal --all succeeds" exits 0 heal --all
is "marked: it has no more after it" "$(device_gib $D)" "4 GiB"
like "marked: the mark is still there" "$(cat $LEDGER/$D)" $'\nvm=1\n'
finish
