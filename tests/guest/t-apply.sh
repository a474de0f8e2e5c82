#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `apply`: running containers of Docker 20.10 and crun get the sizes that they request, one by one, until a pool is full or faulty.
# suites: bookworm
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

DOCKER_JSON=''

OTG_OPTIONS=(--data-root "$DATA/docker")

# in_docker run|create NAME [LABEL]: without a hook or wrapper, as if it was asked for only now
in_docker() {
	local how=(run -d)
	[ "$1" = run ] || how=(create)
	docker "${how[@]}" --name "$2" --net none ${3:+--label io.oci-thin-grow.size="$3"} bb sleep 1000
}

device_of() {
	if [ -b "/dev/mapper/$1" ]; then
		echo "$1"
	else
		docker inspect -f '{{.GraphDriver.Data.DeviceName}}' "$1"
	fi
}

gib_of() {
	echo $(($(device_bytes "$(device_of "$1")") / GIB))
}

# sizes NAME...: of their devices in GiB
sizes() {
	local name
	for name; do
		gib_of "$name"
	done | xargs
}

# crun_run NAME SIZE: a container on /run/disk/NAME that asks for SIZE
crun_run() {
	spec "/run/bundle/$1" "/run/disk/$1" "$(ask "$2")"' | .process.args = ["sleep", "1000"]' &&
		crun run --detach --bundle "/run/bundle/$1" "$1" >/run/crun.log 2>&1 </dev/null
}

# in_crun NAME SIZE: that, on a disk of 1 GiB
in_crun() {
	new_disk "$1" 1G && crun_run "$1" "$2"
}

# full_disk: a disk on a pool of its own, which is full to the mark
full_disk() {
	local meta data used
	meta=$(loop_on /t/meta2 16M) && data=$(loop_on /t/data2 512M) || return
	dmsetup create pool2 --table "0 1048576 thin-pool $meta $data 128 0 1 skip_block_zeroing" || return
	dmsetup message pool2 0 "create_thin 1" || return
	dmsetup create full --table "0 2097152 thin /dev/mapper/pool2 1" || return
	mkfs_on ext4 /dev/mapper/full -E lazy_itable_init=0,lazy_journal_init=0 && mkdir -p /run/disk/full && mount /dev/mapper/full /run/disk/full || return
	busybox_rootfs /run/disk/full || return
	sync
	# Of 8192 blocks 7860 are 95.9 %; what the filesystem writes later must find room.
	used=$(dmsetup status pool2 | awk '{ sub("/.*", "", $6); print $6 }')
	dd if=/dev/zero of=/run/disk/full/fill bs=64k count=$((7860 - used)) conv=fsync status=none
}

