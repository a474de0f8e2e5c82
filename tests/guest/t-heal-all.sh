#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# heal --all finishes what a killed hook left, and removes ledger entries of deleted devices.
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

# killed_at K SIZE: the hook for a request of SIZE gets SIGKILL at its K-th ioctl; fails if it makes fewer. Their number is
# always the same while udev does nothing with the device.
killed_at() {
	udevadm settle
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
ok "a disk is created" new_disk $D

## Growths of killed hooks

unfinished=0 left=''
for k in $(seq 40); do
	want=$((GIB + k * GIB / 4))
	killed_at "$k" $want || break
	grep -q state=intended $LEDGER/$D 2>/run/null || continue
	unfinished=$((unfinished + 1))
	/usr/sbin/oci-thin-grow heal --all --dry-run >/run/dry 2>&1
	grep -q "$D: would finish an earlier growth" /run/dry || left+=" $k: not reported;"
	heal_all >/run/null || left+=" $k: failed: $(cat /run/heal.out);"
	grep -q state=done $LEDGER/$D || left+=" $k: not done;"
	[ "$(device_bytes $D)" = $want ] || left+=" $k: $(device_bytes $D) bytes;"
	[ "$(fs_mib)" -gt $((want * 9 / 10 / 1048576)) ] || left+=" $k: filesystem of $(fs_mib) MiB;"
done
like "the hook is killed at each of its ioctls" "$k" '^([5-9]|[123][0-9])$'
like "several kills left an unfinished growth" "$unfinished" '^([2-9]|1[0-9])$'
is "heal --all finishes each of them" "$left" ""
like "heal --all logs what it finishes" "$(grep -c action=finish /run/messages)" '^[1-9]'
like "a second heal --all has nothing to do" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'

mv $LEDGER/$D /run/entry
killed_at $((k - 1)) $((GIB + k * GIB / 4 + GIB)) || true
ok "not mounted: a growth is unfinished" grep -q state=intended $LEDGER/$D
umount /run/disk/$D
like "not mounted: heal --all --dry-run reports that the next start finishes it" "$(heal_all --dry-run)" "$D: .*the next start of its container finishes it"
ok "not mounted: heal --all leaves it" heal_all
like "not mounted: heal --all reports that the next start finishes it" "$(cat /run/heal.out)" "$D: .*the next start of its container finishes it"
ok "not mounted: the disk is mounted" mount /dev/mapper/$D /run/disk/$D
ok "not mounted: the hook at the next start succeeds" grow_disk $D $((GIB + k * GIB / 4 + GIB))
like "not mounted: the ledger has the growth as finished" "$(cat $LEDGER/$D)" state=done

## Growths that the policy does not allow any more

umount /run/disk/$D
mkfs_on "$FS" /dev/mapper/$D
mount /dev/mapper/$D /run/disk/$D
rm $LEDGER/$D
size=$(device_bytes $D)
# One ioctl later than the last kill: the device has grown, the filesystem has not.
ok "a growth is cut short for the policy test" killed_at $((k - 2)) $((size + GIB))
ok "the ledger has it as unfinished" grep -q state=intended $LEDGER/$D
before=$(fs_mib)
mkdir -p /etc/oci-thin-grow
for config in '{"max_size": "1G"}' '{"rules": [{"name": "nobody", "request": "deny"}]}' '{"enabled": false}'; do
	echo "$config" >/etc/oci-thin-grow/config.json
	like "$config: heal --all --dry-run reports the unfinished growth" "$(heal_all --dry-run)" "$D: a growth to .* was started and is not finished: "
	ok "$config: heal --all does not fail" heal_all
	like "$config: heal --all reports why it is not finished" "$(cat /run/heal.out)" "$D: a growth to .* was started and is not finished: (max_size|rule|switched off)"
	like "$config: heal --all logs why it is not finished" "$(tail -n 1 /run/messages)" "action=skip device=$D to=[0-9]+ reason="
	is "$config: the filesystem is not grown" "$(fs_mib)" "$before"
	ok "$config: the ledger still has it as unfinished" grep -q state=intended $LEDGER/$D
done
rm /etc/oci-thin-grow/config.json
ok "heal --all succeeds without the limit" heal_all
ok "heal --all without the limit finishes the growth" grep -q state=done $LEDGER/$D

## Deleted devices

next_thin_id=8
ok "a second disk is created" new_disk pool-snap-8
ok "a third disk is created" new_disk pool-snap-9
ok "the second disk grows" grow_disk pool-snap-8 2G
ok "the third disk grows" grow_disk pool-snap-9 2G
ok "the second disk is deactivated" drop_disk pool-snap-8
ok "the third disk is deactivated" drop_disk pool-snap-9
ok "heal --all succeeds with deactivated disks" heal_all
ok "heal --all keeps entries of deactivated disks" test -e $LEDGER/pool-snap-8 -a -e $LEDGER/pool-snap-9
is "heal --all leaves no probe device" "$(dmsetup ls | grep -c probe)" 0
dmsetup message pool 0 "delete 8"
like "--dry-run reports the entry of a deleted device" "$(heal_all --dry-run)" 'pool-snap-8: gone for good, its ledger entry would be removed'
ok "--dry-run keeps the entry of a deleted device" test -e $LEDGER/pool-snap-8
like "heal --all reports that it removes the entry" "$(heal_all)" 'pool-snap-8: gone for good, its ledger entry is removed'
ok "heal --all removes the entry of a deleted device" not test -e $LEDGER/pool-snap-8
ok "heal --all keeps the entry of the third disk" test -e $LEDGER/pool-snap-9
ok "heal --all keeps the entry of the active disk" test -e $LEDGER/$D
like "heal --all logs the removed entry" "$(cat /run/messages)" 'action=prune device=pool-snap-8'
ok "a backup activates the thin id of the third disk" dmsetup create backup --readonly --table "0 $((GIB / 512)) thin /dev/mapper/pool 9"
like "heal --all finds nothing to remove meanwhile" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'
ok "the device of the backup is removed" dmsetup remove --retry backup
ok "the entry of the third disk is still there" test -e $LEDGER/pool-snap-9
dmsetup message pool 0 "delete 9"
ok "another device gets the thin id of the third disk" thin_new pool-snap-10 9 1G
like "heal --all keeps the entry while the pool has the thin id" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'
ok "that other device is removed" dmsetup remove --retry pool-snap-10
dmsetup message pool 0 "delete 9"
like "heal --all removes the entry when the pool has no such thin id" "$(heal_all)" 'pool-snap-9: gone for good'
like "a further heal --all removes nothing else" "$(heal_all)" '^checked [0-9]+ thin devices? of engines: nothing to do$'
finish
