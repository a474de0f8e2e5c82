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

# forget NAME ID [SIZE]: what an engine does: removes the device, and re-creates it at its original size
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
ok "a disk is created" new_disk $D
dd if=/dev/urandom of=/run/disk/$D/data bs=1M count=16 status=none
sum=$(sha256sum </run/disk/$D/data)
ok "it grows" grow_disk $D 4G
like "the ledger has the new length" "$(cat $LEDGER/$D)" 'sectors=8388608'
like "the ledger has the growth as finished" "$(cat $LEDGER/$D)" 'state=done'

## Re-created too short

# As mkdir with a permissive umask creates it
chmod 777 /run/oci-thin-grow
ok "ledger: the device is re-created" forget $D 7
is "ledger: it has its grown length" "$(device_bytes $D)" $((4 * GIB))
is "ledger: the lock directory is not writable by others any more" "$(stat -c %a /run/oci-thin-grow)" 755
ok "ledger: its node exists at once" test -b /dev/mapper/$D
ok "ledger: it mounts" again $D
is "ledger: it has its data" "$(sha256sum </run/disk/$D/data)" "$sum"
like "ledger: the log has old and new length" "$(grep action=heal /run/messages)" "action=heal device=$D from=1073741824 to=4294967296 source=ledger"
is "ledger: it is logged once" "$(grep -c action=heal /run/messages)" 1

rm $LEDGER/$D
ok "superblock: the device is re-created without a ledger entry" forget $D 7
is "superblock: it has its grown length" "$(device_bytes $D)" $((4 * GIB))
ok "superblock: it mounts" again $D
is "superblock: it has its data" "$(sha256sum </run/disk/$D/data)" "$sum"

case $FS in xfs) opts=nouuid ;; *) opts='' ;; esac
if [ "$FS" != btrfs ]; then
	# A snapshot of a grown device, which the engine creates with the base size
	dmsetup suspend $D
	dmsetup message pool 0 "create_snap 8 7"
	dmsetup resume $D
	ok "snapshot: it is created too short" thin_on pool-snap-8 8 1G
	is "snapshot: it is as large as its origin" "$(device_bytes pool-snap-8)" $((4 * GIB))
	mkdir -p /run/disk/pool-snap-8
	ok "snapshot: it mounts" again pool-snap-8 $opts
	is "snapshot: it has the data" "$(sha256sum </run/disk/pool-snap-8/data)" "$sum"
	ok "snapshot: it is removed" drop_disk pool-snap-8
fi

## Ledger entries that are not trusted

grow_disk $D 5G
cp $LEDGER/$D /run/entry
damaged() {
	ok "$1: the device is re-created" forget $D 7
	is "$1: the length comes from the superblock" "$(device_bytes $D)" $((5 * GIB))
	ok "$1: it mounts" again $D
}
head -c 60 /run/entry >$LEDGER/$D
damaged "a truncated entry"
like "a truncated entry: the log names it" "$(cat /run/messages)" "warning=.*$LEDGER/$D"
head -c 300 /dev/urandom >$LEDGER/$D
damaged "an entry of random bytes"
sed 's/^sectors=.*/sectors=1073741824/' /run/entry >$LEDGER/$D
damaged "an entry with a changed number"
rm $LEDGER/$D
ln -s /run/entry $LEDGER/$D
damaged "a link instead of an entry"
rm $LEDGER/$D
mkdir $LEDGER/$D
damaged "a directory instead of an entry"
rmdir $LEDGER/$D
chmod 777 $LEDGER
cp /run/entry $LEDGER/$D
damaged "a ledger that all can write to"
chmod 700 $LEDGER
ok "the disk is removed" drop_disk $D
dmsetup message pool 0 "delete 7"
next_thin_id=7
# While the new disk has no filesystem, it cannot be told from the old one and would get its length.
mv $LEDGER/$D /run/entry
ok "a new disk with the name and id of a deleted one is created" new_disk $D 1G
mv /run/entry $LEDGER/$D
ok "a new disk: the device is re-created" forget $D 7
is "a new disk: the old entry is ignored" "$(device_bytes $D)" $GIB
ok "a new disk: it mounts" again $D

## Devices and tables that heal leaves alone

