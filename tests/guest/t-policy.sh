#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configuration: full and over-committed pools, a broken file and the disabling switch, with the hook alone;
# and defaults, rules and limits with Docker.
# kernel: bookworm:forky trixie:forky
# suites: bookworm trixie
# matrix: bookworm:PART=pool PART=docker
# soak: PART=pool PART=docker
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh
# shellcheck source=tests/guest/policy.sh
. /src/tests/guest/policy.sh

B=/run/bundle/b
DISABLED=/run/oci-thin-grow/disabled

# asks [SIZE], asks_not: whether the next call_hook requests a size for /run/disk/disk
asks() {
	spec $B /run/disk/disk "$(ask "$1")"
}

asks_not() {
	spec $B /run/disk/disk
}

# says TEXT REGEX: the hook's message on stderr, and its line in the log
says() {
	like "$1: the message has the reason" "$(cat /run/hook.err)" "$2"
	wait_for test -s /run/messages
	like "$1: the log has the reason" "$(cat /run/messages)" "$2"
	: >/run/messages
}

untouched() {
	is "$1: the device is untouched" "$(device_bytes disk)" "$GIB"
}

silent() {
	is "$1: nothing is reported or logged" "$(cat /run/hook.err /run/messages)" ""
}

# fill_to PERCENT: of the pool; ext4 writes no more inode tables meanwhile, and after it
fill_to() {
	mount -o remount,noinit_itable /run/disk/disk || return
	dd if=/dev/zero of=/run/disk/disk/fill bs=1M count=850 conv=fsync status=none || return
	until [ "$(dmsetup status pool | awk '{ split($6, of, "/"); print int(of[1] * 100 / of[2]) }')" -ge "$1" ]; do
		dd if=/dev/zero of=/run/disk/disk/fill bs=1M count=4 oflag=append conv=notrunc,fsync status=none || return
	done
}

broken_file() {
	break_config
	ok "config check of a broken file: exit status 2" sh -c '/usr/sbin/oci-thin-grow config check 2>/run/err; [ $? = 2 ]'
	like "config check of a broken file: file, line, key and the expected type are reported" "$(cat /run/err)" \
		'config.json:2: max_size: expected a size, as in "42G" or "1.5T", found 42'
	ok "grow with a broken file: exit status 2" sh -c '/usr/sbin/oci-thin-grow grow c1 1G 2>/run/err; [ $? = 2 ]'
	ok "list with a broken file: succeeds" otg list
	like "list with a broken file: reports the file, and that it uses defaults" "$(cat /run/err)" 'config.json:2: max_size: .*: using the built-in defaults'
	asks_not
	ok "broken file, no request: the container starts" call_hook $B
	is "broken file, no request: nothing is reported" "$(cat /run/hook.err)" ""
	is "broken file, no request: nothing is logged" "$(grep -c oci-thin-grow /run/messages)" 0
	asks 4G
	ok "broken file, 4G: the container does not start" not call_hook $B
	is "broken file, 4G: one line is logged" "$(grep -c oci-thin-grow /run/messages)" 1
	says "broken file, 4G" 'the configuration is broken: .*config.json:2: max_size'
	untouched "broken file"
	asks 1G
	ok "broken file, the size that the disk has: the container starts" call_hook $B
	is "broken file, the size that the disk has: nothing is reported" "$(cat /run/hook.err)" ""
	ok "broken file, the size that the disk has: the log warns" wait_for grep -q 'action=keep .*the configuration is broken' /run/messages
	: >/run/messages
	asks 4G
	configure "$RULES"
	chmod 666 $CONFIG
	ok "file writable by all, 4G: the container does not start" not call_hook $B
	says "file writable by all, 4G" "expected a file of root's"
	chmod 644 $CONFIG
}

