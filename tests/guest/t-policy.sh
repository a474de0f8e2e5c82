#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configuration: full and over-committed pools, a broken file and the kill switch, with the hook alone;
# and defaults, rules and limits with Docker.
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

# asks [SIZE], asks_not: the next call_hook is for /run/disk/disk
asks() {
	spec $B /run/disk/disk "$(ask "$1")"
}

asks_not() {
	spec $B /run/disk/disk
}

# says TEXT REGEX: what the hook said on stderr, and the log knows, too
says() {
	like "$1" "$(cat /run/hook.err)" "$2"
	wait_for test -s /run/messages
	like "$1: the log" "$(cat /run/messages)" "$2"
	: >/run/messages
}

untouched() {
	is "$1: untouched" "$(device_bytes disk)" "$GIB"
}

silent() {
	is "$1: not a word" "$(cat /run/hook.err /run/messages)" ""
}

fill_to() {
	dd if=/dev/zero of=/run/disk/disk/fill bs=1M count=850 conv=fsync status=none || return
	until [ "$(dmsetup status pool | awk '{ split($6, of, "/"); print int(of[1] * 100 / of[2]) }')" -ge "$1" ]; do
		dd if=/dev/zero of=/run/disk/disk/fill bs=1M count=4 oflag=append conv=notrunc,fsync status=none || return
	done
}

broken_file() {
	break_config
	ok "check: exit status 2" sh -c '/usr/sbin/oci-thin-grow config check 2>/run/err; [ $? = 2 ]'
	like "check: file, line, key, what was expected" "$(cat /run/err)" \
		'config.json:2: max_size: expected a size, as in "42G" or "1.5T", found 42'
	ok "an operator's command: exit status 2" sh -c '/usr/sbin/oci-thin-grow grow c1 1G 2>/run/err; [ $? = 2 ]'
	ok "list goes on" otg list
	like "list: it says so" "$(cat /run/err)" 'config.json:2: max_size: .*: using the built-in defaults'
	asks_not
	ok "broken, nothing asked: starts" call_hook $B
	is "broken, nothing asked: nothing on stderr" "$(cat /run/hook.err)" ""
	is "broken, nothing asked: nothing in the log" "$(grep -c oci-thin-grow /run/messages)" 0
	asks 4G
	ok "broken, 4G: fails" not call_hook $B
	is "broken, 4G: one line in the log" "$(grep -c oci-thin-grow /run/messages)" 1
	says "broken, 4G: with the reason" 'the configuration is broken: .*config.json:2: max_size'
	untouched "broken"
	configure "$RULES"
	chmod 666 $CONFIG
	ok "writable by all, 4G: fails" not call_hook $B
	says "writable by all: with the reason" "expected a file of root's"
	chmod 644 $CONFIG
}

switched_off() {
	configure "$RULES"
	mkdir -p /run/oci-thin-grow
	: >$DISABLED
	asks 4G
	ok "disabled, 4G: starts" call_hook $B
	says "disabled, 4G: says why" 'switched off by /run/oci-thin-grow/disabled'
	asks_not
	ok "disabled, nothing asked: starts" call_hook $B
	silent "disabled, nothing asked"
	break_config
	asks 4G
	ok "disabled and broken, 4G: starts" call_hook $B
	: >/run/messages
	rm $DISABLED
	configure '{ "enabled": false, "default_size": "4G" }'
	ok "not enabled, 4G: starts" call_hook $B
	says "not enabled, 4G: says why" 'switched off by .*enabled'
	asks_not
	ok "not enabled, nothing asked: starts" call_hook $B
	silent "not enabled, nothing asked"
	untouched "switched off"
}