next_thin_id=20
ok "a name that is not an engine's: a disk is created" new_disk somebodys
ok "a name that is not an engine's: the hook grows it" grow_disk somebodys 2G
ok "a name that is not an engine's: the device is re-created" forget somebodys 20
is "a name that is not an engine's: it is not extended" "$(device_bytes somebodys)" $GIB
dmsetup remove --retry somebodys
ok "no live table: the disk grows" grow_disk $D 2G
umount /run/disk/$D
dmsetup remove --retry $D
DM_DISABLE_UDEV=1 dmsetup create $D --notable
dmsetup suspend $D 2>/run/null
dmsetup load $D --table "0 2097152 thin /dev/mapper/pool 7"
ok "no live table: heal succeeds and does nothing" /usr/sbin/oci-thin-grow heal /dev/dm-"$(dmsetup info -c --noheadings -o minor $D)"
dmsetup resume $D
udevadm settle
is "no live table: udev heals it at the resume" "$(device_bytes $D)" $((2 * GIB))

## Suspended devices and pools

# refused_loads: how often the kernel logged that a suspended pool did not accept a table
refused_loads() {
	dmesg | grep -c 'Unable to activate thin device while pool is suspended'
}

# heal_waits: starts heal in the background, and waits until it has seen several times that the device is suspended
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
reload_rules
mkdir -p /etc/oci-thin-grow
for whose in pool $D; do
	ok "$whose: the disk is re-created too short" too_short
	dmesg -C
	echo '{"timeout": "300ms"}' >/etc/oci-thin-grow/config.json
	dmsetup suspend "$whose"
	ok "$whose suspended: heal fails after its timeout" exits 1 heal "$node"
	like "$whose suspended: the log has the command to run later" "$(grep action=fail /run/messages | tail -n 1)" \
		"device=$D .*is still suspended.*oci-thin-grow heal --all"
	echo '{"timeout": "5m"}' >/etc/oci-thin-grow/config.json
	ok "$whose suspended: heal waits" heal_waits
	is "$whose suspended: heal loads no table and resumes nothing" "$(grep -cE 'DM_TABLE_LOAD|DM_DEV_SUSPEND' /run/strace)" 0
	is "$whose suspended: the kernel logs no refused table" "$(refused_loads)" 0
	ok "$whose resumed: the resume succeeds" dmsetup resume "$whose"
	ok "$whose resumed: heal succeeds" wait "$heal_pid"
	is "$whose resumed: the device has its grown length" "$(device_bytes $D)" $((2 * GIB))
	is "$whose resumed: the kernel logged no refused table" "$(refused_loads)" 0
	rm /etc/oci-thin-grow/config.json
	ok "$whose: the device is removed" dmsetup remove --retry $D
done
like "a suspended pool is named in the log" "$(grep action=fail /run/messages | head -n 1)" 'because its pool \\"pool\\" is'
like "a suspended device is logged as suspended by another program" "$(grep action=fail /run/messages | tail -n 1)" 'by another program'
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
reload_rules

## A max_size below the size of a disk

echo '{"max_size": "512M"}' >/etc/oci-thin-grow/config.json
: >/run/messages
ok "max_size: a device is created larger than that" thin_on $D 7 2G
udevadm settle
is "max_size: nothing is logged about it" "$(grep action= /run/messages)" ""
ok "max_size: the device is removed" dmsetup remove --retry $D
ok "max_size: the device is re-created too short" thin_on $D 7 1G
udevadm settle
is "max_size: it is healed nevertheless" "$(device_bytes $D)" $((2 * GIB))
rm /etc/oci-thin-grow/config.json

## heal --all by hand, without the rule

umount /run/disk/$D 2>/run/null
dmsetup remove --retry $D
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
reload_rules
ok "no rule: the device is re-created" thin_on $D 7 1G
is "no rule: it is too short" "$(device_bytes $D)" $GIB
ok "no rule: it does not mount" not again $D
like "--dry-run reports what it would heal" "$(/usr/sbin/oci-thin-grow heal --dry-run --all 2>&1)" "$D: would be healed from 1 GiB to 2 GiB"
is "--dry-run changes nothing" "$(device_bytes $D)" $GIB
like "--all reports what it healed" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" "$D: healed from 1 GiB to 2 GiB \(ledger\)"
is "--all gives the device its grown length" "$(device_bytes $D)" $((2 * GIB))
like "a second --all has nothing to do" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" '^checked [1-9][0-9]* thin devices? of engines: nothing to do$'
is "--all --json has empty lists if there is nothing to do" "$(/usr/sbin/oci-thin-grow heal --all --json | jq -c "[.healed, .removed, .failed]")" "[[],[],0]"
[ "$FS" = xfs ] || ok "--all: the disk mounts" again $D
finish
