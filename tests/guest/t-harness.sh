#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The harness itself: pools, filesystems, boots and power cuts behave as the other tests expect.
# suites: bookworm trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh

case $PHASE in
1)
	ok "udev starts" start_udev
	ok "syslog starts" start_syslog
	logger -t harness hello
	ok "syslog writes" wait_for grep -q hello /run/messages
	ok "a pool comes up" pool_up /host
	ok "a thin device is made" thin_new thin 1 1G
	ok "udev made its node" test -L /dev/mapper/thin
	ok "$FS is made on it" mkfs_on "$FS" /dev/mapper/thin
	ok "it mounts" mount /dev/mapper/thin /mnt
	is "it is $FS" "$(stat -fc %T /mnt | sed 's/ext2.ext3/ext4/')" "$FS"
	echo kept >/mnt/file
	sync -f /mnt
	ok "a snapshot is made" thin_snap snap 2 thin
	is "it is as long" "$(table_sectors snap)" 2097152
	echo kept >/host/file
	ok "the checkout is there" test -e /src/tests/guest/run
	ok "and cannot be written" not touch /src/tests/guest/new
	ok "the tree can" touch /usr/bin/new
	next_boot
	;;
2)
	is "a file in /host outlives a boot" "$(cat /host/file)" kept
	ok "one in the tree does not" not test -e /usr/bin/new
	is "so do devices not" "$(dmsetup ls)" "No devices found"
	ok "the pool comes up again" pool_up /host
	ok "the thin device, too" thin_on thin 1 1G
	ok "it mounts again" mount /dev/mapper/thin /mnt
	is "and has its file" "$(cat /mnt/file)" kept
	next_boot_after_cut 3000
	while :; do
		echo tick >>/host/ticks
		sleep .1
	done
	;;
3)
	isnt "the power was not cut at once" "$(grep -c tick /host/ticks)" 0
	ok "the pool comes up after that" pool_up /host
	ok "the thin device, too, after that" thin_on thin 1 1G
	ok "it mounts after that" mount /dev/mapper/thin /mnt
	is "and has its file still" "$(cat /mnt/file)" kept
	finish
	;;
esac
