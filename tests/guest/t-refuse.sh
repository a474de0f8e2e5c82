#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the hook must not touch, and its messages: no request, no thin device, pools and filesystems with faults.
# suites: bullseye trixie
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/bundle/b
mkdir -p $B /run/m

# traced: runs the hook for $B under strace; the trace is in /run/strace
traced() {
	state $B | strace -f -o /run/strace "$HOOK" hook 2>/run/hook.err
}

# touches_nothing TEXT: the hook makes no device-mapper call, takes no lock, reads no mount table and reports nothing
touches_nothing() {
	ok "$1: the hook succeeds" traced
	is "$1: it makes no ioctl" "$(grep -c 'ioctl(' /run/strace)" 0
	is "$1: it opens no device, mount table, lock or log" "$(grep -cE '/dev/mapper|/dev/dm-|mountinfo|/run/oci-thin-grow|/dev/log' /run/strace)" 0
	is "$1: it takes no lock" "$(grep -c 'flock(' /run/strace)" 0
	is "$1: it reports nothing" "$(cat /run/hook.err)" ""
}

# warned TEXT REGEX: the hook succeeds with one line on stderr and one in the log
warned() {
	: >/run/messages
	ok "$1: the hook succeeds" call_hook $B
	like "$1: the reason is reported" "$(cat /run/hook.err)" "nothing was done: .*$2"
	is "$1: one line is reported" "$(wc -l </run/hook.err)" 1
	like "$1: a skip is logged" "$(cat /run/messages)" 'action=skip container=c1'
}

# failed TEXT REGEX [DISK]: the hook fails with a reason, and the disk is untouched
failed() {
	local before
	before=$(dmsetup table "${3:-disk}" 2>&1)
	: >/run/messages
	ok "$1: the hook fails" not call_hook $B
	like "$1: the reason is reported" "$(cat /run/hook.err)" "$2"
	like "$1: the refusal or failure is logged" "$(cat /run/messages)" 'action=(refuse|fail) container=c1'
	is "$1: the device is untouched" "$(dmsetup table "${3:-disk}" 2>&1)" "$before"
	ok "$1: the device has no inactive table" not has_inactive "${3:-disk}"
}

has_inactive() {
	dmsetup table --inactive "$1" 2>/run/null | grep -q .
}

