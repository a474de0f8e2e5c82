#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `apply`: running containers of Docker 20.10 and crun get the sizes that they request, one by one, until a pool is full or faulty.
# kernel: bookworm:forky
# suites: bookworm
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

DOCKER_JSON=''

OTG_OPTIONS=(--data-root "$DATA/docker")

# in_docker run|create NAME [LABEL]: without a hook or wrapper, so that only `apply` can grow it
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

# sizes NAME...: the sizes of their devices in GiB
sizes() {
	local name
	for name; do
		gib_of "$name"
	done | xargs
}

# crun_run NAME SIZE: a container on /run/disk/NAME that requests SIZE
crun_run() {
	spec "/run/bundle/$1" "/run/disk/$1" "$(ask "$2")"' | .process.args = ["sleep", "1000"]' &&
		crun run --detach --bundle "/run/bundle/$1" "$1" >/run/crun.log 2>&1 </dev/null
}

# in_crun NAME SIZE: the same, on a new disk of 1 GiB
in_crun() {
	new_disk "$1" 1G && crun_run "$1" "$2"
}

# full_disk: a disk on a pool of its own, which is filled beyond the guard's mark
full_disk() {
	local meta data used
	meta=$(loop_on /t/meta2 16M) && data=$(loop_on /t/data2 512M) || return
	dmsetup create pool2 --table "0 1048576 thin-pool $meta $data 128 0 1 skip_block_zeroing" || return
	dmsetup message pool2 0 "create_thin 1" || return
	dmsetup create full --table "0 2097152 thin /dev/mapper/pool2 1" || return
	mkfs_on ext4 /dev/mapper/full -E lazy_itable_init=0,lazy_journal_init=0 && mkdir -p /run/disk/full && mount /dev/mapper/full /run/disk/full || return
	busybox_rootfs /run/disk/full || return
	sync
	# 7860 of 8192 blocks are 95.9 %; the filesystem needs the rest for later writes.
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
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb
ok "container right, which requests the size that it has, runs" in_docker run right 1G
ok "container web, which requests 3 GiB, runs" in_docker run web 3G
ok "container plain, without a request, runs" in_docker run plain
ok "container stopped is created and not started" in_docker create stopped 3G
# Docker numbers its thin devices from 1.
next_thin_id=5000
ok "container bare runs in crun, without an engine" in_crun bare 2G
inside web dd if=/dev/urandom of=/data bs=1M count=16 2>/run/null
sum=$(sum_in web)

## Dry run

ok "--dry-run succeeds" otg apply --all --dry-run
like "--dry-run shows how web would grow" "$(grep ^docker:web /run/out)" \
	'would grow the device from 1 GiB to 3 GiB and its .* \(label io.oci-thin-grow.size\)$'
is "--dry-run shows only the two containers that need to grow" "$(grep -c 'would grow the device' /run/out)" 2
is "--dry-run ends with a summary" "$(summary)" \
	"2 would grow, 1 large enough, 1 without a request, 1 not running or not on a thin device"
is "--dry-run changes no device" "$(sizes web bare right plain)" "1 1 1 1"
is "--dry-run logs nothing" "$(grep oci-thin-grow /run/messages)" ""

## All containers

ok "--all succeeds" otg apply --verbose --all
is "--all grows the devices of web and bare, and no other" "$(sizes web bare right plain)" "3 2 1 1"
like "--all grows the filesystem of web" "$(df_in web)" '^(29|30)[0-9][0-9]$'
is "--all keeps the data of web" "$(sum_in web)" "$sum"
like "--all reports how web grew" "$(cat /run/out)" 'docker:web: grown from 1 GiB to 3 GiB in [0-9]+ ms \(label io.oci-'
like "--all --verbose reports why a container was skipped" "$(cat /run/err)" '"docker:stopped": it is not running'
like "--all logs a growth as the hook does" "$(grep 'action=grow container=docker:web ' /run/messages)" \
	' engine=docker device=docker-.* from=1073741824 to=3221225472 .* source=label:io.oci-thin-grow.size requested=3221225472 took_ms='
is "--all logs one line for each growth" "$(grep -c 'oci-thin-grow.*action=' /run/messages)" 2
like "--all takes the size of bare from its annotation" "$(grep 'container=crun:bare' /run/messages)" 'source=annotation:io.oci-thin-grow.size'

ok "a second --all succeeds, with --json" otg apply --all --json
is "a second --all finds nothing left to do" "$(jq -c .summary /run/out)" \
	'{"grown":0,"kept":3,"unasked":1,"passed_over":1,"postponed":0,"refused":0,"failed":0,"missing":0,"left":0}'
is "a second --all lists each container once" "$(jq -r '.containers[] | "\(.container) \(.action)"' /run/out | sort | xargs)" \
	"crun:bare keep docker:plain nothing docker:right keep docker:stopped skip docker:web keep"
is "a second --all was no dry run and was not stopped" "$(jq -c '[.dry_run, .stopped_by, .pool]' /run/out)" '[false,null,null]'
is "a second --all logs nothing" "$(grep -c 'oci-thin-grow.*action=' /run/messages)" 2

## By name: each named container is reported, and an error in one does not stop the others

ok "containers that need nothing are no error" otg apply plain stopped right
is "each of them is reported with its reason" "$(head -n 3 /run/out | cut -d ' ' -f 1-4)" \
	"docker:plain: no size is
docker:stopped: it is not
docker:right: has 1 GiB"
ok "container bad, whose request is invalid, runs" in_crun bad lots
ok "container huge, which requests 2 TiB, runs" in_crun huge 2T
ok "container good, which requests 2 GiB, runs" in_crun good 2G
ok "an invalid request and an unknown name give exit status 1" exits 1 apply bad huge nobody good
is "the container after a failed one is grown" "$(sizes bad huge good)" "1 1 2"
like "an invalid request is reported" "$(cat /run/err)" 'container "crun:bad": io.oci-thin-grow.size: "lots"'
like "a request beyond max_size is reported" "$(cat /run/err)" '"crun:huge" cannot have 2 TiB .*max_size is 1 TiB'
like "an unknown name is reported" "$(cat /run/err)" 'no such container: "nobody"'
is "the summary counts each kind of result" "$(summary)" "1 grown, 1 refused, 1 failed, 1 not found"
ok "exit status is 3 if the only problem is a refusal" exits 3 apply huge good
ok "exit status is 4 if the only problem is an unknown name" exits 4 apply nobody good
ok "no container and no --all is a usage error" exits 2 apply
ok "--all with a name is a usage error" exits 2 apply --all web
ok "containers bad and huge are removed" sh -c "crun delete -f bad && crun delete -f huge"

## What the configuration gives and limits

echo '{ "default_size": "2G", "rules": [{ "name": "all", "match": { "engine": "docker" }, "size": "1536M" }] }' >/run/otg.json
ok "--dry-run with a rule succeeds" otg apply --config /run/otg.json --dry-run plain
like "--dry-run names the rule that gives the size" "$(cat /run/out)" 'docker:plain: would grow the device from 1 GiB to 1.50 GiB .* \(rule all\)'
echo '{ "default_size": 2 }' >/run/bad.json
ok "a broken configuration is an error" exits 2 apply --config /run/bad.json plain
touch /run/oci-thin-grow/disabled
ok "apply is refused while the program is disabled" exits 3 apply good
like "the refusal names the file that disables it" "$(cat /run/err)" 'apply: .*/run/oci-thin-grow/disabled'
rm /run/oci-thin-grow/disabled

## A signal ends it between two containers

ok "container a1, which requests 2 GiB, runs" in_crun a1 2G
ok "container a2, which requests 2 GiB, runs" in_crun a2 2G
number=$(dmsetup info -c --noheadings -o major,minor --separator : "$(device_of a1)")
exec 9>>"/run/oci-thin-grow/$number.lock"
flock 9
/usr/sbin/oci-thin-grow apply "${OTG_OPTIONS[@]}" a1 a2 >/run/out 2>/run/err 9>&- &
pid=$!
wait_for grep -q -- "-> FLOCK .* $pid " /proc/locks
kill -INT $pid
flock -u 9
status=0
wait $pid || status=$?
is "SIGINT gives exit status 130" $status 130
is "SIGINT lets the current container finish and leaves the next" "$(sizes a1 a2)" "2 1"
like "SIGINT: the container left undone is reported" "$(cat /run/out)" $'crun:a2: left undone\n1 grown, 1 left undone$'
like "SIGINT: the reason for stopping is reported" "$(cat /run/err)" 'stopped by a signal; left undone: 1'
ok "the same command succeeds afterwards" otg apply a1 a2
is "the same command grows the container left undone" "$(sizes a1 a2)" "2 2"

## On a terminal

# terminal ARG...: runs the program on a terminal
terminal() {
	script -qec "/usr/sbin/oci-thin-grow $* ${OTG_OPTIONS[*]}" /dev/null </dev/null | tr -d '\r'
}
ok "container c1, which requests 2 GiB, runs" in_crun c1 2G
like "apply uses colours on a terminal" "$(terminal apply --dry-run c1)" $'\e\\[32mwould grow\e\\[0m'
is "apply uses no colours with NO_COLOR" "$(NO_COLOR=1 terminal apply --dry-run c1 | grep -c $'\e')" 0
is "apply uses no colours on a dumb terminal" "$(TERM=dumb terminal apply c1 | grep -c $'\e')" 0
is "apply on a terminal grows the container" "$(sizes c1)" 2
like "list has a bold header on a terminal" "$(terminal list | head -n 1)" $'^\e\\[1mENGINE'
is "list has no bold header with NO_COLOR" "$(NO_COLOR=1 terminal list | grep -c $'\e')" 0

## A full pool ends it

ok "a pool is filled beyond the guard's mark" full_disk
ok "container full, on the full pool, runs" crun_run full 2G
ok "container last, on the other pool, runs" in_crun last 2G
ok "--all is refused because of the full pool" exits 3 apply --all
like "the full pool is named" "$(cat /run/err)" 'stopped by pool "pool2"; left undone: [1-9]'
like "the container on the full pool is named" "$(cat /run/err)" '"crun:full" cannot have 2 GiB .*pool "pool2" has 9[0-9.]+ % of its data in use'
like "the container left undone is named" "$(cat /run/out)" 'crun:last: left undone'
is "no container is grown after the one on the full pool" "$(sizes last)" 1
is "the container on the full pool is not grown" "$(device_bytes full)" $GIB
ok "--dry-run --json is refused because of the full pool" exits 3 apply --all --json --dry-run
is "--dry-run --json names the pool" "$(jq -c '[.dry_run, .stopped_by, .pool, .summary.refused]' /run/out)" '[true,"pool","pool2",1]'
is "--dry-run --json names the container left undone" "$(jq -r '.containers[] | select(.container == "crun:last") | .action' /run/out)" left
ok "containers before the one on the full pool are processed" exits 3 apply last full web
is "the container before the one on the full pool is grown" "$(sizes last)" 2
is "the summary counts the one before it and the one after it" "$(summary)" "1 grown, 1 refused, 1 left undone"
is "no device is suspended at the end" "$(dmsetup info -c --noheadings -o suspended | grep -c ^Suspended)" 0
finish
