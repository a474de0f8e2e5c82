#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `trim`: what is deleted in running containers comes back to the pool; what a snapshot shares does not, and is reported so.
# suites: bookworm trixie
# matrix: bookworm:FS=xfs trixie:FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 120
# mem: 6G
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

# ext4 is to write its inode tables before they count.
COMPLETE=()
[ "$FS" != ext4 ] || COMPLETE=(-E lazy_itable_init=0)
MIB=$((1024 * 1024))
BLOCK=65536

# crun_run NAME [FILTER]: a container on /run/disk/NAME
crun_run() {
	spec "/run/bundle/$1" "/run/disk/$1" ".process.args = [\"sleep\", \"10000\"]${2:+ | $2}" &&
		crun run --detach --bundle "/run/bundle/$1" "$1" >/run/crun.log 2>&1 </dev/null
}

# in_crun NAME SIZE: the same, on a new disk
in_crun() {
	new_disk "$1" "$2" "${COMPLETE[@]}" && crun_run "$1"
}

# second_pool FEATURES: the pool pool2, with the disk second on it
second_pool() {
	local meta data
	meta=$(loop_on /t/meta2 16M) && data=$(loop_on /t/data2 512M) || return
	dmsetup create pool2 --table "0 1048576 thin-pool $meta $data 128 0 $1" || return
	dmsetup message pool2 0 "create_thin 1" || return
	dmsetup create second --table "0 1048576 thin /dev/mapper/pool2 1" || return
	mkfs_on "$FS" /dev/mapper/second && mkdir -p /run/disk/second && mount /dev/mapper/second /run/disk/second || return
	busybox_rootfs /run/disk/second
}

# fill NAME MIB: writes a file in the container's disk
fill() {
	dd if=/dev/zero of="/run/disk/$1/fill" bs=1M count="$2" conv=fsync status=none
}

# mapped NAME, used: MiB that the device maps, and that the pool has in use
mapped() {
	dmsetup status "$1" | awk '{ print int($4 * 512 / 1048576) }'
}

used() {
	dmsetup status pool | awk '{ sub("/.*", "", $6); print int($6 * 65536 / 1048576) }'
}

# about TEXT GOT WANT: MiB, within 5 %, and 8 for metadata
about() {
	local slack=$(($3 / 20 + 8))
	ok "$1" test "$2" -ge $(($3 - slack)) -a "$2" -le $(($3 + slack))
}

# pass_nothing_down: the first pool does so from now on
pass_nothing_down() {
	dmsetup reload pool --table "$(dmsetup table pool | sed 's/ 1 skip_block_zeroing.*/ 2 skip_block_zeroing no_discard_passdown/')" &&
		dmsetup resume pool
}

# result FILTER: of the last --json
result() {
	jq -r "$1" /run/out
}

# For wait_for: XFS may write its log between the two looks.
numbers_agree() {
	otg trim --json web &&
		[ "$(result '.containers[0].mapped_bytes')" = $(($(dmsetup status web | cut -d ' ' -f 4) * 512)) ] &&
		[ "$(result '.containers[0].pool_used_bytes')" = $(($(dmsetup status pool | awk '{ sub("/.*", "", $6); print $6 }') * BLOCK)) ]
}

ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "container web runs" in_crun web 3G
ok "container shared runs" in_crun shared 1G
ok "container cold runs" in_crun cold 1G

## What was written and deleted comes back

ok "2 GiB are written in web" fill web 2048
full=$(used)
ok "web maps 2 GiB" test "$(mapped web)" -ge 2048
rm /run/disk/web/fill
ok "--dry-run succeeds" otg trim --dry-run web
like "--dry-run shows how much could come back" "$(head -n 1 /run/out)" '^crun:web: would trim it: .* mapped in pool "pool", .* used: at most .*GiB would come back$'
ok "--dry-run gives nothing back" test "$(used)" -ge $((full - 1))
is "--dry-run logs nothing" "$(grep -c action= /run/messages)" 0
ok "trim of web succeeds" otg trim web
about "the pool has 2 GiB less in use" $((full - $(used))) 2048
like "trim reports that 2 GiB came back" "$(head -n 1 /run/out)" '^crun:web: (2|~?[12]\.[09][0-9]) GiB given back to pool "pool" \(.*GiB mapped before, .*MiB now\)$'
like "trim logs it" "$(cat /run/messages)" "action=trim container=crun:web engine=crun device=web pool=pool mapped_from=2[0-9]{9} mapped_to=[0-9]+ returned=2[0-9]{9} took_ms="
ok "a second trim succeeds, with --json" otg trim --json web
ok "a second trim finds next to nothing" test "$(result .containers[0].returned_bytes)" -le $((8 * MIB))
is "a second trim knows the pool" "$(result '.pools[0] | "\(.name) \(.discards) \(.note)"')" "pool passed down null"
ok "its numbers of the disk and of the pool are those of device-mapper" wait_for numbers_agree

## Blocks that a snapshot shares

ok "128 MiB are written in shared" fill shared 128
ok "a snapshot of shared is created" thin_snap copy 900 shared
rm /run/disk/shared/fill
before=$(used)
ok "trim of shared succeeds" otg trim shared
ok "shared blocks stay in use" test "$(used)" -ge $((before - 8))
ok "the disk no longer maps shared blocks" test "$(mapped shared)" -le 100
like "trim reports that shared blocks stay in use" "$(head -n 1 /run/out)" ' unmapped, but still in use in the pool: shared with snapshots'
ok "the snapshot mounts" mount -o ro,norecovery"$([ "$FS" = ext4 ] || echo ,nouuid)" /dev/mapper/copy /mnt
is "the file in the snapshot is whole" "$(stat -c %s /mnt/fill)" $((128 * MIB))
umount /mnt

