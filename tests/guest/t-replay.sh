#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A power cut while ext4 itself is growing. It must not be grown on the mount that replays the journal: Linux has a BUG
# there (setup_new_flex_group_blocks, fs/ext4/resize.c). The container starts with the size that it has, and is grown after
# its disk was mounted once more.
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

# fs_bytes: the size in the kernel's superblock, or in the one on the disk if it is not mounted
fs_bytes() {
	dumpe2fs -h /dev/mapper/$D 2>/run/null | awk '/^Block count/ { n = $3 } /^Block size/ { printf "%.0f\n", n * $3 }'
}

# df shows the same as dumpe2fs, and is faster.
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
	ok "a disk is created" new_disk $D
	dd if=/dev/urandom of=$M/data bs=1M count=32 status=none
	sha256sum <$M/data >/host/sum
	sync -f $M
	grow_disk $D $WANT &
	hook=$!
	# There is one processor: this shell must run in time to see the growth.
	chrt -f -p 1 $$
	ok "the hook has begun to grow ext4" wait_for is_at_it
	# fsync writes the growth so far to the journal, and nowhere else.
	dd if=/dev/zero of=$M/commit bs=4K count=1 conv=fsync status=none
	# The growth must not finish before the power is cut.
	dmsetup suspend --nolockfs $D
	ok "the hook has not finished" kill -0 $hook
	next_boot_after_cut 0
	await_cut
fi

like "the ledger has the growth as unfinished" "$(cat $LEDGER/$D)" 'state=intended'
ok "the device is re-created at its original size" thin_on $D 7 1G
is "heal extends the device to the requested size" "$(device_bytes $D)" $WANT
is "the superblock on the disk has the old size" "$(fs_bytes)" $GIB
ok "the disk mounts" mount /dev/mapper/$D $M
got=$(fs_bytes)
ok "the replayed journal has enlarged the filesystem" test "$got" -gt $((8 * GIB))
ok "the filesystem is smaller than requested" test "$got" -lt $WANT

mkdir -p /etc/oci-thin-grow
echo '{ "on_failure": { "request": "fail", "default": "fail" } }' >/etc/oci-thin-grow/config.json
ok "on this mount the hook succeeds without growing" grow_disk $D $WANT
like "the hook says to stop and start the container" "$(cat /run/hook.err)" "keeps its disk for now.*$D.*stop and start the container"
ok "the log says to stop and start the container" wait_for grep -q "action=postpone container=$D .*stop and start the container" /run/messages
ok "a container starts on this mount" runs_in_crun
like "grow fails on this mount and says what to do" "$(/usr/sbin/oci-thin-grow grow --device $D $((WANT + GIB)) 2>&1; echo "status $?")" \
	"stop and start the container.*status 1"
like "heal --all fails on this mount and says what to do" "$(/usr/sbin/oci-thin-grow heal --all 2>&1; echo "status $?")" "not finished.*stop and start.*status 1"
like "grow --dry-run on this mount says what to do" "$(/usr/sbin/oci-thin-grow grow --dry-run --device $D $WANT 2>&1)" "stop and start the container"
like "the ledger still has the growth as unfinished" "$(cat $LEDGER/$D)" 'state=intended'
is "the filesystem is not grown on this mount" "$(fs_bytes)" "$got"
is "the data is unchanged on this mount" "$(sha256sum <$M/data)" "$(cat /host/sum)"
ok "the filesystem is writable on this mount" try_out

ok "the disk is unmounted once more" umount $M
ok "the disk is mounted once more" mount /dev/mapper/$D $M
if [ "$SUITE" = trixie ]; then
	like "on the next mount heal --all finishes the growth" "$(/usr/sbin/oci-thin-grow heal --all 2>&1)" "$D: finished an earlier growth"
else
	ok "on the next mount the hook finishes the growth" grow_disk $D $WANT
fi
is "the device has the requested size" "$(device_bytes $D)" $WANT
ok "the filesystem has the requested size" test "$(fs_bytes)" -gt $((WANT - 16 * 1024 * 1024))
like "the ledger has the growth as finished" "$(cat $LEDGER/$D)" 'state=done'
is "the data is unchanged at the end" "$(sha256sum <$M/data)" "$(cat /host/sum)"
ok "the filesystem is writable at the end" try_out
ok "the disk is unmounted at the end" umount $M
ok "the filesystem check finds no error" e2fsck -fn /dev/mapper/$D
finish
