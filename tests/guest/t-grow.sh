#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The operator's command line: `grow` and `list` on running containers of Docker 20.10 (bookworm) and 26 (trixie).
# suites: bookworm trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growing.sh
. /src/tests/guest/growing.sh

DOCKER_JSON=''

inside() {
	docker exec "$@"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "docker starts" docker_up --data-root "/t/my docker"
ok "a tar is made" bb_tar /t/bb.tar
ok "it imports" docker import /t/bb.tar bb

ok "web runs" docker run --name web --net none -d bb sh -c "$WRITER"
ok "web2 runs" docker run --name web2 --net none --label io.oci-thin-grow.size=3G -d bb sleep 1000
id=$(docker inspect -f '{{.Id}}' web)
ok "data" put_data web

## By name, short id, full id; Docker was told to keep its things elsewhere, and dockerd has files open there

ok "by name: 2G" otg grow web 2G
like "by name: it says what it did" "$(cat /run/out)" '^docker:web: grown from 1 GiB to 2 GiB in [0-9]+ ms$'
like "by name: 2 GiB" "$(df_in web)" '^(19|20)[0-9][0-9]$'
ok "by short id: 3G" otg grow "${id:0:12}" 3G
ok "by full id: +1G" otg grow "$id" +1G
like "4 GiB" "$(df_in web)" "$MIB_4G"
ok "qualified, again: nothing to do" otg grow docker:web 4G
like "and it says so" "$(cat /run/out)" '^docker:web: has 4 GiB already$'
like "the log" "$(grep -c 'action=grow container=docker:web engine=docker .*source=command:grow' /run/messages)" '^3$'
whole "grown" web
still_writes "grown" web

## What is refused

ok "smaller" exits 3 grow web 1G
like "smaller: says why" "$(cat /run/err)" 'web: has 4 GiB; shrinking is not possible'
ok "more than policy allows" exits 3 grow web 2T
like "says so" "$(cat /run/err)" 'not grown: max_size is 1 TiB'
ok "no size" exits 2 grow web lots
ok "bytes, which were hardly meant" exits 2 grow web +60
like "says what was meant" "$(cat /run/err)" 'docker:web: \+60 means 60 bytes. Did you mean \+60G\?'
ok "a negative one" exits 2 grow web -- -1G
ok "no container" exits 2 grow 4G
ok "the wrong way round" exits 4 grow 4G web
like "says which way" "$(cat /run/err)" 'no container "4G"; the order is CONTAINER SIZE'
ok "no such container, in JSON" exits 4 grow --json nobody 4G
is "says so" "$(jq -c '[.container, .action, .reason]' /run/out)" '["nobody","missing","no such container: \"nobody\""]'
ok "smaller, in JSON" exits 3 grow --json web 1G
like "says so" "$(jq -r '"\(.action) \(.reason)"' /run/out)" '^refuse docker:web: has 4 GiB'
for name in ../x '-x' $'we\nb' 'web;id' docker: other:web; do
	ok "no such name: ${name@Q}" exits 4 grow -- "$name" 4G
	is "in one line" "$(wc -l </run/err)" 1
done

## By other means, and only looking

pid=$(docker inspect -f '{{.State.Pid}}' web)
ok "--dry-run" otg grow --dry-run --pid "$pid" 5G
like "--dry-run: tells the plan" "$(cat /run/out)" 'would grow the device from 4 GiB to 5 GiB and its (ext4|xfs) from'
like "--dry-run: nothing was done" "$(df_in web)" "$MIB_4G"
ok "--pid" otg grow --json --pid "$pid" 5G
is "--pid: as JSON" "$(jq -r '"\(.action) \(.device_bytes_before) \(.device_bytes)"' /run/out)" "grow 4294967296 5368709120"
device=$(jq -r .device /run/out)
ok "--device" otg grow --device "$device" 5.5G
ok "--path" otg grow --path "$(findmnt -no TARGET "/dev/mapper/$device" | head -n 1)" 6G
like "6 GiB" "$(df_in web)" '^(5[89]|6[01])[0-9][0-9]$'
ok "--dry-run of more than the pool has" otg grow --dry-run web 1000G
like "in the unit that was typed" "$(cat /run/out)" 'from 6 GiB to 1000 GiB '
like "it tells what that costs the pool" "$(cat /run/err)" \
	'docker:web: .*pool "pool" has .* free: growing a container does not grow the pool'
is "as JSON, too" "$(/usr/sbin/oci-thin-grow grow --dry-run --json web 1000G 2>/run/null | jq '.pool_cost_bytes > 0 and .pool_free_bytes > 0')" true
ok "--path of the host" exits 4 grow --path / 6G
ok "--pid of the host" exits 4 grow --pid 1 6G
like "says what it is not" "$(cat /run/err)" 'process 1 is not in a container with a thin disk: '
ok "--path of nothing" exits 4 grow --path /nope 6G
like "says so" "$(cat /run/err)" '--path /nope: no such directory'
ok "--device of the pool" exits 4 grow --device "$(dmsetup ls --target thin-pool | awk '{ print $1; exit }')" 6G
like "says what it is" "$(cat /run/err)" 'is a pool, not a container.s disk'
ok "--pid of nobody" exits 4 grow --pid 999999 6G
ok "--device of nobody" exits 4 grow --device nobody 6G

## list

ok "data in web2" docker exec web2 dd if=/dev/zero of=/fill bs=1M count=800
ok "list" otg list
is "list: it fits 80 columns" "$(awk 'length > 80' /run/out)" ""
like "list: web" "$(grep ' web ' /run/out)" '^docker +web +6G +[0-9.]+[KMG] +[0-9.]+G +[0-9]+% +6G running$'
like "list: web2" "$(grep ' web2 ' /run/out)" '^docker +web2 +1G .* 1G running$'
is "list: the fullest first" "$(awk 'NR > 1 { print $2 }' /run/out)" $'web2\nweb'
ok "list --wide" otg list --wide
like "list --wide: web2 asks for 3G" "$(grep ' web2 ' /run/out)" " (docker|pool)-[^ ]+ +(ext4|xfs) +1G .* 3G +1G +1G running"
ok "list --sort size" otg list --sort size
is "list --sort size: the largest first" "$(awk 'NR > 1 { print $2 }' /run/out)" $'web\nweb2'
ok "list --sort name" otg list --sort name
is "list --sort name" "$(awk 'NR > 1 { print $2 }' /run/out)" $'web\nweb2'
ok "list --sort of no key" exits 2 list --sort colour
ok "list web2" otg list web2
is "list web2: only that" "$(awk 'NR > 1 { print $2 }' /run/out)" web2
ok "list web nobody" exits 4 list web nobody
like "list web nobody: says so" "$(cat /run/err)" 'no such container: "nobody"'
is "list web nobody: and shows web" "$(awk 'NR > 1 { print $2 }' /run/out)" web
ok "list --full" otg list --full 80
is "list --full: what is full" "$(awk 'NR > 1 { print $2 }' /run/out)" web2
ok "list --full: nothing so full" otg list --full 100%
like "list --full: it says so" "$(cat /run/err)" 'no container is 100 % full'
ok "list --full of no number" exits 2 list --full many
ok "list --json" otg list --json --sort name
is "list --json: web" "$(jq -c '.containers[] | select(.name == "web") | [.engine, .device_bytes, .size_bytes, .running, .starts_again, .next_bytes]' /run/out)" \
	'["docker",6442450944,6442450944,true,true,6442450944]'
is "what the engine remembers" "$(field web .engine_bytes)" 1073741824
ok "explain" otg explain web2
like "explain: what would be done" "$(cat /run/out)" 'would +grow the device to 3 GiB'
ok "stopped" docker stop -t 1 web2
ok "list" otg list web2
like "list: it is stopped, and what is known stays" "$(grep ' web2 ' /run/out)" '^docker +web2 +1G +- +- +- +1G stopped$'
is "list --json: what is not known is null" "$(field web2 '[.pid, .used_bytes, .used_percent, .filesystem_bytes]' | jq -c .)" "[null,null,null,null]"

## explain

ok "explain" otg explain web2
like "explain: where it comes from" "$(cat /run/out)" 'request +3 GiB, from label io.oci-thin-grow.size'
like "explain: stopped" "$(head -n 1 /run/out)" '^container +docker:web2, stopped$'
like "explain: how large it is" "$(cat /run/out)" 'size +1 GiB'
! has_own_driver || like "explain: how it knows, as there is no device now" "$(cat /run/out)" 'size +1 GiB, as its engine says'
like "explain: what its start will be, as Docker does not call us" "$(cat /run/out)" \
	'next start +1 GiB; docker does not call oci-thin-grow, so that label io.oci-thin-grow.size has no effect. Fix: oci-thin-grow enable docker'
like "explain: not now" "$(cat /run/out)" 'would +do nothing before it starts'
ok "explain: grown by a command" otg explain web
like "explain: who, and from what" "$(cat /run/out)" 'grown +from 1 GiB to 6 GiB by "oci-thin-grow grow", 20[0-9-]+ [0-9:]+'
like "explain: how full" "$(cat /run/out)" "size +6 GiB, $FS; .* used \\([0-9]+ %\\), .* available"
like "explain: its next start" "$(cat /run/out)" 'next start +6 GiB.healing +by the udev rule'
like "explain: the limit" "$(cat /run/out)" 'limit +1 TiB, max_size \(/etc/oci-thin-grow/config.json:[0-9]+\)'
like "explain: no request" "$(cat /run/out)" 'request +none'
like "explain: says so" "$(cat /run/out)" 'would +do nothing: nothing is asked for'
is "explain: nothing but what people read" "$(grep -cE 'sector|block|[0-9]+:[0-9]+,|bundle' /run/out)" 0
ok "explain --verbose" otg explain --verbose web
like "explain --verbose: the rest" "$(cat /run/out)" 'device +"(docker|pool)-.* \([0-9]+:[0-9]+\), thin id [0-9]+, 12582912 sectors'
ok "explain: two" otg explain web web2
is "explain: two: both" "$(grep -c '^container ' /run/out)" 2
ok "explain: two, one of them unknown" exits 4 explain web nobody
is "explain: and the other" "$(grep -c '^container ' /run/out)" 1
ok "explain --json" otg explain --json web web2
is "explain --json: who grew it" "$(jq -c '.containers[0].grown | [.source, .from_bytes, .to_bytes, .finished]' /run/out)" \
	'["command:grow",1073741824,6442450944,true]'
is "explain --json: what is not known is null" "$(jq -c '.containers[1] | [.running, .grown, .used_bytes, .plan, .action, .reason]' /run/out)" \
	'[false,null,null,null,"wait",null]'
ok "explain: no such container" exits 4 explain nobody

## It stays so

rest web
ok "stop" docker stop -t 1 web
ok "grow of what does not run" exits 4 grow web 8G
like "says what to do" "$(cat /run/err)" 'is stopped. Start it, then grow it'
ok "list" otg list web
like "list: what was grown is not lost" "$(grep ' web ' /run/out)" '^docker +web +6G +- +- +- +6G stopped$'
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
ok "explain without the rule" otg explain web
like "explain without the rule" "$(cat /run/out)" "next start +WON'T START: the device must have 6 GiB.*healing +NONE: the udev rule 94-oci-thin-grow.rules is missing. Fix: install -D"
like "as doctor says it" "$(/usr/sbin/oci-thin-grow doctor)" 'container-at-risk: docker container "web" .* would not start again'
ok "list without the rule" otg list web
like "list without the rule: the next start" "$(grep ' web ' /run/out)" " 6G +- +- +- WON'T START stopped\$"
is "list without the rule: as JSON" "$(field web '"\(.starts_again) \(.next_bytes)"')" "false null"
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
ok "start" docker start web
like "6 GiB again" "$(df_in web)" '^(5[89]|6[01])[0-9][0-9]$'
whole "started again" web
still_writes "started again" web

## Nothing runs that would tell the data root

rest web
ok "stop again" docker stop -t 1 web
ok "docker stops" docker_down
ok "an unknown data root" exits 4 grow web 8G
like "says that there is none" "$(cat /run/err)" 'no such container: "web"'
ok "--data-root" exits 4 grow --data-root "/t/my docker" web 8G
like "says that it is there" "$(cat /run/err)" 'docker:web is stopped. Start it, then grow it'
finish
