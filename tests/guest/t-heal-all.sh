#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# heal --all: finishes what a killed hook left, and removes ledger entries of devices that are gone for good.
# suites: bookworm trixie
# matrix: bookworm:FS=xfs trixie:FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
LEDGER=/var/lib/oci-thin-grow/ledger

heal_all() {
	/usr/sbin/oci-thin-grow heal --all "$@" >/run/heal.out 2>&1
	local status=$?
	cat /run/heal.out
	return $status
}

# killed_at K SIZE: the hook asks for SIZE, and gets SIGKILL at its K-th ioctl; fails if it lived that long
killed_at() {
	spec "/run/bundle/$D" "/run/disk/$D" "$(ask "$2")" && state "/run/bundle/$D" $D >/run/state || return
	! strace -o /run/strace -e trace=ioctl -e "inject=ioctl:signal=KILL:when=$1" "$HOOK" hook </run/state 2>/run/hook.err
}

fs_mib() {
	df -m --output=size /run/disk/$D | tail -n 1 | tr -d ' '
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=7
ok "a disk" new_disk $D

## What a killed hook left

unfinished=0 left=''
for k in $(seq 40); do
	want=$((GIB + k * GIB / 4))
	killed_at "$k" $want || break
	grep -q state=intended $LEDGER/$D 2>/run/null || continue
	unfinished=$((unfinished + 1))
	/usr/sbin/oci-thin-grow heal --all --dry-run >/run/dry 2>&1
	grep -q "$D: would finish an earlier growth" /run/dry || left+=" $k: not told;"
	heal_all >/run/null || left+=" $k: failed: $(cat /run/heal.out);"
	grep -q state=done $LEDGER/$D || left+=" $k: not done;"
	[ "$(device_bytes $D)" = $want ] || left+=" $k: $(device_bytes $D) bytes;"
	[ "$(fs_mib)" -gt $((want * 9 / 10 / 1048576)) ] || left+=" $k: filesystem of $(fs_mib) MiB;"
done
like "killed at one ioctl after the other, until it lives" "$k" '^([5-9]|[123][0-9])$'
like "several times it had begun" "$unfinished" '^([2-9]|1[0-9])$'
is "heal --all finished each" "$left" ""
like "the log tells" "$(grep -c action=finish /run/messages)" '^[1-9]'
like "then there is nothing to do" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'

mv $LEDGER/$D /run/entry
killed_at $((k - 1)) $((GIB + k * GIB / 4 + GIB)) || true
ok "once more: not finished" grep -q state=intended $LEDGER/$D
umount /run/disk/$D
ok "not mounted: left to the next start" heal_all
like "not mounted: it says so" "$(cat /run/heal.out)" "$D: .*the next start of its container finishes it"
ok "mounted again" mount /dev/mapper/$D /run/disk/$D
ok "the next start does" grow_disk $D $((GIB + k * GIB / 4 + GIB))
like "and it is done" "$(cat $LEDGER/$D)" state=done

## What policy has denied since

umount /run/disk/$D
mkfs_on "$FS" /dev/mapper/$D
mount /dev/mapper/$D /run/disk/$D
rm $LEDGER/$D
size=$(device_bytes $D)
# One step further than the last kill: the device is long, the filesystem is not.
ok "cut short once more" killed_at $((k - 2)) $((size + GIB))
ok "it is not finished" grep -q state=intended $LEDGER/$D
before=$(fs_mib)
mkdir -p /etc/oci-thin-grow
for config in '{"max_size": "1G"}' '{"rules": [{"name": "nobody", "request": "deny"}]}' '{"enabled": false}'; do
	echo "$config" >/etc/oci-thin-grow/config.json
	like "$config: --dry-run tells" "$(heal_all --dry-run)" "$D: a growth to .* was started and is not finished: "
	ok "$config: no failure" heal_all
	like "$config: it is told" "$(cat /run/heal.out)" "$D: a growth to .* was started and is not finished: (max_size|rule|switched off)"
	like "$config: the log tells" "$(tail -n 1 /run/messages)" "action=skip device=$D to=[0-9]+ reason="
	is "$config: the filesystem is as it was" "$(fs_mib)" "$before"
	ok "$config: it stays unfinished" grep -q state=intended $LEDGER/$D
done
rm /etc/oci-thin-grow/config.json
ok "allowed again" heal_all
ok "it is finished" grep -q state=done $LEDGER/$D

## What is gone for good

next_thin_id=8
ok "a second disk" new_disk pool-snap-8
ok "a third disk" new_disk pool-snap-9
ok "the second grows" grow_disk pool-snap-8 2G
ok "the third grows" grow_disk pool-snap-9 2G
ok "the second is only stopped" drop_disk pool-snap-8
ok "the third is" drop_disk pool-snap-9
ok "heal --all" heal_all
ok "what is only stopped stays" test -e $LEDGER/pool-snap-8 -a -e $LEDGER/pool-snap-9
is "no device of ours is left" "$(dmsetup ls | grep -c probe)" 0
dmsetup message pool 0 "delete 8"
like "--dry-run tells of what is gone" "$(heal_all --dry-run)" 'pool-snap-8: gone for good, its ledger entry would be removed'
ok "--dry-run leaves it" test -e $LEDGER/pool-snap-8
like "heal --all removes it" "$(heal_all)" 'pool-snap-8: gone for good, its ledger entry is removed'
ok "its entry is gone" not test -e $LEDGER/pool-snap-8
ok "the other's is there" test -e $LEDGER/pool-snap-9
ok "and that of the disk in use" test -e $LEDGER/$D
like "the log tells" "$(cat /run/messages)" 'action=prune device=pool-snap-8'
ok "the third's id is read by a backup" dmsetup create backup --readonly --table "0 $((GIB / 512)) thin /dev/mapper/pool 9"
like "its entry stays" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'
ok "the backup is done" dmsetup remove --retry backup
ok "and it is there" test -e $LEDGER/pool-snap-9
dmsetup message pool 0 "delete 9"
ok "the third's id is another's now" thin_new pool-snap-10 9 1G
like "as long as the pool has the id, its entry stays" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'
ok "the other goes" dmsetup remove --retry pool-snap-10
dmsetup message pool 0 "delete 9"
like "the pool has it no more: its entry goes" "$(heal_all)" 'pool-snap-9: gone for good'
like "nothing else does" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'
finish