switched_off() {
	configure "$RULES"
	mkdir -p /run/oci-thin-grow
	: >$DISABLED
	asks 4G
	ok "disabled, 4G: the container starts" call_hook $B
	says "disabled, 4G" 'switched off by /run/oci-thin-grow/disabled'
	asks_not
	ok "disabled, no request: the container starts" call_hook $B
	silent "disabled, no request"
	break_config
	asks 4G
	ok "disabled and broken, 4G: the container starts" call_hook $B
	: >/run/messages
	rm $DISABLED
	configure '{ "enabled": false, "default_size": "4G" }'
	ok "enabled is false, 4G: the container starts" call_hook $B
	says "enabled is false, 4G" 'switched off by .*enabled'
	asks_not
	ok "enabled is false, no request: the container starts" call_hook $B
	silent "enabled is false, no request"
	untouched "disabled"
}

overcommit() {
	configure '{ "pool_guard": { "overcommit": 2 } }'
	thin_new other 50 2G
	asks 2G
	ok "over-commit of 4 with a limit of 2: the container does not start" not call_hook $B
	says "over-commit of 4 with a limit of 2" 'pool .{1,2}pool.{1,2} would have devices of 4 GiB, 4 times its 1 GiB.*extend the pool by 1 GiB'
	untouched "over-commit of 4 with a limit of 2"
	configure '{ "pool_guard": { "overcommit": 4 } }'
	ok "over-commit of 4 with a limit of 4: the container starts" call_hook $B
	is "over-commit of 4 with a limit of 4: the device has 2 GiB" "$(device_bytes disk)" $((2 * GIB))
	configure '{ "pool_guard": { "overcommit": 6 } }'
	ok "a removed disk: it is created" new_disk gone
	ok "a removed disk: it grows" grow_disk gone 2G
	ok "a removed disk: while it is active, over-commit of 7 with a limit of 6 is refused" not grow_disk disk 3G
	ok "a removed disk: it is deactivated" drop_disk gone
	ok "a removed disk: while it is inactive, over-commit of 7 with a limit of 6 is refused" not grow_disk disk 3G
	ok "a removed disk: its thin id is deleted" dmsetup message pool 0 "delete $((next_thin_id - 1))"
	ok "a removed disk: its ledger entry is still there" test -e /var/lib/oci-thin-grow/ledger/gone
	ok "a removed disk: it is not counted, and over-commit of 5 with a limit of 6 is allowed" grow_disk disk 2050M
	is "a removed disk: no probe device is left" "$(dmsetup ls | grep -c probe)" 0
	: >/run/messages
	configure '{ "pools": ["fast-*"] }'
	asks 3G
	ok "pool not in pools, 3G: the container does not start" not call_hook $B
	says "pool not in pools, 3G" 'pool .{1,2}pool.{1,2} is not in .{1,2}pools.{1,2} \(/'
	configure '{ "pools": ["fast-*"], "default_size": "3G" }'
	asks_not
	ok "pool not in pools, default size: the container starts" call_hook $B
	silent "pool not in pools, default size"
	dmsetup remove other
}

full_pool() {
	configure '{ "default_size": "2100M" }'
	asks_not
	ok "pool with room, default size: the container starts" call_hook $B
	is "pool with room, default size: the device has it" "$(device_bytes disk)" $((2100 * 1024 * 1024))
	asks 2200M
	ok "pool with room, a request: the container starts" call_hook $B
	is "pool with room, a request: the device has it" "$(device_bytes disk)" $((2200 * 1024 * 1024))
	ok "the pool is filled to 96 %" fill_to 96
	configure '{ "default_size": "2300M" }'
	: >/run/messages
	asks 2300M
	ok "pool at 96 %, a request: the container does not start" not call_hook $B
	says "pool at 96 %, a request" 'pool .{1,2}pool.{1,2} has 9[67]\.[0-9] % of its data in use'
	asks_not
	ok "pool at 96 %, default size: the container starts" call_hook $B
	says "pool at 96 %, default size" 'cannot have .* \(default\): pool .*9[67]\.[0-9] %|action=refuse .*source=default'
	is "pool at 96 %: the device is untouched" "$(device_bytes disk)" $((2200 * 1024 * 1024))
	configure '{ "max_size": "2G" }'
	asks 2200M
	: >/run/messages
	ok "max_size lowered below the size: the container starts" call_hook $B
	ok "max_size lowered below the size: the log warns" wait_for grep -q 'action=keep .*max_size is 2 GiB' /run/messages
	ok "a longer device, as after a kill: a table is loaded" dmsetup reload disk --table "$(dmsetup table disk | sed 's/^0 [0-9]*/0 4710400/')"
	ok "a longer device, as after a kill: it is live" dmsetup resume --nolockfs disk
	configure '{}'
	asks 2300M
	: >/run/messages
	ok "a longer device, pool at 96 %: the container starts" call_hook $B
	says "a longer device, pool at 96 %" 'has 9[67]\.[0-9] % of its data in use'
	configure '{ "default_size": "2100M" }'
	: >/run/messages
	asks_not
	ok "default below the size: the container starts" call_hook $B
	silent "default below the size"
	mkdir -p /run/o/{l,u,w,m}
	mount -t overlay o -o lowerdir=/run/o/l,upperdir=/run/o/u,workdir=/run/o/w /run/o/m
	spec $B /run/o/m
	ok "overlay, default size: the container starts" call_hook $B
	silent "overlay, default size"
}