overcommit() {
	configure '{ "pool_guard": { "overcommit": 2 } }'
	thin_new other 50 2G
	asks 2G
	ok "4 of 2 x 1 GiB: fails" not call_hook $B
	says "4 of 2 x 1 GiB: says so" 'pool .{1,2}pool.{1,2} would have 4 GiB together, 4 times its 1 GiB.*extend the pool by 1 GiB'
	untouched "4 of 2 x 1 GiB"
	configure '{ "pool_guard": { "overcommit": 4 } }'
	ok "4 of 4 x 1 GiB: grows" call_hook $B
	is "4 of 4 x 1 GiB: 2 GiB" "$(device_bytes disk)" $((2 * GIB))
	configure '{ "pool_guard": { "overcommit": 6 } }'
	ok "removed: a disk" new_disk gone
	ok "removed: grows" grow_disk gone 2G
	ok "removed: 7 of 6 x 1 GiB while it is there: fails" not grow_disk disk 3G
	ok "removed: it goes" drop_disk gone
	ok "removed: 7 of 6 x 1 GiB while it is stopped: fails" not grow_disk disk 3G
	ok "removed: its id goes" dmsetup message pool 0 "delete $((next_thin_id - 1))"
	ok "removed: the ledger still has it" test -e /var/lib/oci-thin-grow/ledger/gone
	ok "removed: 5 of 6 x 1 GiB, for it does not count: grows" grow_disk disk 2050M
	is "removed: no probe is left" "$(dmsetup ls | grep -c probe)" 0
	: >/run/messages
	configure '{ "pools": ["fast-*"] }'
	asks 3G
	ok "another pool: fails" not call_hook $B
	says "another pool: names it" 'pool .{1,2}pool.{1,2} is not in .{1,2}pools.{1,2} \(/'
	configure '{ "pools": ["fast-*"], "default_size": "3G" }'
	asks_not
	ok "another pool, by default: starts" call_hook $B
	silent "another pool, by default"
	dmsetup remove other
}

full_pool() {
	configure '{ "default_size": "2100M" }'
	asks_not
	ok "below the mark, by default: starts" call_hook $B
	is "below the mark, by default: grown" "$(device_bytes disk)" $((2100 * 1024 * 1024))
	asks 2200M
	ok "below the mark, asked: starts" call_hook $B
	is "below the mark, asked: grown" "$(device_bytes disk)" $((2200 * 1024 * 1024))
	ok "full to 96 %" fill_to 96
	configure '{ "default_size": "2300M" }'
	: >/run/messages
	asks 2300M
	ok "96 %, asked: fails" not call_hook $B
	says "96 %, asked: the figures" 'pool .{1,2}pool.{1,2} has 9[67]\.[0-9] % of its data in use'
	asks_not
	ok "96 %, by default: starts" call_hook $B
	says "96 %, by default: warns" 'cannot have .* \(default\): pool .*9[67]\.[0-9] %|action=refuse .*source=default'
	is "96 %: untouched" "$(device_bytes disk)" $((2200 * 1024 * 1024))
	configure '{ "default_size": "2100M" }'
	: >/run/messages
	asks_not
	ok "a default below the size: starts" call_hook $B
	silent "a default below the size"
	mkdir -p /run/o/{l,u,w,m}
	mount -t overlay o -o lowerdir=/run/o/l,upperdir=/run/o/u,workdir=/run/o/w /run/o/m
	spec $B /run/o/m
	ok "overlay, by default: starts" call_hook $B
	silent "overlay, by default"
}

# Each allocation group of XFS takes a block of the pool: in a pool of 350 blocks of 4 MiB there is room for 160 of them,
# and not for 800.
large_blocks() {
	local meta data FS=xfs
	meta=$(loop_on /t/meta4 16M) data=$(loop_on /t/data4 1400M)
	ok "4 MiB blocks: a pool" dmsetup create pool4 --table "0 2867200 thin-pool $meta $data 8192 0 1 skip_block_zeroing"
	ok "4 MiB blocks: an id" dmsetup message pool4 0 "create_thin 1"
	ok "4 MiB blocks: a disk" dmsetup create disk4 --table "0 2097152 thin /dev/mapper/pool4 1"
	ok "4 MiB blocks: XFS" mkfs_on xfs /dev/mapper/disk4
	mkdir -p /run/disk/disk4
	ok "4 MiB blocks: mounted" mount /dev/mapper/disk4 /run/disk/disk4
	configure '{}'
	: >/run/messages
	ok "4 MiB blocks, 100G: fails" not grow_disk disk4 100G
	says "4 MiB blocks, 100G: says what it takes" 'with the 3.[0-9]+ GiB that the grown filesystem.s own metadata takes; 1.[0-9]+ GiB are free'
	is "4 MiB blocks, 100G: untouched" "$(device_bytes disk4)" "$GIB"
	ok "4 MiB blocks, 20G: starts" grow_disk disk4 20G
	is "4 MiB blocks, 20G: grown" "$(device_bytes disk4)" $((20 * GIB))
	like "4 MiB blocks, 20G: the pool has room" "$(dmsetup status pool4)" ' (1[6-9][0-9]|20[0-9])/350 - rw '
	like "4 MiB blocks, 20G: warns of the groups" "$(cat /run/messages)" \
		'action=grow .*to=21474836480 .*warning="at this size the filesystem has 16[0-9] allocation groups'
	spec $B /run/disk/disk4 "$(ask 21G)"
	state $B >/run/state
	ok "4 MiB blocks, 21G: explained" otg explain --state /run/state
	like "4 MiB blocks, 21G: explain warns, too" "$(cat /run/out)" 'warning +at this size the filesystem has 1[67][0-9] allocation groups'
	ok "4 MiB blocks, 21G: a dry run" otg grow --device disk4 --dry-run --json 21G
	like "4 MiB blocks, 21G: warns" "$(cat /run/err)" 'at this size the filesystem has 1[67][0-9] allocation groups'
	like "4 MiB blocks, 21G: warns in JSON" "$(jq -r .warning /run/out)" '1[67][0-9] allocation groups'
	ok "4 MiB blocks, 21G: by command" otg grow --device disk4 21G
	is "4 MiB blocks, 21G: warns once" "$(grep -c 'allocation groups' /run/err)" 1
	ok "4 MiB blocks: it goes" drop_disk disk4
	dmsetup remove --retry pool4
}

