#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Concurrent users of a device: engines that suspend it, several hooks at once, and SIGKILL at any moment.
# suites: bookworm trixie
# matrix: bookworm:FS=xfs trixie:FS=ext4
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

fs_bytes() {
	case $FS in
	ext4) dumpe2fs -h "/dev/mapper/$1" 2>/run/null | awk '/^Block count/ { b = $3 } /^Block size/ { printf "%.0f\n", b * $3 }' ;;
	xfs) xfs_info "/run/disk/$1" | sed -n 's/^data .*bsize=\([0-9]*\) *blocks=\([0-9]*\),.*/\1 \2/p' | awk '{ printf "%.0f\n", $1 * $2 }' ;;
	btrfs) btrfs inspect-internal dump-super "/dev/mapper/$1" | awk '$1 == "dev_item.total_bytes" { print $2 }' ;;
	esac
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
# patient TIME: so long a hook waits for others
patient() {
	echo "{ \"timeout\": \"$1\" }" >/etc/oci-thin-grow/config.d/patience.json
}
patient 5m

looked() {
	[ "$(grep -c ioctl /run/strace)" -gt "$1" ]
}

## Somebody else's suspend: an engine between suspend and create_snap

ok "a disk" new_disk disk
spec /run/bundle/disk /run/disk/disk "$(ask 4G)"
state /run/bundle/disk disk >/run/state
dmsetup suspend --nolockfs disk
: >/run/strace
strace -f -o /run/strace -e trace=ioctl "$HOOK" hook </run/state 2>/run/hook.err &
hook=$!
# Each look at the device is one of these.
ok "the hook looks again and again" wait_for looked 20
ok "the hook waits" kill -0 $hook
ok "it does not resume" is_suspended disk
is "nor swap" "$(device_bytes disk)" $GIB
dmsetup resume disk
ok "after the resume it goes on" wait $hook
is "and grows" "$(device_bytes disk)" $((4 * GIB))
ok "and leaves it resumed" not is_suspended disk

patient 3s
dmsetup suspend --nolockfs disk
SECONDS=0
ok "a suspend that does not end: no reason not to start" grow_disk disk 5G
ok "after the deadline" test $SECONDS -ge 2
patient 5m
like "and says so" "$(cat /run/hook.err)" 'suspended by another program'
like "in the log, too" "$(cat /run/messages)" 'action=postpone container=disk .*suspended by another program'
ok "and does not resume" is_suspended disk
dmsetup resume disk
ok "later it grows" grow_disk disk 5G
is "to 5 GiB" "$(device_bytes disk)" $((5 * GIB))
ok "the disk goes" drop_disk disk

## Side by side: whoever is last, nothing shrinks

ok "a disk" new_disk disk
for size in 2G 6G 3G 5G 4G; do
	spec "/run/bundle/$size" /run/disk/disk "$(ask $size)"
	state "/run/bundle/$size" $size | "$HOOK" hook 2>>/run/side.err &
	hooks+=($!)
done
ok "five at once: all are content" wait "${hooks[@]}"
is "five at once: not a word" "$(cat /run/side.err)" ""
is "five at once: the largest wins" "$(device_bytes disk)" $((6 * GIB))
ok "five at once: so does the filesystem" test "$(fs_bytes disk)" -gt $((6 * GIB - 8 * 1024 * 1024))
ok "the disk goes" drop_disk disk

## SIGKILL, at moments from 0 to 60 ms

ok "a disk" new_disk disk
dd if=/dev/urandom of=/run/disk/disk/data bs=1M count=16 status=none
sum=$(sha256sum </run/disk/disk/data)
bytes=$GIB
for i in $(seq 30); do
	want=$((GIB + i * 64 * 1024 * 1024))
	spec /run/bundle/k /run/disk/disk "$(ask $want)"
	state /run/bundle/k >/run/state
	"$HOOK" hook </run/state 2>/run/hook.err &
	hook=$!
	read -rt "$(printf '0.%03d' $((i * 2)))" <> <(:)
	kill -KILL $hook 2>/run/null
	wait $hook 2>/run/null
	now=$(device_bytes disk)
	if is_suspended disk || [ "$now" -lt "$bytes" ] || [ "$(fs_bytes disk)" -gt "$now" ]; then
		is "killed after $((i * 2)) ms: no harm" "$(dmsetup info disk; dmsetup table disk)" ""
	fi
	bytes=$now
done
ok "killed 30 times: the next run finishes" grow_disk disk 4G
is "killed 30 times: the device" "$(device_bytes disk)" $((4 * GIB))
ok "killed 30 times: the filesystem" test "$(fs_bytes disk)" -gt $((4 * GIB - 8 * 1024 * 1024))
is "killed 30 times: the data" "$(sha256sum </run/disk/disk/data)" "$sum"
ok "the disk goes" umount /run/disk/disk
case $FS in
ext4) ok "it checks clean" e2fsck -fn /dev/mapper/disk ;;
xfs) ok "it checks clean" xfs_repair -n /dev/mapper/disk ;;
btrfs) ok "it checks clean" btrfs check --readonly /dev/mapper/disk ;;
esac

## Only the filesystem is short: a raised base size, or a run killed in between

ok "a device longer than its filesystem" dmsetup load disk --table "$(dmsetup table disk | sed 's/^0 [0-9]*/0 16777216/')"
dmsetup resume disk
mount /dev/mapper/disk /run/disk/disk
strace -f -o /run/strace -e trace=ioctl sh -c 'true'
ok "asked for 6 of its 8 GiB" grow_disk disk 6G
is "the device stays" "$(device_bytes disk)" $((8 * GIB))
ok "the filesystem fills it" test "$(fs_bytes disk)" -gt $((8 * GIB - 8 * 1024 * 1024))
finish
