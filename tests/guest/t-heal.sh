#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# heal and the ledger, without an engine: dmsetup re-creates devices too short and waits for udev, as engines do.
# suites: bullseye bookworm trixie
# matrix: bullseye:FS=ext4 bookworm:FS=ext4 trixie:FS=xfs trixie:FS=btrfs
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
LEDGER=/var/lib/oci-thin-grow/ledger

# forget NAME ID [SIZE]: what an engine does: away with the device, and again as long as it was made at first
forget() {
	! mountpoint -q "/run/disk/$1" || umount "/run/disk/$1" || return
	dmsetup remove --retry "$1" && thin_on "$1" "$2" "${3:-1G}"
}

again() {
	mount ${2:+-o "$2"} "/dev/mapper/$1" "/run/disk/$1"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=7
ok "a disk" new_disk $D
dd if=/dev/urandom of=/run/disk/$D/data bs=1M count=16 status=none
sum=$(sha256sum </run/disk/$D/data)
ok "it grows" grow_disk $D 4G
like "the ledger has it" "$(cat $LEDGER/$D)" 'sectors=8388608'
like "as done" "$(cat $LEDGER/$D)" 'state=done'

## Made again too short

# As "mkdir" of an operator with a loose umask leaves it
chmod 777 /run/oci-thin-grow
ok "made again" forget $D 7
is "as long as it was" "$(device_bytes $D)" $((4 * GIB))
is "the directory of locks is root's alone again" "$(stat -c %a /run/oci-thin-grow)" 755
ok "its node is there at once" test -b /dev/mapper/$D
ok "it mounts" again $D
is "with its data" "$(sha256sum </run/disk/$D/data)" "$sum"
like "the log" "$(grep action=heal /run/messages)" "action=heal device=$D from=1073741824 to=4294967296 source=ledger"
is "once" "$(grep -c action=heal /run/messages)" 1

rm $LEDGER/$D
ok "without a ledger" forget $D 7
is "the superblock tells" "$(device_bytes $D)" $((4 * GIB))
ok "it mounts without a ledger" again $D
is "with its data, too" "$(sha256sum </run/disk/$D/data)" "$sum"

case $FS in xfs) opts=nouuid ;; *) opts='' ;; esac
if [ "$FS" != btrfs ]; then
	# A child of a grown device, which the engine makes with the base size
	dmsetup suspend $D
	dmsetup message pool 0 "create_snap 8 7"
	dmsetup resume $D
	ok "a child, too short" thin_on pool-snap-8 8 1G
	is "is as long as its parent" "$(device_bytes pool-snap-8)" $((4 * GIB))
	mkdir -p /run/disk/pool-snap-8
	ok "and mounts" again pool-snap-8 $opts
	is "with the data" "$(sha256sum </run/disk/pool-snap-8/data)" "$sum"
	ok "the child goes" drop_disk pool-snap-8
fi

## What is not trusted

grow_disk $D 5G
cp $LEDGER/$D /run/entry
damaged() {
	ok "$1: made again" forget $D 7
	is "$1: the superblock decides" "$(device_bytes $D)" $((5 * GIB))
	ok "$1: it mounts" again $D
}
head -c 60 /run/entry >$LEDGER/$D
damaged "a cut entry"
like "a cut entry: the log names it" "$(cat /run/messages)" "warning=.*$LEDGER/$D"
head -c 300 /dev/urandom >$LEDGER/$D
damaged "random bytes"
sed 's/^sectors=.*/sectors=1073741824/' /run/entry >$LEDGER/$D
damaged "a changed number"
rm $LEDGER/$D
ln -s /run/entry $LEDGER/$D
damaged "a link"
rm $LEDGER/$D
mkdir $LEDGER/$D
damaged "a directory"
rmdir $LEDGER/$D
chmod 777 $LEDGER
cp /run/entry $LEDGER/$D
damaged "a directory that all can write"
chmod 700 $LEDGER
ok "the disk goes" drop_disk $D
dmsetup message pool 0 "delete 7"
next_thin_id=7
# While it is blank nothing tells it from the old one, and it would get the old one's length.
mv $LEDGER/$D /run/entry
ok "another disk of the same name and id" new_disk $D 1G
mv /run/entry $LEDGER/$D
ok "another disk: made again" forget $D 7
is "another disk: the old entry does not count" "$(device_bytes $D)" $GIB
ok "another disk: it mounts" again $D

## Not ours