summary() {
	tail -n 1 /run/out
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "docker starts" docker_up
ok "a tar is made" bb_tar /t/bb.tar
ok "it imports" docker import /t/bb.tar bb
ok "right runs" in_docker run right 1G
ok "web runs" in_docker run web 3G
ok "plain runs" in_docker run plain
ok "stopped does not" in_docker create stopped 3G
# Docker counts its thin devices from the start.
next_thin_id=5000
ok "bare runs, without an engine" in_crun bare 2G
docker exec web dd if=/dev/urandom of=/data bs=1M count=16 2>/run/null
sum=$(docker exec web sha256sum /data)

## What would be done

ok "--dry-run" otg apply --all --dry-run
like "--dry-run: web" "$(grep ^docker:web /run/out)" \
	'would grow the device from 1 GiB to 3 GiB and its .* \(label io.oci-thin-grow.size\)$'
is "--dry-run: who needs something" "$(grep -c 'would grow the device' /run/out)" 2
is "--dry-run: the sum" "$(summary)" \
	"2 would grow, 1 large enough, 1 without a request, 1 not running or not on a thin device"
is "--dry-run: nothing was done" "$(sizes web bare right plain)" "1 1 1 1"
is "--dry-run: not a word in the log" "$(grep oci-thin-grow /run/messages)" ""

## All

ok "--all" otg apply --verbose --all
is "--all: devices" "$(sizes web bare right plain)" "3 2 1 1"
like "--all: the filesystem" "$(docker exec web df -m / | awk 'END { print $(NF-4) }')" '^(29|30)[0-9][0-9]$'
is "--all: the data" "$(docker exec web sha256sum /data)" "$sum"
like "--all: it says what it did" "$(cat /run/out)" 'docker:web: grown from 1 GiB to 3 GiB in [0-9]+ ms \(label io.oci-'
like "--all: --verbose tells who was passed over" "$(cat /run/err)" '"docker:stopped": it is not running'
like "--all: the log is the hook's" "$(grep 'action=grow container=docker:web ' /run/messages)" \
	' engine=docker device=docker-.* from=1073741824 to=3221225472 .* source=label:io.oci-thin-grow.size requested=3221225472 took_ms='
is "--all: one line each" "$(grep -c 'oci-thin-grow.*action=' /run/messages)" 2
like "--all: a bare one by its annotation" "$(grep 'container=crun:bare' /run/messages)" 'source=annotation:io.oci-thin-grow.size'

ok "again, in JSON" otg apply --all --json
is "again: nothing is left to do" "$(jq -c .summary /run/out)" \
	'{"grown":0,"kept":3,"unasked":1,"passed_over":1,"postponed":0,"refused":0,"failed":0,"missing":0,"left":0}'
is "again: each once" "$(jq -r '.containers[] | "\(.container) \(.action)"' /run/out | sort | xargs)" \
	"crun:bare keep docker:plain nothing docker:right keep docker:stopped skip docker:web keep"
is "again: the rest of it" "$(jq -c '[.dry_run, .stopped_by, .pool]' /run/out)" '[false,null,null]'
is "again: no news in the log" "$(grep -c 'oci-thin-grow.*action=' /run/messages)" 2

## By name: who is named hears of it; what goes wrong with one does not stop the others

ok "some have nothing to do" otg apply plain stopped right
is "they are told so" "$(head -n 3 /run/out | cut -d ' ' -f 1-4)" \
	"docker:plain: nothing is asked
docker:stopped: it is not
docker:right: has 1 GiB"
ok "bad runs" in_crun bad lots
ok "huge runs" in_crun huge 2T
ok "good runs" in_crun good 2G
ok "one cannot be read" exits 1 apply bad huge nobody good
is "the next one is grown" "$(sizes bad huge good)" "1 1 2"
like "unreadable: why" "$(cat /run/err)" 'container "crun:bad": io.oci-thin-grow.size: "lots"'
like "more than policy allows: why" "$(cat /run/err)" '"crun:huge" cannot have 2 TiB .*max_size is 1 TiB'
like "unknown: told" "$(cat /run/err)" 'no such container: "nobody"'
is "the sum" "$(summary)" "1 grown, 1 refused, 1 failed, 1 not found"
ok "only refused ones" exits 3 apply huge good
ok "only unknown ones" exits 4 apply nobody good
ok "no container" exits 2 apply
ok "--all and one more" exits 2 apply --all web
ok "they go" sh -c "crun delete -f bad && crun delete -f huge"

## What the configuration gives, and takes

echo '{ "default_size": "2G", "rules": [{ "name": "all", "match": { "engine": "docker" }, "size": "1536M" }] }' >/run/otg.json
ok "with a rule" otg apply --config /run/otg.json --dry-run plain
like "with a rule: the plan" "$(cat /run/out)" 'docker:plain: would grow the device from 1 GiB to 1.50 GiB .* \(rule all\)'
echo '{ "default_size": 2 }' >/run/bad.json
ok "a broken one" exits 2 apply --config /run/bad.json plain
touch /run/oci-thin-grow/disabled
ok "switched off" exits 3 apply good
like "switched off: says so" "$(cat /run/err)" 'apply: .*/run/oci-thin-grow/disabled'
rm /run/oci-thin-grow/disabled

## A signal ends it between two containers

ok "a1 runs" in_crun a1 2G
ok "a2 runs" in_crun a2 2G
number=$(dmsetup info -c --noheadings -o major,minor --separator : "$(device_of a1)")
exec 9>>"/run/oci-thin-grow/$number.lock"
flock 9
/usr/sbin/oci-thin-grow apply "${OTG_OPTIONS[@]}" a1 a2 >/run/out 2>/run/err 9>&- &
pid=$!
wait_for grep -q -- '-> FLOCK' /proc/locks
kill -INT $pid
flock -u 9
status=0
wait $pid || status=$?
is "a signal: the exit status" $status 130
is "a signal: the one is done, the other is left" "$(sizes a1 a2)" "2 1"
like "a signal: and told" "$(cat /run/out)" $'crun:a2: left undone\n1 grown, 1 left undone$'
like "a signal: why" "$(cat /run/err)" 'stopped by a signal; left undone: 1'
ok "the same again" otg apply a1 a2
is "the same again: does the rest" "$(sizes a1 a2)" "2 2"

## On a terminal

# terminal ARG...: the program on a terminal
terminal() {
	script -qec "/usr/sbin/oci-thin-grow $* ${OTG_OPTIONS[*]}" /dev/null </dev/null | tr -d '\r'
}
ok "c1 runs" in_crun c1 2G
like "colours on a terminal" "$(terminal apply --dry-run c1)" $'\e\\[32mwould grow\e\\[0m'
is "not with NO_COLOR" "$(NO_COLOR=1 terminal apply --dry-run c1 | grep -c $'\e')" 0
is "not on a dumb one" "$(TERM=dumb terminal apply c1 | grep -c $'\e')" 0
is "it is grown" "$(sizes c1)" 2
like "list has bold titles" "$(terminal list | head -n 1)" $'^\e\\[1mENGINE'
is "and none with NO_COLOR" "$(NO_COLOR=1 terminal list | grep -c $'\e')" 0

## A pool in need ends it

ok "a full pool" full_disk
ok "on it runs" crun_run full 2G
ok "last runs" in_crun last 2G
ok "stops at the pool" exits 3 apply --all
like "the pool: which" "$(cat /run/err)" 'stopped by pool "pool2"; left undone: [1-9]'
like "the pool: whose" "$(cat /run/err)" '"crun:full" cannot have 2 GiB .*pool "pool2" has 9[0-9.]+ % of its data in use'
like "the pool: who is left" "$(cat /run/out)" 'crun:last: left undone'
is "the pool: nothing was done after it" "$(sizes last)" 1
is "the pool: nor to it" "$(device_bytes full)" $GIB
ok "in JSON, and dry" exits 3 apply --all --json --dry-run
is "in JSON: which" "$(jq -c '[.dry_run, .stopped_by, .pool, .summary.refused]' /run/out)" '[true,"pool","pool2",1]'
is "in JSON: who is left" "$(jq -r '.containers[] | select(.container == "crun:last") | .action' /run/out)" left
ok "who comes before it is done" exits 3 apply last full web
is "who comes before it is done: grown" "$(sizes last)" 2
is "who comes before it is done: the sum" "$(summary)" "1 grown, 1 refused, 1 left undone"
is "no device is suspended" "$(dmsetup info -c --noheadings -o suspended | grep -c ^Suspended)" 0
finish
