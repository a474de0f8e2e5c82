#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A power cut in the middle of ext4's own growing. The mount that replays it must not grow: Linux has a BUG there
# (setup_new_flex_group_blocks, fs/ext4/resize.c). The container starts with the disk that it has, and is grown when its
# disk was mounted once more.
# suites: bookworm trixie
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
M=/run/disk/$D
LEDGER=/var/lib/oci-thin-grow/ledger
WANT=$((400 * GIB))
POOL_GB=500

# The superblock that the kernel works on, or the one on the disk if it is not mounted
fs_bytes() {
	dumpe2fs -h /dev/mapper/$D 2>/run/null | awk '/^Block count/ { n = $3 } /^Block size/ { printf "%.0f\n", n * $3 }'
}

# df sees what dumpe2fs sees, and is quicker.
is_at_it() {
	[ "$(df --output=size -BG "$M" | tail -n 1 | tr -d 'G ')" -gt 8 ]
}

runs_in_crun() {
	spec /run/bundle/again "$M" "$(ask "$WANT") | $(hook_at createRuntime)" &&
		crun --root /run/crun run -b /run/bundle/again again >/run/df 2>/run/crun.err </dev/null
}

try_out() {
	dd if=/dev/urandom of="$M/new" bs=1M count=64 conv=fsync status=none && rm "$M/new"
}

ok "boot $PHASE: udev starts" start_udev
ok "boot $PHASE: syslog starts" start_syslog
ok "boot $PHASE: a disk for the ledger" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow $M
mount --bind /data/ledger /var/lib/oci-thin-grow
ok "boot $PHASE: a pool comes up" pool_up /host

if [ "$PHASE" = 1 ]; then
	next_thin_id=7
	ok "a disk" new_disk $D
	dd if=/dev/urandom of=$M/data bs=1M count=32 status=none
	sha256sum <$M/data >/host/sum
	sync -f $M
	grow_disk $D $WANT &
	hook=$!
	# On the one processor, the watching goes before what is watched.
	chrt -f -p 1 $$
	ok "ext4 is growing" wait_for is_at_it
	# fsync brings the growth so far to the journal, and to nowhere else.
	dd if=/dev/zero of=$M/commit bs=4K count=1 conv=fsync status=none
	# It cannot come to its end before the power goes.
	dmsetup suspend --nolockfs $D
	ok "and not done" kill -0 $hook
	next_boot_after_cut 0
	await_cut
fi

like "the ledger knows that it is not done" "$(cat $LEDGER/$D)" 'state=intended'
ok "made again, too short" thin_on $D 7 1G
is "as long as it was to be" "$(device_bytes $D)" $WANT
is "on the disk the filesystem has its old size" "$(fs_bytes)" $GIB
ok "it mounts" mount /dev/mapper/$D $M
got=$(fs_bytes)
ok "the journal had it larger" test "$got" -gt $((8 * GIB))
ok "but not as large as was asked" test "$got" -lt $WANT

mkdir -p /etc/oci-thin-grow
echo '{ "on_failure": { "request": "fail", "default": "fail" } }' >/etc/oci-thin-grow/config.json
ok "on this mount it is not grown, and no failure" grow_disk $D $WANT
like "it says what to do" "$(cat /run/hook.err)" "keeps its disk for now.*$D.*stop and start the container"
ok "in the log, too" wait_for grep -q "action=postpone container=$D .*stop and start the container" /run/messages
ok "a container starts" runs_in_crun
like "by hand it is not grown, either" "$(/usr/sbin/oci-thin-grow grow --device $D $((WANT + GIB)) 2>&1; echo "status $?")" \
	"stop and start the container.*status 1"
like "nor from a timer" "$(/usr/sbin/oci-thin-grow heal --all 2>&1; echo "status $?")" "not finished.*stop and start.*status 1"
like "a dry run knows it" "$(/usr/sbin/oci-thin-grow grow --dry-run --device $D $WANT 2>&1)" "stop and start the container"
like "the intent stays" "$(cat $LEDGER/$D)" 'state=intended'
is "its size is as it was" "$(fs_bytes)" "$got"
is "the data is whole" "$(sha256sum <$M/data)" "$(cat /host/sum)"
ok "it can be written" try_out

ok "stop" umount $M
ok "start" mount /dev/mapper/$D $M
if [ "$SUITE" = trixie ]; then
	like "then heal --all finishes it" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" "$D: finished an earlier growth"
else
	ok "then it grows" grow_disk $D $WANT
fi
is "the device as asked" "$(device_bytes $D)" $WANT
ok "the filesystem, too" test "$(fs_bytes)" -gt $((WANT - 16 * 1024 * 1024))
like "the ledger has it" "$(cat $LEDGER/$D)" 'state=done'
is "the data is still whole" "$(sha256sum <$M/data)" "$(cat /host/sum)"
ok "it can still be written" try_out
ok "unmounted" umount $M
ok "it checks clean" e2fsck -fn /dev/mapper/$D
finish