# dk_run [OPTION...]: a container of $IMAGE says how large its / is
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
	ok "it tags" docker tag bb postgres:16
	: >/run/messages
	ok "the default: runs" dk_run
	like "the default: 4 GiB" "$(last_size)" "$MIB_4G"
	like "the default: the log" "$(cat /run/messages)" 'action=grow .*source=default '
	IMAGE=postgres:16 ok "a rule for its image: runs" dk_run
	like "a rule for its image: 6 GiB" "$(last_size)" "$MIB_6G"
	like "a rule for its image: the log" "$(cat /run/messages)" 'action=grow .*source=rule:pg '
	IMAGE=postgres:16 ok "its own request beats the rule: runs" dk_run --label io.oci-thin-grow.size=2G
	like "its own request beats the rule: 2 GiB" "$(last_size)" '^(19|20)[0-9][0-9]$'
	ok "too much: does not run" not dk_run --label io.oci-thin-grow.size=9G
	like "too much: docker says why" "$(cat /run/err)" 'cannot have 9 GiB .*max_size is 8 GiB'
	configure "$(jq -c '. + { on_exceed: "clamp" }' <<<"$RULES")"
	ok "too much, clamped: runs" dk_run --label io.oci-thin-grow.size=9G
	like "too much, clamped: 8 GiB" "$(last_size)" "$MIB_8G"
	like "too much, clamped: the log" "$(cat /run/messages)" 'requested=9663676416 clamped=8589934592'
	configure "$(jq -c '.rules[0].max_size = "16G"' <<<"$RULES")"
	ok "an operator: postgres runs" docker run -d --name db --net none postgres:16 sleep 1000
	ok "an operator: 12G, which the rule for its image allows" /usr/sbin/oci-thin-grow grow \
		--data-root "$DATA/docker" docker:db 12G
	like "an operator: 12 GiB" "$(docker exec db df -m / | awk 'END { print $(NF-4) }')" '^1[12][0-9]{3}$'
	ok "an operator: not more than the rule allows" sh -c "/usr/sbin/oci-thin-grow grow --data-root '$DATA/docker' \
		docker:db 17G 2>/run/err; [ \$? = 3 ]"
	like "an operator: is told so" "$(cat /run/err)" 'max_size of rule "pg" .*is 16 GiB'
	docker rm -f db
	break_config
	ok "broken, nothing asked: runs" dk_run
	like "broken, nothing asked: 1 GiB" "$(last_size)" "$MIB_1G"
	ok "broken, 4G: does not run" not dk_run --label io.oci-thin-grow.size=4G
	like "broken, 4G: docker says why" "$(cat /run/err)" 'the configuration is broken: .*config.json:2: max_size'
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
# shellcheck disable=SC2034
[ "$PART" = docker ] || POOL_GB=1
ok "a pool comes up" pool_up
if [ "$PART" = docker ]; then
	with_docker
else
	ok "a disk" new_disk disk
	ok "what is shipped is in order" /usr/sbin/oci-thin-grow config check
	# shellcheck disable=SC2016
	ok "so is README's example" configure "$(sed -n '/^```json/,/^```/{//!p}' /src/README.md)"
	like "and its rules are read" "$(/usr/sbin/oci-thin-grow config show)" '"name": "databases".*"name": "dev"'
	broken_file
	switched_off
	overcommit
	large_blocks
	full_pool
fi
finish
