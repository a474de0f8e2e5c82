#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The test harness itself: pools, filesystems, boots and power cuts work as the other tests expect.
# suites: trixie
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
	ok "a message appears in the log" wait_for grep -q hello /run/messages
	ok "a pool comes up" pool_up /host
	ok "a thin device is created" thin_new thin 1 1G
	ok "udev created its node" test -L /dev/mapper/thin
	ok "mkfs creates $FS on it" mkfs_on "$FS" /dev/mapper/thin
	ok "it mounts" mount /dev/mapper/thin /mnt
	is "it is $FS" "$(stat -fc %T /mnt | sed 's/ext2.ext3/ext4/')" "$FS"
	echo kept >/mnt/file
	sync -f /mnt
	ok "a snapshot is made" thin_snap snap 2 thin
	is "the snapshot is as large as its origin" "$(table_sectors snap)" 2097152
	echo kept >/host/file
	ok "the checkout is at /src" test -e /src/tests/guest/run
	ok "the checkout is read-only" not touch /src/tests/guest/new
	ok "the root is writable" touch /usr/bin/new
	next_boot
	;;
2)
	is "a file in /host outlives a boot" "$(cat /host/file)" kept
	ok "a file in the root does not" not test -e /usr/bin/new
	is "devices do not" "$(dmsetup ls)" "No devices found"
	ok "the pool comes up after a reboot" pool_up /host
	ok "the thin device comes up after a reboot" thin_on thin 1 1G
	ok "it mounts after a reboot" mount /dev/mapper/thin /mnt
	is "its file is there after a reboot" "$(cat /mnt/file)" kept
	next_boot_after_cut 1000
	while :; do
		echo tick >>/host/ticks
		sleep .1
	done
	;;
3)
	isnt "the guest ran for a while before the power cut" "$(grep -c tick /host/ticks)" 0
	ok "the pool comes up after a power cut" pool_up /host
	ok "the thin device comes up after a power cut" thin_on thin 1 1G
	ok "it mounts after a power cut" mount /dev/mapper/thin /mnt
	is "its file is there after a power cut" "$(cat /mnt/file)" kept
	finish
	;;
esac
