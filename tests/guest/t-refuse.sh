#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the hook must not touch, and its messages: no request, no thin device, faulty pools and filesystems.
# suites: bullseye bookworm trixie
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/bundle/b
mkdir -p $B /run/m

# traced: the hook for $B under strace, in /run/strace
traced() {
	state $B | strace -f -o /run/strace "$HOOK" hook 2>/run/hook.err
}

# touches_nothing TEXT: the traced run asked device-mapper nothing, took no lock, read no mount table, said nothing
touches_nothing() {
	ok "$1: exit 0" traced
	is "$1: no ioctl" "$(grep -c 'ioctl(' /run/strace)" 0
	is "$1: nothing of ours opened" "$(grep -cE '/dev/mapper|/dev/dm-|mountinfo|/run/oci-thin-grow|/dev/log' /run/strace)" 0
	is "$1: no lock" "$(grep -c 'flock(' /run/strace)" 0
	is "$1: silent" "$(cat /run/hook.err)" ""
}

# warned TEXT REGEX: exit 0, one line on stderr, and the same in the log
warned() {
	: >/run/messages
	ok "$1: exit 0" call_hook $B
	like "$1: says why" "$(cat /run/hook.err)" "nothing was done: .*$2"
	is "$1: in one line" "$(wc -l </run/hook.err)" 1
	like "$1: in the log, too" "$(cat /run/messages)" 'action=skip container=c1'
}