spec_for_disk() {
	spec $B /run/disk/disk "$(ask "${1:-4G}")"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up

## No request

FS=ext4
ok "a disk is created" new_disk disk
spec $B /run/disk/disk
touches_nothing "no request"
spec $B /run/disk/disk '.annotations = { "tier": "gold", "io.oci-thin-grow.size.x": "4G" }'
touches_nothing "annotations that are not requests"
spec $B /run/disk/disk "$(ask 4G) | .annotations[\"io.kubernetes.cri.container-type\"] = \"sandbox\""
touches_nothing "a pod sandbox"
spec_for_disk 512M
: >/run/messages
ok "a request of less than the size: the hook succeeds" call_hook $B
is "a request of less than the size: nothing is reported" "$(cat /run/hook.err)" ""
is "a request of less than the size: it is logged once" "$(grep -c 'action=keep container=c1' /run/messages)" 1
is "a request of less than the size: the device is untouched" "$(device_bytes disk)" $GIB
spec_for_disk 1G
traced
is "a request of the same size: nothing more is logged" "$(grep -c 'action=' /run/messages)" 1
is "a request of the same size: no lock is taken" "$(grep -c 'flock(' /run/strace)" 0

## No request, whatever is in the state, with or without a readable config.json

sleep 10000 &
beside=$!
spec $B /run/disk/disk
mkdir -p /run/empty
for STATE in ".pid = $beside" ".pid = $beside | del(.status, .ociVersion)" '.status = "stopped"' '.status = 1' '.pid = -1' \
	'.pid = "x"' '.pid = 1e300' '.id = 7' 'del(.id)' 'del(.bundle)' '.bundle = ""' '.bundle = "b"' '.bundle = "/run/empty"' \
	'.annotations = null' '.annotations = []' '.root = {}'; do
	touches_nothing "state with $STATE"
done
STATE=".pid = $beside"
mv $B/config.json /run/config.json
echo '{ "annotations": {' >$B/config.json
touches_nothing "a truncated config.json"
cp /run/config.json $B/
mkdir -p /etc/oci-thin-grow
echo '{' >/etc/oci-thin-grow/config.json
touches_nothing "a broken configuration"
rm /etc/oci-thin-grow/config.json

## The same with a request

spec_for_disk
before=$(dmsetup table disk)
failed "a disk that is mounted here and given to a virtual machine" 'cannot have 4 GiB .*two kernels'
spec $B /run/empty "$(ask 4G)"
warned "a disk that is given to a virtual machine" 'it runs in a virtual machine, which mounts its disk itself'
spec $B rootfs "$(ask 4G)"
warned "a missing rootfs in a virtual machine" 'it runs in a virtual machine'
spec_for_disk
STATE='.pid = -1'
failed "an invalid pid" '"pid" is out of range'
STATE='.id = 7'
ok "an invalid id: the hook fails" not call_hook $B
like "an invalid id: the reason is reported" "$(cat /run/hook.err)" '"id": expected a string'
STATE='.annotations["io.oci-thin-grow.size"] = "4G" | .bundle = "/run/empty"'
failed "no config.json" '/run/empty/config.json.*No such file'
is "invalid states: the device is untouched" "$(dmsetup table disk)" "$before"
kill $beside
unset STATE

## Not a thin device of the container itself

mkdir -p /run/o/{l,u,w,m}
mount -t overlay o -o lowerdir=/run/o/l,upperdir=/run/o/u,workdir=/run/o/w /run/o/m
spec $B /run/o/m "$(ask 4G)"
warned "a rootfs on overlay" 'overlay'
truncate -s 300M /t/plain
mkfs.ext4 -qF /t/plain
mkdir /run/plain
mount -o loop /t/plain /run/plain
spec $B /run/plain "$(ask 4G)"
warned "a plain disk" 'not a thin device'
spec $B /t "$(ask 4G)"
warned "a rootfs on tmpfs" 'tmpfs'
modprobe dm-crypt
thin_new secret 90 1G
dmsetup create crypt --table "0 2097152 crypt aes-xts-plain64 $(printf '11%.0s' {1..64}) 0 /dev/mapper/secret 0"
mkfs_on ext4 /dev/mapper/crypt
mkdir /run/crypt
mount /dev/mapper/crypt /run/crypt
spec $B /run/crypt "$(ask 4G)"
warned "dm-crypt over thin" 'dm target .*crypt'
dmsetup create line --table "0 2097152 linear /dev/mapper/secret 0" 2>/run/null
dmsetup message pool 0 "create_thin 91"
dmsetup message pool 0 "create_thin 92"
dmsetup create two <<-END
	0 1048576 thin /dev/mapper/pool 91
	1048576 1048576 thin /dev/mapper/pool 92
END
mkfs_on ext4 /dev/mapper/two
mkdir /run/two
mount /dev/mapper/two /run/two
spec $B /run/two "$(ask 4G)"
warned "a device with two targets" '2 targets'
dmsetup message pool 0 "create_thin 93"
dmsetup create lvmlike --uuid LVM-abcdef --table "0 2097152 thin /dev/mapper/pool 93"
mkfs_on ext4 /dev/mapper/lvmlike
mkdir /run/lvmlike
mount /dev/mapper/lvmlike /run/lvmlike
spec $B /run/lvmlike "$(ask 4G)"
warned "a device of LVM" 'another manager .*LVM'
mkdir -p /run/disk/disk/a/b/c/d
spec $B /run/disk/disk/a/b/c "$(ask 4G)"
warned "a directory inside a larger filesystem" 'inside a larger filesystem'
mkdir /run/bound
mount --bind /run/disk/disk/a/b /run/bound
spec $B /run/bound/c "$(ask 4G)"
warned "a bind mount of a directory inside a larger filesystem" 'inside a larger filesystem'
umount /run/bound
mount --bind /run/disk/disk /var/lib
spec_for_disk
warned "a filesystem of the host" "the host's /var/lib"
umount /var/lib
is "no thin device: the disk is untouched" "$(device_bytes disk)" $GIB
spec_for_disk 1G
ok "a disk that has its size: the hook succeeds" traced
is "a disk that has its size: the hook reads no mount table" "$(grep -c mountinfo /run/strace)" 0
ln -s /run/disk/disk /run/disk/link
spec $B /run/disk/link "$(ask 4G)"
failed "a rootfs that is a symbolic link" 'link|Too many levels|Not a directory'
spec $B /run/disk/none "$(ask 4G)"
failed "a missing rootfs" 'No such file'

## A thin device that cannot be grown

spec_for_disk 2T
failed "more than max_size" 'cannot have 2 TiB .*max_size is 1 TiB'
spec_for_disk 4X
failed "an invalid size" '"4X" is not a size'
spec_for_disk
# One capability is missing: the hook must find out before it touches the device.
state $B >/run/state
dmsetup table disk >/run/before
ok "no CAP_SYS_RESOURCE: the hook fails" not setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
	sh -c "$HOOK hook </run/state 2>/run/hook.err"
like "no CAP_SYS_RESOURCE: it is named" "$(cat /run/hook.err)" CAP_SYS_RESOURCE
is "no CAP_SYS_RESOURCE: the device is untouched" "$(dmsetup table disk)" "$(cat /run/before)"

mount -o remount,ro /run/disk/disk
failed "a read-only filesystem" 'read-only'
mount -o remount,rw /run/disk/disk

ok "the first disk is removed" drop_disk disk
ok "ext4 without 64bit: a disk is created" new_disk disk 1G -O ^64bit,^metadata_csum
spec_for_disk
ok "ext4 without 64bit: the hook succeeds" call_hook $B
is "ext4 without 64bit: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "ext4 without 64bit: the disk is removed" drop_disk disk
ok "ext4 with sparse_super2: a disk is created" new_disk disk 1G -O ^resize_inode,sparse_super2
failed "ext4 with sparse_super2" 'sparse_super2'
ok "ext4 with sparse_super2: the disk is removed" drop_disk disk
ok "ext4 with the error flag: a disk is created" new_disk disk
umount /run/disk/disk
debugfs -w -R 'ssv state 2' /dev/mapper/disk 2>/run/null
mount /dev/mapper/disk /run/disk/disk
spec_for_disk
failed "ext4 with the error flag" 'error flag'
ok "ext4 with the error flag: the disk is removed" drop_disk disk

ok "ext2: a disk is created" new_disk disk 1G -t ext2
is "ext2: the ext2 driver has mounted it" "$(findmnt -no FSTYPE /run/disk/disk)" ext2
spec_for_disk
failed "ext2, mounted by the ext2 driver" 'mount it as ext4'
umount /run/disk/disk
mount -t ext4 /dev/mapper/disk /run/disk/disk
ok "ext2, mounted as ext4: the hook succeeds" call_hook $B
is "ext2, mounted as ext4: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "ext2: the disk is removed" drop_disk disk

# A read-only device cannot be mounted writable, so it is mounted before it becomes read-only.
ok "a device that becomes read-only: a disk is created" new_disk disk
# Linux 5.10 logs a call trace if something is written to a read-only device, as ext4's journal is.
if [ "$SUITE" != bullseye ]; then
	dmsetup reload --readonly disk --table "$(dmsetup table disk)"
	dmsetup resume disk
	failed "a read-only device" 'read-only'
	dmsetup reload disk --table "$(dmsetup table disk)"
	dmsetup resume disk
fi
dmsetup remove --deferred disk
: >/run/messages
ok "a device about to be removed: the hook lets the container start" call_hook $B
like "a device about to be removed: the log has the reason" "$(cat /run/messages)" 'action=postpone .*about to be removed'
is "a device about to be removed: it is untouched" "$(device_bytes disk)" $GIB
umount /run/disk/disk
ok "a device about to be removed: it goes with its mount" wait_for not dmsetup info disk

## Pools with faults

ok "a read-only pool: a disk is created" new_disk disk
dmsetup suspend pool
dmsetup reload pool --table "$(dmsetup table pool | sed 's/1 skip_block_zeroing/2 skip_block_zeroing read_only/')"
dmsetup resume pool
failed "a read-only pool" 'pool "pool" is read-only'
dmsetup suspend pool
dmsetup reload pool --table "$(dmsetup table pool | sed 's/2 skip_block_zeroing read_only/1 skip_block_zeroing/;s/2 read_only skip_block_zeroing/1 skip_block_zeroing/')"
dmsetup resume pool
ok "a read-only pool: it becomes writable again" sh -c 'dmsetup status pool | grep -q " rw "'
ok "a pool that is writable again: the hook succeeds" call_hook $B
is "a pool that is writable again: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "a read-only pool: the disk is removed" drop_disk disk
umount /run/crypt /run/two /run/lvmlike
udevadm settle
dmsetup remove_all
losetup -D
rm /t/meta /t/data
POOL_GB=1
ok "a pool of 1 GiB comes up" pool_up
next_thin_id=1
# ext4 must write no inode tables after the pool was filled.
ok "a full pool: a disk is created" new_disk disk 2G -E lazy_itable_init=0
pool_percent() {
	dmsetup status pool | awk '{ split($6, of, "/"); print int(of[1] * 100 / of[2]) }'
}

# fill_to PERCENT: most of it at once
fill_to() {
	local mib=$((($1 - $(pool_percent) - 2) * 10))
	[ "$mib" -le 0 ] || dd if=/dev/zero of=/run/disk/disk/fill bs=1M count="$mib" conv=fsync status=none || return
	until [ "$(pool_percent)" -ge "$1" ]; do
		dd if=/dev/zero of=/run/disk/disk/fill bs=1M count=4 oflag=append conv=notrunc,fsync status=none || return
	done
}

ok "a full pool: it is filled to 94 %" fill_to 94
spec_for_disk 16G
failed "a pool 94 % full, without room for the metadata of 16 GiB" 'pool "pool" has 94\.[0-9] % .* % with the'
ok "a full pool: it is filled to 96 %" fill_to 96
spec_for_disk 2050M
failed "a pool 96 % full" 'pool "pool" has 9[67]\.[0-9] % of its data in use.*limit is 95 %'
finish