next_thin_id=20
ok "another name" new_disk somebodys
ok "it grows, if it is asked to" grow_disk somebodys 2G
ok "made again under a name that is no engine's" forget somebodys 20
is "it is left alone" "$(device_bytes somebodys)" $GIB
dmsetup remove --retry somebodys
ok "a device without a table" grow_disk $D 2G
umount /run/disk/$D
dmsetup remove --retry $D
DM_DISABLE_UDEV=1 dmsetup create $D --notable
dmsetup suspend $D 2>/run/null
dmsetup load $D --table "0 2097152 thin /dev/mapper/pool 7"
ok "heal leaves it" /usr/sbin/oci-thin-grow heal /dev/dm-"$(dmsetup info -c --noheadings -o minor $D)"
dmsetup resume $D
udevadm settle
is "udev heals it on resume" "$(device_bytes $D)" $((2 * GIB))

## Suspended

# refused_loads: lines in the kernel's log about tables that a suspended pool did not take
refused_loads() {
	dmesg | grep -c 'Unable to activate thin device while pool is suspended'
}

# heal_waits: heal in the background, which has looked at the suspended device and found out
heal_waits() {
	rm -f /run/strace
	strace -o /run/strace -e trace=ioctl /usr/sbin/oci-thin-grow heal "$node" >/run/heal.out 2>&1 &
	heal_pid=$!
	wait_for looked_often
}

looked_often() {
	[ "$(grep -c DM_TABLE_STATUS /run/strace)" -gt 5 ]
}

too_short() {
	thin_on "$D" 7 1G && udevadm settle && node=/dev/dm-$(dmsetup info -c --noheadings -o minor "$D")
}

umount /run/disk/$D 2>/run/null
dmsetup remove --retry $D
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
udevadm control --reload
mkdir -p /etc/oci-thin-grow
for whose in pool $D; do
	ok "$whose: a device that is too short" too_short
	dmesg -C
	echo '{"timeout": "300ms"}' >/etc/oci-thin-grow/config.json
	dmsetup suspend "$whose"
	ok "$whose suspended: heal gives up in the end" exits 1 heal "$node"
	like "$whose suspended: it says what to do" "$(grep action=fail /run/messages | tail -n 1)" \
		"device=$D .*is still suspended.*oci-thin-grow heal --all"
	rm /etc/oci-thin-grow/config.json
	ok "$whose suspended: heal waits" heal_waits
	is "$whose suspended: nothing is tried" "$(grep -cE 'DM_TABLE_LOAD|DM_DEV_SUSPEND' /run/strace)" 0
	is "$whose suspended: the kernel does not complain" "$(refused_loads)" 0
	ok "$whose resumed" dmsetup resume "$whose"
	ok "$whose resumed: heal ends" wait "$heal_pid"
	is "$whose resumed: healed" "$(device_bytes $D)" $((2 * GIB))
	is "$whose resumed: the kernel did not complain" "$(refused_loads)" 0
	ok "$whose: the device goes" dmsetup remove --retry $D
done
like "the pool is named" "$(grep action=fail /run/messages | head -n 1)" 'because its pool \\"pool\\" is'
like "and somebody else is" "$(grep action=fail /run/messages | tail -n 1)" 'by another program'
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
udevadm control --reload

## A limit that is lower than what a disk has

echo '{"max_size": "512M"}' >/etc/oci-thin-grow/config.json
: >/run/messages
ok "longer than max_size, as its engine makes it" thin_on $D 7 2G
udevadm settle
is "is no news" "$(grep action= /run/messages)" ""
ok "it goes" dmsetup remove --retry $D
ok "shorter than its filesystem" thin_on $D 7 1G
udevadm settle
is "by the ledger it is healed all the same" "$(device_bytes $D)" $((2 * GIB))
rm /etc/oci-thin-grow/config.json

## By hand, with no rule; what there is to do is done, and then there is nothing to do

umount /run/disk/$D 2>/run/null
dmsetup remove --retry $D
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
udevadm control --reload
ok "no rule: made again" thin_on $D 7 1G
is "no rule: too short" "$(device_bytes $D)" $GIB
ok "no rule: it does not mount" not again $D
like "--dry-run says so" "$(/usr/sbin/oci-thin-grow heal --dry-run --all 2>&1)" "$D: would be healed from 1 GiB to 2 GiB"
is "and does nothing" "$(device_bytes $D)" $GIB
like "--all heals" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" "$D: healed from 1 GiB to 2 GiB \(ledger\)"
is "by the ledger" "$(device_bytes $D)" $((2 * GIB))
like "again: nothing" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" '^checked [1-9][0-9]* thin devices? of engines: nothing to do$'
is "in JSON" "$(/usr/sbin/oci-thin-grow heal --all --json | jq -c "[.healed, .removed, .failed]")" "[[],[],0]"
[ "$FS" = xfs ] || ok "it mounts" again $D
finish
