#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A damaged or unwritable ledger: containers that do not need it still start, growths that need it fail before anything is
# touched, and an entry of another device extends nothing. (t-heal.sh also tests damaged entries.)
# suites: bookworm trixie
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

# starts [SIZE]: a container that asks for that; what it, runc and the hook say in /run/out and /run/err
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

# in_trouble TEXT REASON: who starts then, and who does not
in_trouble() {
	local before
	before=$(dmsetup table $D)
	ok "$1: no request: starts" starts
	is "$1: no request: not a word" "$(cat /run/err /run/messages)" ""
	ok "$1: large enough: starts" starts "$(device_bytes $D)"
	ok "$1: too small: does not start" not starts $(($(device_bytes $D) + STEP))
	like "$1: too small: the reason" "$(cat /run/err)" "$LEDGER/$D: .*$2"
	ok "$1: too small: it is in the log" wait_for grep -q "action=fail container=c1 .*$LEDGER/$D: .*$2" /run/messages
	is "$1: too small: the device is untouched" "$(dmsetup table $D)" "$before"
	is "$1: too small: and nothing waits" "$(tables)" LIVE
}

# mended TEXT: now it grows
mended() {
	local want=$(($(device_bytes $D) + STEP))
	ok "$1: mended: starts" starts $want
	is "$1: mended: the device" "$(device_bytes $D)" $want
	like "$1: mended: the ledger" "$(cat $LEDGER/$D)" "sectors=$((want / 512))"$'\n'"state=done"
	is "$1: mended: nothing else is left there" "$(ls -A $LEDGER)" $D
	# Our own reload has sent udev an event: heal must not find the next trouble.
	udevadm settle
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
truncate -s 16M /t/home
mkfs.ext4 -qF /t/home
mkdir -p $HOME_DIR
ok "a small disk for the ledger" mount -o loop /t/home $HOME_DIR
next_thin_id=7
ok "a disk" new_disk $D
ok "it starts" starts $((GIB + STEP))
is "it has grown" "$(device_bytes $D)" $((GIB + STEP))

# Exactly full is only tmpfs; ext4 keeps something in reserve, and gives it out later.
cp -a $LEDGER /run/kept
mount -t tmpfs -o size=64K full $HOME_DIR
cp -a /run/kept $LEDGER
ok "it is filled" not sh -c "cat /dev/zero >$HOME_DIR/fill"
in_trouble "full" 'No space left on device'
rm $HOME_DIR/fill
mended "full"
cp $LEDGER/$D /run/kept/
umount $HOME_DIR
cp /run/kept/$D $LEDGER/

mount -o remount,ro $HOME_DIR
in_trouble "read-only" 'Read-only file system'
mount -o remount,rw $HOME_DIR
mended "read-only"

mv $LEDGER $HOME_DIR/kept
mount -o remount,ro $HOME_DIR
in_trouble "read-only, no directory yet" 'Read-only file system'
mount -o remount,rw $HOME_DIR
mended "read-only, no directory yet"

chown 1000 $LEDGER
in_trouble "another user's directory" 'owned by user 1000, not by root'
chown 0 $LEDGER
mended "another user's directory"

chmod 770 $LEDGER
mended "a directory that others may write"
is "nor may they any more" "$(stat -c %a $LEDGER)" 750
chmod 700 $LEDGER

rm -r $HOME_DIR/kept
mv $LEDGER $HOME_DIR/kept
ln -s kept $LEDGER
in_trouble "a link for a directory" 'Not a directory'
rm $LEDGER
mv $HOME_DIR/kept $LEDGER
mended "a link for a directory"

mv $LEDGER $HOME_DIR/kept
: >$LEDGER
in_trouble "a file for a directory" 'Not a directory'
rm $LEDGER
mv $HOME_DIR/kept $LEDGER
mended "a file for a directory"

chattr +i $LEDGER/$D
in_trouble "an immutable entry" 'Operation not permitted'
chattr -i $LEDGER/$D
mended "an immutable entry"

rm $LEDGER/$D
mkdir $LEDGER/$D
in_trouble "a directory for an entry" 'Is a directory'
rmdir $LEDGER/$D
mended "a directory for an entry"

## An entry that is not this very device's; each asks for 64 GiB

good=$(cat $LEDGER/$D)
bytes=$(device_bytes $D)

# forge SED_SCRIPT: the good entry with changes, and a checksum to match them
forge() {
	rm -f $LEDGER/$D
	sed "/^crc32c=/d; s/^sectors=.*/sectors=134217728/; $1" <<<"$good" >/run/forged
	perl -0777 -pe '$c = 0xffffffff; for (unpack "C*") { $c ^= $_; $c = $c & 1 ? $c >> 1 ^ 0x82f63b78 : $c >> 1 for 1..8 }
		$_ .= sprintf "crc32c=%08x\n", $c ^ 0xffffffff' /run/forged >$LEDGER/$D
}

# made_again TEXT SIZE SOURCE [WARNING]: as an engine would, at 1 GiB; what the log then says
made_again() {
	: >/run/messages
	umount $M
	ok "$1: made again" sh -c "dmsetup remove --retry $D && dmsetup create $D --table '0 2097152 thin /dev/mapper/pool 7'"
	is "$1: the length" "$(device_bytes $D)" "$2"
	ok "$1: the log" wait_for grep -q "action=heal device=$D from=$GIB to=$2 source=$3" /run/messages
	if [ $# = 4 ]; then
		like "$1: it names the entry" "$(cat /run/messages)" "warning=.*$LEDGER/$D: .*$4"
	else
		is "$1: it warns of nothing" "$(grep warning= /run/messages)" ""
	fi
	ok "$1: it mounts" mount /dev/mapper/$D $M
}

forge "s/^fs_uuid=.*/fs_uuid=01234567-89ab-cdef-0123-456789abcdef/"
made_again "another filesystem's" "$bytes" superblock
forge "s/^thin_id=.*/thin_id=8/"
made_again "another thin id" "$bytes" superblock
forge "s/^pool=.*/pool=puddle/"
made_again "another pool" "$bytes" superblock
forge "s/^device=.*/device=pool-snap-8/"
made_again "another device's" "$bytes" superblock 'of another device'
forge "s/ledger 1/ledger 2/"
made_again "another version" "$bytes" superblock 'not of this version'
forge ""
chmod 666 $LEDGER/$D
made_again "one that all can write" "$bytes" superblock 'writable by others'
forge ""
chown 1000 $LEDGER/$D
made_again "another user's" "$bytes" superblock "owned by another user"
rm $LEDGER/$D
: >$LEDGER/$D
made_again "an empty one" "$bytes" superblock damaged
head -c 5000 /dev/zero >$LEDGER/$D
made_again "an endless one" "$bytes" superblock 'too long'
rm $LEDGER/$D
mkfifo $LEDGER/$D
made_again "a pipe" "$bytes" superblock 'not a regular file'
rm $LEDGER/$D

head -c 300 /dev/urandom >$LEDGER/$D
ok "a damaged entry, no request: starts" starts
is "a damaged entry, no request: not a word" "$(cat /run/err /run/messages)" ""
ok "a damaged entry, large enough: starts" starts "$bytes"
is "a damaged entry, large enough: the length" "$(device_bytes $D)" "$bytes"
mended "a damaged entry"
like "a damaged entry: the log names it" "$(cat /run/messages)" "action=grow .*warning=.*$LEDGER/$D: damaged"

# The forger is good at it: an entry of this very device counts.
forge ""
made_again "a forged one" $((64 * GIB)) ledger
finish