# Each allocation group of XFS takes a block of the pool: a pool of 350 blocks of 4 MiB has room for 160 groups, and not
# for 800.
large_blocks() {
	local meta data FS=xfs
	meta=$(loop_on /t/meta4 16M) data=$(loop_on /t/data4 1400M)
	ok "4 MiB blocks: a pool is created" dmsetup create pool4 --table "0 2867200 thin-pool $meta $data 8192 0 1 skip_block_zeroing"
	ok "4 MiB blocks: a thin id is created" dmsetup message pool4 0 "create_thin 1"
	ok "4 MiB blocks: a disk is activated" dmsetup create disk4 --table "0 2097152 thin /dev/mapper/pool4 1"
	ok "4 MiB blocks: XFS is created" mkfs_on xfs /dev/mapper/disk4
	mkdir -p /run/disk/disk4
	ok "4 MiB blocks: the disk mounts" mount /dev/mapper/disk4 /run/disk/disk4
	configure '{}'
	: >/run/messages
	ok "4 MiB blocks, 100G: the container does not start" not grow_disk disk4 100G
	says "4 MiB blocks, 100G" 'with the 3.[0-9]+ GiB that the grown filesystem.s own metadata takes \(1.[0-9]+ GiB are free\)'
	is "4 MiB blocks, 100G: the device is untouched" "$(device_bytes disk4)" "$GIB"
	ok "4 MiB blocks, 20G: the container starts" grow_disk disk4 20G
	is "4 MiB blocks, 20G: the device has 20 GiB" "$(device_bytes disk4)" $((20 * GIB))
	like "4 MiB blocks, 20G: the pool still has free blocks" "$(dmsetup status pool4)" ' (1[6-9][0-9]|20[0-9])/350 - rw '
	like "4 MiB blocks, 20G: the log warns about the number of groups" "$(cat /run/messages)" \
		'action=grow .*to=21474836480 .*warning="at this size the filesystem has 16[0-9] allocation groups'
	spec $B /run/disk/disk4 "$(ask 21G)"
	state $B >/run/state
	ok "4 MiB blocks, 21G: explain succeeds" otg explain --state /run/state
	like "4 MiB blocks, 21G: explain warns about the number of groups" "$(cat /run/out)" 'warning +at this size the filesystem has 1[67][0-9] allocation groups'
	ok "4 MiB blocks, 21G: grow --dry-run --json succeeds" otg grow --device disk4 --dry-run --json 21G
	like "4 MiB blocks, 21G: grow --dry-run warns about the number of groups" "$(cat /run/err)" 'at this size the filesystem has 1[67][0-9] allocation groups'
	like "4 MiB blocks, 21G: grow --dry-run --json has the warning" "$(jq -r .warning /run/out)" '1[67][0-9] allocation groups'
	ok "4 MiB blocks, 21G: grow succeeds" otg grow --device disk4 21G
	is "4 MiB blocks, 21G: grow warns once" "$(grep -c 'allocation groups' /run/err)" 1
	ok "4 MiB blocks: the disk is removed" drop_disk disk4
	dmsetup remove --retry pool4
}