# failed TEXT REGEX [DISK]: fails, says why, and the disk is as it was
failed() {
	local before
	before=$(dmsetup table "${3:-disk}" 2>&1)
	: >/run/messages
	ok "$1: fails" not call_hook $B
	like "$1: says why" "$(cat /run/hook.err)" "$2"
	like "$1: in the log, too" "$(cat /run/messages)" 'action=(refuse|fail) container=c1'
	is "$1: the device is untouched" "$(dmsetup table "${3:-disk}" 2>&1)" "$before"
	ok "$1: nothing waits in the inactive slot" not has_inactive "${3:-disk}"
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

## Nothing asked

FS=ext4
ok "a disk" new_disk disk
spec $B /run/disk/disk
touches_nothing "no request"
spec $B /run/disk/disk '.annotations = { "tier": "gold", "io.oci-thin-grow.size.x": "4G" }'
touches_nothing "other annotations"
spec $B /run/disk/disk "$(ask 4G) | .annotations[\"io.kubernetes.cri.container-type\"] = \"sandbox\""
touches_nothing "a sandbox"
spec_for_disk 512M
: >/run/messages
ok "less than there is: exit 0" call_hook $B
is "less than there is: silent" "$(cat /run/hook.err)" ""
is "less than there is: logged once" "$(grep -c 'action=keep container=c1' /run/messages)" 1
is "less than there is: untouched" "$(device_bytes disk)" $GIB
spec_for_disk 1G
traced
is "as much as there is: nothing logged" "$(grep -c 'action=' /run/messages)" 1
is "as much as there is: no lock" "$(grep -c 'flock(' /run/strace)" 0

## Nothing asked, whatever the state says, and whether or not config.json can be read

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
touches_nothing "half a config.json"
cp /run/config.json $B/
mkdir -p /etc/oci-thin-grow
echo '{' >/etc/oci-thin-grow/config.json
touches_nothing "a broken configuration"
rm /etc/oci-thin-grow/config.json

## The same with a request

spec_for_disk
before=$(dmsetup table disk)
failed "mounted here, and given to a virtual machine" 'cannot have 4 GiB .*two kernels'
spec $B /run/empty "$(ask 4G)"
warned "only given to a virtual machine" 'it runs in a virtual machine, which mounts its disk itself'
spec $B rootfs "$(ask 4G)"
warned "given to a virtual machine, without a directory" 'it runs in a virtual machine'
spec_for_disk
STATE='.pid = -1'
failed "an impossible pid" '"pid" is out of range'
STATE='.id = 7'
ok "an impossible id: fails" not call_hook $B
like "an impossible id: says why" "$(cat /run/hook.err)" '"id": expected a string'
STATE='.annotations["io.oci-thin-grow.size"] = "4G" | .bundle = "/run/empty"'
failed "no config.json" '/run/empty/config.json.*No such file'
is "the device is unchanged" "$(dmsetup table disk)" "$before"
kill $beside
unset STATE

## Not a thin device of the container's own

mkdir -p /run/o/{l,u,w,m}
mount -t overlay o -o lowerdir=/run/o/l,upperdir=/run/o/u,workdir=/run/o/w /run/o/m
spec $B /run/o/m "$(ask 4G)"
warned "overlay" 'overlay'
truncate -s 300M /t/plain
mkfs.ext4 -qF /t/plain
mkdir /run/plain
mount -o loop /t/plain /run/plain
spec $B /run/plain "$(ask 4G)"
warned "a plain disk" 'not a thin device'
spec $B /t "$(ask 4G)"
warned "tmpfs" 'tmpfs'
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
warned "two targets" '2 targets'
dmsetup message pool 0 "create_thin 93"
dmsetup create lvmlike --uuid LVM-abcdef --table "0 2097152 thin /dev/mapper/pool 93"
mkfs_on ext4 /dev/mapper/lvmlike
mkdir /run/lvmlike
mount /dev/mapper/lvmlike /run/lvmlike
spec $B /run/lvmlike "$(ask 4G)"
warned "somebody else's device" 'another manager .*LVM'
mkdir -p /run/disk/disk/a/b/c/d
spec $B /run/disk/disk/a/b/c "$(ask 4G)"
warned "deep inside a shared filesystem" 'inside a larger filesystem'
mount --bind /run/disk/disk /var/lib
spec_for_disk
warned "a filesystem of the host" "the host's /var/lib"
umount /var/lib
is "the disk is untouched" "$(device_bytes disk)" $GIB
ln -s /run/disk/disk /run/disk/link
spec $B /run/disk/link "$(ask 4G)"
failed "a link as rootfs" 'link|Too many levels|Not a directory'
spec $B /run/disk/none "$(ask 4G)"
failed "no rootfs" 'No such file'

## A thin device that cannot be grown

spec_for_disk 2T
failed "more than allowed" 'cannot have 2 TiB .*max_size is 1 TiB'
spec_for_disk 4X
failed "not a size" '"4X" is not a size'
spec_for_disk
# A capability less: the device must not be touched before that is known.
state $B >/run/state
dmsetup table disk >/run/before
ok "no CAP_SYS_RESOURCE: fails" not setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
	sh -c "$HOOK hook </run/state 2>/run/hook.err"
like "no CAP_SYS_RESOURCE: says so" "$(cat /run/hook.err)" CAP_SYS_RESOURCE
is "no CAP_SYS_RESOURCE: untouched" "$(dmsetup table disk)" "$(cat /run/before)"

mount -o remount,ro /run/disk/disk
failed "a read-only filesystem" 'read-only'
mount -o remount,rw /run/disk/disk

ok "the disk goes" drop_disk disk
ok "an ext4 without 64bit and resize_inode" new_disk disk 1G -O ^64bit,^metadata_csum
spec_for_disk
ok "it grows" call_hook $B
is "to 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "the disk goes" drop_disk disk
ok "an ext4 with sparse_super2" new_disk disk 1G -O ^resize_inode,sparse_super2
failed "sparse_super2" 'sparse_super2'
ok "the disk goes" drop_disk disk
ok "an ext4 with an error flag" new_disk disk
umount /run/disk/disk
debugfs -w -R 'ssv state 2' /dev/mapper/disk 2>/run/null
mount /dev/mapper/disk /run/disk/disk
spec_for_disk
failed "an error flag" 'error flag'
ok "the disk goes" drop_disk disk

ok "an ext2" new_disk disk 1G -t ext2
is "its own driver has mounted it" "$(findmnt -no FSTYPE /run/disk/disk)" ext2
spec_for_disk
failed "ext2's own driver" 'mount it as ext4'
umount /run/disk/disk
mount -t ext4 /dev/mapper/disk /run/disk/disk
ok "mounted as ext4 it grows" call_hook $B
is "to 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "the disk goes" drop_disk disk

# A device that was made read-only under a writable table cannot be mounted writable, so it is mounted first.
ok "a disk" new_disk disk
# Linux 5.10 shows a trace if something is written to it, as ext4's journal is.
if [ "$SUITE" != bullseye ]; then
	dmsetup reload --readonly disk --table "$(dmsetup table disk)"
	dmsetup resume disk
	failed "a read-only device" 'read-only'
	dmsetup reload disk --table "$(dmsetup table disk)"
	dmsetup resume disk
fi
dmsetup remove --deferred disk
: >/run/messages
ok "a device about to be removed: the container starts" call_hook $B
like "a device about to be removed: the log says why" "$(cat /run/messages)" 'action=postpone .*about to be removed'
is "a device about to be removed: it is untouched" "$(device_bytes disk)" $GIB
umount /run/disk/disk

## Pools in trouble

ok "a disk" new_disk disk
dmsetup suspend pool
dmsetup reload pool --table "$(dmsetup table pool | sed 's/1 skip_block_zeroing/2 skip_block_zeroing read_only/')"
dmsetup resume pool
failed "a read-only pool" 'pool "pool" is read-only'
dmsetup suspend pool
dmsetup reload pool --table "$(dmsetup table pool | sed 's/2 skip_block_zeroing read_only/1 skip_block_zeroing/;s/2 read_only skip_block_zeroing/1 skip_block_zeroing/')"
dmsetup resume pool
ok "the pool is writable again" sh -c 'dmsetup status pool | grep -q " rw "'
ok "then it grows" call_hook $B
is "to 4 GiB" "$(device_bytes disk)" $((4 * GIB))
ok "the disk goes" drop_disk disk
umount /run/crypt /run/two /run/lvmlike
udevadm settle
dmsetup remove_all
losetup -D
rm /t/meta /t/data
POOL_GB=1
ok "a pool of 1 GiB" pool_up
next_thin_id=1
ok "a disk" new_disk disk 2G
pool_percent() {
	dmsetup status pool | awk '{ split($6, of, "/"); print int(of[1] * 100 / of[2]) }'
}

fill_to() {
	until [ "$(pool_percent)" -ge "$1" ]; do
		dd if=/dev/zero of=/run/disk/disk/fill bs=1M count=4 oflag=append conv=notrunc,fsync status=none || return
	done
}

ok "a pool 94 % full" fill_to 94
spec_for_disk 16G
failed "with the metadata of 16 GiB it were fuller" 'pool "pool" has 94\.[0-9] % .* % with the'
ok "a pool 96 % full" fill_to 96
spec_for_disk 2050M
failed "a pool 96 % full" 'pool "pool" has 9[67]\.[0-9] % of its data in use.*limit is 95 %'
finish