## What is skipped

ok "container cold has something to trim" fill cold 64
rm /run/disk/cold/fill
sync -f /run/disk/cold
ok "cold is frozen" fsfreeze -f /run/disk/cold
ok "a frozen disk is not trimmed, and does not hold us" timeout 180 /usr/sbin/oci-thin-grow trim --all
like "--all names the frozen one with the reason" "$(cat /run/ok.out)" 'crun:cold: not trimmed: its filesystem is frozen, or does not answer'
like "--all trims the others" "$(tail -n 1 /run/ok.out)" '^2 trimmed, 1 skipped'
like "the frozen one is logged" "$(cat /run/messages)" 'action=skip container=crun:cold .* reason="its filesystem is frozen'
echo '{ "timeout": "1s" }' >/run/short.json
timeout 180 /usr/sbin/oci-thin-grow grow --config /run/short.json cold +64M >/run/out 2>&1
like "nor is it grown, with the reason and what to do" "$(cat /run/out)" 'its filesystem is frozen, or does not answer; "fsfreeze -u" on'
ok "cold is thawed" fsfreeze -u /run/disk/cold
ok "no child is left after the thaw" wait_for not pgrep -x oci-thin-grow
ok "cold is suspended" dmsetup suspend cold
ok "a suspended disk that was named gives exit status 4" exits 4 trim cold
like "a suspended disk is named with the reason" "$(cat /run/out)" 'crun:cold: not trimmed: device "cold" is still suspended by another program'
ok "cold is still suspended" is_suspended cold
ok "cold is resumed" dmsetup resume cold
ok "cold is trimmed after that" otg trim --json cold
ok "64 MiB of cold come back" test "$(result .containers[0].returned_bytes)" -ge $((56 * MIB))
ok "cold is mounted read-only" mount -o remount,ro,bind /run/disk/cold
ok "a read-only rootfs gives exit status 4" exits 4 trim cold
like "a read-only rootfs is named with the reason" "$(cat /run/out)" 'crun:cold: not trimmed: its rootfs is read-only'
ok "an unknown name gives exit status 4" exits 4 trim nobody
ok "no container and no --all is a usage error" exits 2 trim
mkdir -p /run/oci-thin-grow && touch /run/oci-thin-grow/disabled
ok "trim is refused while the program is disabled" exits 3 trim web
rm /run/oci-thin-grow/disabled
echo '{ "pools": ["other"] }' >/run/otg.json
ok "a pool that the configuration does not allow is refused" exits 3 trim --config /run/otg.json web
ok "--all skips such a pool" otg trim --config /run/otg.json --all
like "--all has one line for the writable ones in that pool" "$(grep -v '^crun:cold: ' /run/out)" '^2 containers: not trimmed: pool "pool" may not be used'
like "the log has it as skipped" "$(tail -n 1 /run/messages)" 'action=skip container=crun:.* reason=.*may not be used'

## Interrupted, and continued

ok "256 MiB are written in web" fill web 256
rm /run/disk/web/fill
ok "SIGINT before the first range gives exit status 130" test "$(strace -o /run/strace -e trace=syncfs -e inject=syncfs:signal=INT \
	/usr/sbin/oci-thin-grow trim web shared >/run/out 2>/run/err; echo $?)" = 130
like "what was done and what is left is reported" "$(cat /run/out)" $'^crun:web: .*; interrupted: the same command continues\ncrun:shared: left undone\n2 left undone'
ok "the same command succeeds" otg trim web shared
ok "all of it has come back" test "$(mapped web)" -le 200

## Pools without discards

ok "a pool that ignores discards is created" second_pool "2 skip_block_zeroing ignore_discard"
ok "container second runs on it" crun_run second
ok "a disk on it gives exit status 4" exits 4 trim second
like "the pool that ignores discards is named" "$(cat /run/out)" 'crun:second: not trimmed: pool "pool2" ignores discards'
like "that pool is named once more, with what can be done" "$(cat /run/err)" 'pool "pool2" ignores discards \(ignore_discard in its table\), so nothing can be given back'
ok "the first pool passes no more discards down" pass_nothing_down
ok "64 MiB are written in web" fill web 64
rm /run/disk/web/fill
ok "trim succeeds without passing down" otg trim --json web
ok "the pool gets its blocks back without passing down" test "$(result .containers[0].returned_bytes)" -ge $((56 * MIB))
like "the pool that passes nothing down is named" "$(cat /run/err)" 'pool "pool" passes no discards down \(no_discard_passdown\)'
ok "list --pools succeeds" otg list --pools --json
is "list --pools says what pools do with discards" "$(result '[.pools[] | .name + ": " + .discards] | sort | join(", ")')" \
	"pool2: ignored, pool: not passed down"
like "doctor notes it" "$(/usr/sbin/oci-thin-grow doctor --verbose)" 'pool "pool" passes no discards down .*pool "pool2" ignores discards|pool "pool2" ignores discards .*pool "pool" passes no discards down'
finish