# dk_run [OPTION...]: a container of $IMAGE that prints the size of its /
dk_run() {
	timeout 300 docker run --rm --net none "$@" "${IMAGE:-bb}" df -m / >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

with_docker() {
	configure "$RULES"
	ok "docker starts" docker_up
	ok "a tar image is built" bb_tar /t/bb.tar
	ok "the image is imported" docker import /t/bb.tar bb
	ok "docker tags the image" docker tag bb postgres:16
	: >/run/messages
	ok "default size: the container runs" dk_run
	like "default size: it has 4 GiB" "$(last_size)" "$MIB_4G"
	like "default size: the log names the default" "$(cat /run/messages)" 'action=grow .*source=default '
	IMAGE=postgres:16 ok "rule for an image: the container runs" dk_run
	like "rule for an image: it has 6 GiB" "$(last_size)" "$MIB_6G"
	like "rule for an image: the log names the rule" "$(cat /run/messages)" 'action=grow .*source=rule:pg '
	IMAGE=postgres:16 ok "label and rule: the container runs" dk_run --label io.oci-thin-grow.size=2G
	like "label and rule: it has the 2 GiB of its label" "$(last_size)" '^(19|20)[0-9][0-9]$'
	ok "more than max_size: the container does not start" not dk_run --label io.oci-thin-grow.size=9G
	like "more than max_size: Docker shows the reason" "$(cat /run/err)" 'cannot have 9 GiB .*max_size is 8 GiB'
	configure "$(jq -c '. + { on_exceed: "clamp" }' <<<"$RULES")"
	ok "more than max_size, on_exceed clamp: the container runs" dk_run --label io.oci-thin-grow.size=9G
	like "more than max_size, on_exceed clamp: it has 8 GiB" "$(last_size)" "$MIB_8G"
	like "more than max_size, on_exceed clamp: the log has both sizes" "$(cat /run/messages)" 'requested=9663676416 clamped=8589934592'
	configure "$(jq -c '.rules[0].max_size = "16G"' <<<"$RULES")"
	ok "max_size of a rule: a container of its image runs" docker run -d --name db --net none postgres:16 sleep 1000
	ok "max_size of a rule: grow beyond the general max_size succeeds" /usr/sbin/oci-thin-grow grow \
		--data-root "$DATA/docker" docker:db 12G
	like "max_size of a rule: the container has 12 GiB" "$(docker exec db df -m / | awk 'END { print $(NF-4) }')" '^1[12][0-9]{3}$'
	ok "max_size of a rule: grow beyond it is refused" sh -c "/usr/sbin/oci-thin-grow grow --data-root '$DATA/docker' \
		docker:db 17G 2>/run/err; [ \$? = 3 ]"
	like "max_size of a rule: grow names the rule" "$(cat /run/err)" 'max_size of rule "pg" .*is 16 GiB'
	docker rm -f db
	break_config
	ok "broken file, Docker, no request: the container runs" dk_run
	like "broken file, Docker, no request: it has 1 GiB" "$(last_size)" "$MIB_1G"
	ok "broken file, Docker, 4G: the container does not start" not dk_run --label io.oci-thin-grow.size=4G
	like "broken file, Docker, 4G: Docker shows file, line and key" "$(cat /run/err)" 'the configuration is broken: .*config.json:2: max_size'
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
# shellcheck disable=SC2034
[ "$PART" = docker ] || POOL_GB=1
ok "a pool comes up" pool_up
if [ "$PART" = docker ]; then
	with_docker
else
	ok "a disk is created" new_disk disk
	ok "the shipped configuration is valid" /usr/sbin/oci-thin-grow config check
	# shellcheck disable=SC2016
	ok "the example in README.md is valid" configure "$(sed -n '/^```json/,/^```/{//!p}' /src/README.md)"
	like "the rules of the example in README.md are read" "$(/usr/sbin/oci-thin-grow config show)" '"name": "databases".*"name": "dev"'
	broken_file
	switched_off
	overcommit
	large_blocks
	full_pool
fi
finish
