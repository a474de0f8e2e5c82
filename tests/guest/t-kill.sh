#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Concurrent users of a device: engines that suspend it, several hooks at once, and SIGKILL at any moment.
# Some hit a fork, after which User-mode Linux 6.12 panics; 7.2 has not.
# kernel: trixie:forky
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
# patient TIME: sets how long a hook waits for others
patient() {
	echo "{ \"timeout\": \"$1\" }" >/etc/oci-thin-grow/config.d/patience.json
}
patient 5m

looked() {
	[ "$(grep -c ioctl /run/strace)" -gt "$1" ]
}

## A suspend of another program, such as an engine's before create_snap

ok "suspended by another: a disk is created" new_disk disk
spec /run/bundle/disk /run/disk/disk "$(ask 4G)"
state /run/bundle/disk disk >/run/state
dmsetup suspend --nolockfs disk
: >/run/strace
strace -f -o /run/strace -e trace=ioctl "$HOOK" hook </run/state 2>/run/hook.err &
hook=$!
# Each look at the device is one of these ioctls.
ok "suspended by another: the hook looks again and again" wait_for looked 20
ok "suspended by another: the hook waits" kill -0 $hook
ok "suspended by another: the hook does not resume the device" is_suspended disk
is "suspended by another: the hook does not change the table" "$(device_bytes disk)" $GIB
dmsetup resume disk
ok "suspended by another: after the resume the hook succeeds" wait $hook
is "suspended by another: after the resume the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "suspended by another: after the hook the device is not suspended" not is_suspended disk

patient 3s
dmsetup suspend --nolockfs disk
SECONDS=0
ok "suspended for longer: the hook lets the container start" grow_disk disk 5G
ok "suspended for longer: the hook has waited" test $SECONDS -ge 2
patient 5m
like "suspended for longer: the hook reports the reason" "$(cat /run/hook.err)" 'suspended by another program'
like "suspended for longer: the log has the reason" "$(cat /run/messages)" 'action=postpone container=disk .*suspended by another program'
ok "suspended for longer: the hook does not resume the device" is_suspended disk
dmsetup resume disk
ok "suspended for longer: the next hook succeeds" grow_disk disk 5G
is "suspended for longer: the device has 5 GiB after it" "$(device_bytes disk)" $((5 * GIB))
ok "suspended for longer: the disk is removed" drop_disk disk

## Several hooks at once: no device shrinks

all_succeed() {
	local pid
	for pid; do
		wait "$pid" || return
	done
}

ok "five at once: a disk is created" new_disk disk
for size in 2G 6G 3G 5G 4G; do
	spec "/run/bundle/$size" /run/disk/disk "$(ask $size)"
	state "/run/bundle/$size" $size | "$HOOK" hook 2>>/run/side.err &
	hooks+=($!)
done
ok "five at once: all hooks succeed" all_succeed "${hooks[@]}"
is "five at once: nothing is reported" "$(cat /run/side.err)" ""
is "five at once: the device has the largest size" "$(device_bytes disk)" $((6 * GIB))
ok "five at once: the filesystem has the largest size" test "$(fs_bytes disk)" -gt $((6 * GIB - 8 * 1024 * 1024))
ok "five at once: the disk is removed" drop_disk disk

## SIGKILL after 0 to 60 ms

ok "killed 30 times: a disk is created" new_disk disk
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
		is "killed after $((i * 2)) ms: nothing is suspended, shrunk or too short" "$(dmsetup info disk; dmsetup table disk)" ""
	fi
	bytes=$now
done
ok "killed 30 times: the next hook succeeds" grow_disk disk 4G
is "killed 30 times: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "killed 30 times: the filesystem has 4 GiB" test "$(fs_bytes disk)" -gt $((4 * GIB - 8 * 1024 * 1024))
is "killed 30 times: the data is unchanged" "$(sha256sum </run/disk/disk/data)" "$sum"
ok "killed 30 times: the disk is unmounted" umount /run/disk/disk
case $FS in
ext4) ok "killed 30 times: the filesystem check finds no error" e2fsck -fn /dev/mapper/disk ;;
xfs) ok "killed 30 times: the filesystem check finds no error" xfs_repair -n /dev/mapper/disk ;;
btrfs) ok "killed 30 times: the filesystem check finds no error" btrfs check --readonly /dev/mapper/disk ;;
esac

## A filesystem that is smaller than its device: after a raised base size, or a killed hook

ok "a larger device: a longer table is loaded" dmsetup load disk --table "$(dmsetup table disk | sed 's/^0 [0-9]*/0 16777216/')"
dmsetup resume disk
mount /dev/mapper/disk /run/disk/disk
ok "a larger device: a request of 6 of its 8 GiB succeeds" grow_disk disk 6G
is "a larger device: it keeps its 8 GiB" "$(device_bytes disk)" $((8 * GIB))
ok "a larger device: the filesystem fills it" test "$(fs_bytes disk)" -gt $((8 * GIB - 8 * 1024 * 1024))
finish
