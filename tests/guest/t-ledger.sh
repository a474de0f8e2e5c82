#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A damaged or unwritable ledger: containers that do not need it still start, growths that need it fail before they change
# anything, and an entry of another device extends nothing. (t-heal.sh also tests damaged entries.)
# suites: trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
M=/run/disk/$D
B=/run/bundle/b
HOME_DIR=/var/lib/oci-thin-grow
LEDGER=$HOME_DIR/ledger
STEP=$((256 * 1024 * 1024))

# starts [SIZE]: runs a container that requests SIZE; its output, and messages of runc and the hook, in /run/out and /run/err
starts() {
	local filter
	filter=$(hook_at createRuntime)
	[ $# = 0 ] || filter+=" | $(ask "$1")"
	: >/run/messages
	spec "$B" "$M" "$filter" || return
	timeout 300 runc --root /run/runc run --bundle "$B" c1 >/run/out 2>/run/err && return
	cat /run/err
	runc --root /run/runc delete -f c1
	return 1
}

tables() {
	dmsetup info $D | sed -n 's/^Tables present: *//p'
}

## The ledger cannot be written

# in_trouble TEXT REASON: which containers start meanwhile, and which do not
in_trouble() {
	local before
	before=$(dmsetup table $D)
	ok "$1, no request: the container starts" starts
	is "$1, no request: nothing is reported or logged" "$(cat /run/err /run/messages)" ""
	ok "$1, large enough: the container starts" starts "$(device_bytes $D)"
	ok "$1, too small: the container does not start" not starts $(($(device_bytes $D) + STEP))
	like "$1, too small: the reason is reported" "$(cat /run/err)" "$LEDGER/$D: .*$2"
	ok "$1, too small: the reason is logged" wait_for grep -q "action=fail container=c1 .*$LEDGER/$D: .*$2" /run/messages
	is "$1, too small: the device is untouched" "$(dmsetup table $D)" "$before"
	is "$1, too small: the device has no inactive table" "$(tables)" LIVE
}

# Our own table causes a udev event: its heal must not run into the next fault. Hence `udevadm settle` after each growth.

# repaired TEXT: now it grows
repaired() {
	local want=$(($(device_bytes $D) + STEP))
	ok "$1, repaired: the container starts" starts $want
	is "$1, repaired: the device has the new size" "$(device_bytes $D)" $want
	like "$1, repaired: the ledger has the new length" "$(cat $LEDGER/$D)" "sectors=$((want / 512))"$'\n'"state=done"
	is "$1, repaired: the ledger has one file" "$(ls -A $LEDGER)" $D
	udevadm settle
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
truncate -s 16M /t/home
mkfs.ext4 -qF /t/home
mkdir -p $HOME_DIR
ok "a small disk for the ledger is mounted" mount -o loop /t/home $HOME_DIR
next_thin_id=7
ok "a disk is created" new_disk $D
ok "the first container starts" starts $((GIB + STEP))
is "the first container grows the disk" "$(device_bytes $D)" $((GIB + STEP))
udevadm settle

# Only tmpfs can be filled exactly; ext4 has a reserve that it gives out later.
cp -a $LEDGER /run/kept
mount -t tmpfs -o size=64K full $HOME_DIR
cp -a /run/kept $LEDGER
ok "a full filesystem: it is filled" not sh -c "cat /dev/zero >$HOME_DIR/fill"
in_trouble "a full filesystem" 'No space left on device'
rm $HOME_DIR/fill
repaired "a full filesystem"
cp $LEDGER/$D /run/kept/
umount $HOME_DIR
cp /run/kept/$D $LEDGER/

mount -o remount,ro $HOME_DIR
in_trouble "a read-only filesystem" 'Read-only file system'
mount -o remount,rw $HOME_DIR
repaired "a read-only filesystem"

mv $LEDGER $HOME_DIR/kept
mount -o remount,ro $HOME_DIR
in_trouble "a read-only filesystem without the ledger" 'Read-only file system'
mount -o remount,rw $HOME_DIR
repaired "a read-only filesystem without the ledger"

chown 1000 $LEDGER
in_trouble "a directory of another user" 'owned by user 1000, not by root'
chown 0 $LEDGER
repaired "a directory of another user"

chmod 770 $LEDGER
repaired "a directory that others may write"
is "a directory that others may write: they may not any more" "$(stat -c %a $LEDGER)" 750
chmod 700 $LEDGER

rm -r $HOME_DIR/kept
mv $LEDGER $HOME_DIR/kept
ln -s kept $LEDGER
in_trouble "a link in place of the directory" 'Not a directory'
rm $LEDGER
mv $HOME_DIR/kept $LEDGER
repaired "a link in place of the directory"

mv $LEDGER $HOME_DIR/kept
: >$LEDGER
in_trouble "a file in place of the directory" 'Not a directory'
rm $LEDGER
mv $HOME_DIR/kept $LEDGER
repaired "a file in place of the directory"

chattr +i $LEDGER/$D
in_trouble "an immutable entry" 'Operation not permitted'
chattr -i $LEDGER/$D
repaired "an immutable entry"

rm $LEDGER/$D
mkdir $LEDGER/$D
in_trouble "a directory in place of an entry" 'Is a directory'
rmdir $LEDGER/$D
repaired "a directory in place of an entry"

## Entries that do not belong to this device; each has a length of 64 GiB

good=$(cat $LEDGER/$D)
bytes=$(device_bytes $D)

# forge SED_SCRIPT: the good entry with changes, and a matching checksum
forge() {
	rm -f $LEDGER/$D
	sed "/^crc32c=/d; s/^sectors=.*/sectors=134217728/; $1" <<<"$good" >/run/forged
	perl -0777 -pe '$c = 0xffffffff; for (unpack "C*") { $c ^= $_; $c = $c & 1 ? $c >> 1 ^ 0x82f63b78 : $c >> 1 for 1..8 }
		$_ .= sprintf "crc32c=%08x\n", $c ^ 0xffffffff' /run/forged >$LEDGER/$D
}

# re_created TEXT SIZE SOURCE [WARNING]: what heal makes of the device when an engine re-creates it with 1 GiB
re_created() {
	: >/run/messages
	umount $M
	ok "$1: the device is re-created" sh -c "dmsetup remove --retry $D && dmsetup create $D --table '0 2097152 thin /dev/mapper/pool 7'"
	is "$1: the device has the expected length" "$(device_bytes $D)" "$2"
	ok "$1: the log names the source of the length" wait_for grep -q "action=heal device=$D from=$GIB to=$2 source=$3" /run/messages
	if [ $# = 4 ]; then
		like "$1: the log warns about the entry" "$(cat /run/messages)" "warning=.*$LEDGER/$D: .*$4"
	else
		is "$1: the log has no warning" "$(grep warning= /run/messages)" ""
	fi
	ok "$1: the disk mounts" mount /dev/mapper/$D $M
}

forge "s/^fs_uuid=.*/fs_uuid=01234567-89ab-cdef-0123-456789abcdef/"
re_created "an entry of another filesystem" "$bytes" superblock
forge "s/^thin_id=.*/thin_id=8/"
re_created "an entry of another thin id" "$bytes" superblock
forge "s/^pool=.*/pool=puddle/"
re_created "an entry of another pool" "$bytes" superblock
forge "s/^device=.*/device=pool-snap-8/"
re_created "an entry of another device" "$bytes" superblock 'of another device'
forge "s/ledger 1/ledger 2/"
re_created "an entry of another format" "$bytes" superblock 'not of this version'
forge ""
chmod 666 $LEDGER/$D
re_created "an entry that all can write to" "$bytes" superblock 'writable by others'
forge ""
chown 1000 $LEDGER/$D
re_created "an entry of another user" "$bytes" superblock "owned by another user"
rm $LEDGER/$D
: >$LEDGER/$D
re_created "an empty entry" "$bytes" superblock damaged
head -c 5000 /dev/zero >$LEDGER/$D
re_created "an entry that is too long" "$bytes" superblock 'too long'
rm $LEDGER/$D
mkfifo $LEDGER/$D
re_created "a pipe in place of an entry" "$bytes" superblock 'not a regular file'
rm $LEDGER/$D

head -c 300 /dev/urandom >$LEDGER/$D
ok "a damaged entry, no request: the container starts" starts
is "a damaged entry, no request: nothing is reported or logged" "$(cat /run/err /run/messages)" ""
ok "a damaged entry, large enough: the container starts" starts "$bytes"
is "a damaged entry, large enough: the device keeps its length" "$(device_bytes $D)" "$bytes"
repaired "a damaged entry"
like "a damaged entry, repaired: the log names it" "$(cat /run/messages)" "action=grow .*warning=.*$LEDGER/$D: damaged"

# A perfect forgery: nothing tells it from an entry of this very device.
forge ""
re_created "a forged entry" $((64 * GIB)) ledger
finish
