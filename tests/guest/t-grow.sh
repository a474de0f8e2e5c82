#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The operator's command line: `grow` and `list` on running containers of Docker 20.10 (bookworm) and 26 (trixie).
# kernel: bookworm:forky
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

# docker_run NAME [OPTION...] IMAGE COMMAND...: a container whose stop takes no time
docker_run() {
	docker run -d --net none --stop-signal KILL --name "$@"
}

# find_web: its process, for `inside`
find_web() {
	pid_of[web]=$(docker inspect -f '{{.State.Pid}}' web)
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "docker starts" docker_up --data-root "/t/my docker"
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb

ok "web runs" docker_run web bb sh -c "$WRITER"
ok "web2 runs" docker_run web2 --label io.oci-thin-grow.size=3G --label io.oci-thin-grow.max=8G bb sleep 1000
ok "the process of web is found" find_web
id=$(docker inspect -f '{{.Id}}' web)
ok "data is written in web" put_data web

## By name, short id, full id. Docker has another data root, in which dockerd has files open

ok "grow by name succeeds" otg grow web 2G
like "grow reports the sizes and the time" "$(cat /run/out)" '^docker:web: grown from 1 GiB to 2 GiB in [0-9]+ ms$'
like "grow by name gives it 2 GiB" "$(df_in web)" '^(19|20)[0-9][0-9]$'
ok "grow by short id succeeds" otg grow "${id:0:12}" 3G
ok "grow by full id succeeds" otg grow "$id" +1G
like "grow by full id adds 1 GiB" "$(df_in web)" "$MIB_4G"
ok "grow to the current size succeeds, with the engine in the name" otg grow docker:web 4G
like "grow to the current size reports that" "$(cat /run/out)" '^docker:web: has 4 GiB already$'
like "the log has the three growths" "$(grep -c 'action=grow container=docker:web engine=docker .*source=command:grow' /run/messages)" '^3$'
whole "grown" web
still_writes "grown" web

## Refused sizes and names

ok "a smaller size is refused" exits 3 grow web 1G
like "a smaller size: the reason is reported" "$(cat /run/err)" 'web: has 4 GiB; shrinking is not possible'
ok "more than max_size is refused" exits 3 grow web 2T
like "more than max_size: the limit is reported" "$(cat /run/err)" 'not grown: max_size is 1 TiB'
ok "an invalid size is a usage error" exits 2 grow web lots
ok "a size in bytes that is hardly meant is a usage error" exits 2 grow web +60
like "a size in bytes that is hardly meant: the likely size is suggested" "$(cat /run/err)" 'docker:web: \+60 means 60 bytes. Did you mean \+60G\?'
ok "a negative size is a usage error" exits 2 grow web -- -1G
ok "a missing container is a usage error" exits 2 grow 4G
ok "arguments in the wrong order find no container" exits 4 grow 4G web
like "arguments in the wrong order: the right order is reported" "$(cat /run/err)" 'no container "4G"; the order is CONTAINER SIZE'
ok "an unknown name with --json gives exit status 4" exits 4 grow --json nobody 4G
is "an unknown name with --json has its reason" "$(jq -c '[.container, .action, .reason]' /run/out)" '["nobody","missing","no such container: \"nobody\""]'
ok "a smaller size with --json is refused" exits 3 grow --json web 1G
like "a smaller size with --json has its reason" "$(jq -r '"\(.action) \(.reason)"' /run/out)" '^refuse docker:web: has 4 GiB'
for name in ../x '-x' $'we\nb' 'web;id' docker: other:web; do
	ok "${name@Q} is unknown" exits 4 grow -- "$name" 4G
	is "${name@Q} is reported in one line" "$(wc -l </run/err)" 1
done

## By pid, device and path, and as a dry run

pid=${pid_of[web]}
ok "--dry-run succeeds" otg grow --dry-run --pid "$pid" 5G
like "--dry-run shows the plan" "$(cat /run/out)" 'would grow the device from 4 GiB to 5 GiB and its (ext4|xfs) from'
like "--dry-run changes nothing" "$(df_in web)" "$MIB_4G"
ok "--pid succeeds" otg grow --json --pid "$pid" 5G
is "--pid --json has the sizes before and after" "$(jq -r '"\(.action) \(.device_bytes_before) \(.device_bytes)"' /run/out)" "grow 4294967296 5368709120"
is "--pid --json names the container and its engine" "$(jq -r '"\(.container) \(.engine)"' /run/out)" "docker:web docker"
device=$(jq -r .device /run/out)
ok "--device succeeds" otg grow --device "$device" 5.5G
ok "--path succeeds" otg grow --path "$(findmnt -no TARGET "/dev/mapper/$device" | head -n 1)" 6G
like "--path gives it 6 GiB" "$(df_in web)" '^(5[89]|6[01])[0-9][0-9]$'
ok "--dry-run of more than the pool has succeeds" otg grow --dry-run web 1000G
like "--dry-run uses the unit that was typed" "$(cat /run/out)" 'from 6 GiB to 1000 GiB '
like "--dry-run shows what the growth costs the pool" "$(cat /run/err)" \
	'docker:web: .*pool "pool" has .* free: growing a container does not grow the pool'
is "--dry-run --json has what the growth costs the pool" "$(/usr/sbin/oci-thin-grow grow --dry-run --json web 1000G 2>/run/null | jq '.pool_cost_bytes > 0 and .pool_free_bytes > 0')" true
ok "--path of the host's root finds no disk" exits 4 grow --path / 6G
ok "--pid of a process of the host finds no disk" exits 4 grow --pid 1 6G
like "--pid of a process of the host: the reason is reported" "$(cat /run/err)" 'process 1 is not in a container with a thin disk: '
ok "--path of a missing directory fails" exits 4 grow --path /nope 6G
like "--path of a missing directory: the reason is reported" "$(cat /run/err)" '--path /nope: no such directory'
ok "--device of the pool fails" exits 4 grow --device "$(dmsetup ls --target thin-pool | awk '{ print $1; exit }')" 6G
like "--device of the pool: the reason is reported" "$(cat /run/err)" 'is a pool, not a container.s disk'
ok "--pid of no process fails" exits 4 grow --pid 999999 6G
ok "--device of no device fails" exits 4 grow --device nobody 6G

## list

ok "web2 is filled" docker exec web2 dd if=/dev/zero of=/fill bs=1M count=800
ok "list succeeds" otg list
is "list fits 80 columns" "$(awk 'length > 80' /run/out)" ""
like "list shows web with its sizes" "$(grep ' web ' /run/out)" '^docker +web +6G +[0-9.]+[KMG] +[0-9.]+G +[0-9]+% +6G running$'
like "list shows web2 with its sizes" "$(grep ' web2 ' /run/out)" '^docker +web2 +1G .* 1G running$'
is "list shows the fullest container first" "$(awk 'NR > 1 { print $2 }' /run/out)" $'web2\nweb'
ok "list --wide succeeds" otg list --wide
like "list --wide shows device, filesystem, request and maximum" "$(grep ' web2 ' /run/out)" " (docker|pool)-[^ ]+ +(ext4|xfs) +1G .* 3G +1G +8G +1G running"
ok "list --sort size succeeds" otg list --sort size
is "list --sort size shows the largest first" "$(awk 'NR > 1 { print $2 }' /run/out)" $'web\nweb2'
ok "list --sort name succeeds" otg list --sort name
is "list --sort name sorts by name" "$(awk 'NR > 1 { print $2 }' /run/out)" $'web\nweb2'
ok "list --sort of an unknown key is a usage error" exits 2 list --sort colour
ok "list NAME succeeds" otg list web2
is "list NAME shows only that container" "$(awk 'NR > 1 { print $2 }' /run/out)" web2
ok "list with an unknown name gives exit status 4" exits 4 list web nobody
like "list with an unknown name reports it" "$(cat /run/err)" 'no such container: "nobody"'
is "list with an unknown name shows the others" "$(awk 'NR > 1 { print $2 }' /run/out)" web
ok "list --full succeeds" otg list --full 80
is "list --full shows only containers that are full enough" "$(awk 'NR > 1 { print $2 }' /run/out)" web2
ok "list --full succeeds if none is full enough" otg list --full 100%
like "list --full reports that none is full enough" "$(cat /run/err)" 'no container is 100 % full'
ok "list --full without a number is a usage error" exits 2 list --full many
ok "list --json succeeds" otg list --json --sort name
is "list --json has all sizes of web" "$(jq -c '.containers[] | select(.name == "web") | [.engine, .device_bytes, .size_bytes, .running, .starts_again, .next_bytes]' /run/out)" \
	'["docker",6442450944,6442450944,true,true,6442450944]'
is "list --json has the size that the engine knows" "$(field web .engine_bytes)" 1073741824
ok "explain of a running container succeeds" otg explain web2
like "explain shows what would be done now" "$(cat /run/out)" 'would +grow the device to 3 GiB'
like "explain names the label with the largest size to grow to" "$(cat /run/out)" 'autogrow +up to 8 GiB, label io.oci-thin-grow.max'
like "explain says that the daemon is not running" "$(cat /run/out)" 'not now: oci-thin-growd is not running. Fix: systemctl enable --now oci-thin-growd'
ok "web2 stops" docker stop web2
ok "list of a stopped container succeeds" otg list web2
like "list of a stopped container shows its size and next start" "$(grep ' web2 ' /run/out)" '^docker +web2 +1G +- +- +- +1G stopped$'
is "list --json has null for what is unknown of a stopped container" "$(field web2 '[.pid, .used_bytes, .used_percent, .filesystem_bytes]' | jq -c .)" "[null,null,null,null]"

## explain

ok "explain of a stopped container succeeds" otg explain web2
like "explain names the label" "$(cat /run/out)" 'request +3 GiB, from label io.oci-thin-grow.size'
like "explain shows that it is stopped" "$(head -n 1 /run/out)" '^container +docker:web2, stopped$'
like "explain shows its size" "$(cat /run/out)" 'size +1 GiB'
! has_own_driver || like "explain names the engine as source of the size" "$(cat /run/out)" 'size +1 GiB, as its engine says'
like "explain shows the next start, at which Docker does not call us" "$(cat /run/out)" \
	'next start +1 GiB; docker does not call oci-thin-grow, so that label io.oci-thin-grow.size has no effect. Fix: oci-thin-grow enable docker'
like "explain shows that nothing happens before the start" "$(cat /run/out)" 'would +do nothing before it starts'
ok "explain of a container grown by command succeeds" otg explain web
like "explain shows who grew it, and when" "$(cat /run/out)" 'grown +from 1 GiB to 6 GiB by "oci-thin-grow grow", 20[0-9-]+ [0-9:]+'
like "explain shows how full it is" "$(cat /run/out)" "size +6 GiB, $FS; .* used \\([0-9]+ %\\), .* available"
like "explain shows its next start and what heals it" "$(cat /run/out)" 'next start +6 GiB.healing +by the udev rule'
like "explain shows the limit, with file and line" "$(cat /run/out)" 'limit +1 TiB, max_size \(/etc/oci-thin-grow/config.json:[0-9]+\)'
like "explain shows that there is no request" "$(cat /run/out)" 'request +none'
like "explain shows that there is nothing to do" "$(cat /run/out)" 'would +do nothing: no size is requested'
is "explain shows no internals without --verbose" "$(grep -cE 'sector|block|[0-9]+:[0-9]+,|bundle' /run/out)" 0
ok "explain --verbose succeeds" otg explain --verbose web
like "explain --verbose shows the device" "$(cat /run/out)" 'device +"(docker|pool)-.* \([0-9]+:[0-9]+\), thin id [0-9]+, 12582912 sectors'
ok "explain of two containers succeeds" otg explain web web2
is "explain of two containers shows both" "$(grep -c '^container ' /run/out)" 2
ok "explain with an unknown name gives exit status 4" exits 4 explain web nobody
is "explain with an unknown name shows the other" "$(grep -c '^container ' /run/out)" 1
ok "explain --json succeeds" otg explain --json web web2
is "explain --json has who grew it" "$(jq -c '.containers[0].grown | [.source, .from_bytes, .to_bytes, .finished]' /run/out)" \
	'["command:grow",1073741824,6442450944,true]'
is "explain --json has the largest size to grow to" "$(jq -c '[.containers[].autogrow | .max_bytes, .source]' /run/out)" \
	'[null,null,8589934592,"label:io.oci-thin-grow.max"]'
is "explain --json has null for what is unknown" "$(jq -c '.containers[1] | [.running, .grown, .used_bytes, .plan, .action, .reason]' /run/out)" \
	'[false,null,null,null,"wait",null]'
ok "explain of no container gives exit status 4" exits 4 explain nobody

## After stop and start, with and without the rule

rest web
ok "web stops" docker stop web
ok "grow of a stopped container fails" exits 4 grow web 8G
like "grow says that it must be started first" "$(cat /run/err)" 'is stopped. Start it, then grow it'
ok "list of the stopped web succeeds" otg list web
like "list shows the next start with the grown size" "$(grep ' web ' /run/out)" '^docker +web +6G +- +- +- +6G stopped$'
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
ok "explain without the rule succeeds" otg explain web
like "explain without the rule shows that it will not start, and the repair" "$(cat /run/out)" "next start +WON'T START: the device must have 6 GiB.*healing +NONE: the udev rule 94-oci-thin-grow.rules is missing. Fix: install -D"
like "doctor without the rule reports the same" "$(/usr/sbin/oci-thin-grow doctor)" 'container-at-risk: docker container "web" .* would not start again'
ok "list without the rule succeeds" otg list web
like "list without the rule shows that it will not start" "$(grep ' web ' /run/out)" " 6G +- +- +- WON'T START stopped\$"
is "list --json without the rule has that, too" "$(field web '"\(.starts_again) \(.next_bytes)"')" "false null"
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
ok "web starts with the rule" docker start web
ok "the new process of web is found" find_web
like "web still has 6 GiB" "$(df_in web)" '^(5[89]|6[01])[0-9][0-9]$'
whole "started again" web
still_writes "started again" web

## No dockerd runs that would show its data root

rest web
ok "web stops again" docker stop web
ok "dockerd stops" docker_down
ok "grow without --data-root finds no container" exits 4 grow web 8G
like "grow without --data-root reports that" "$(cat /run/err)" 'no such container: "web"'
ok "grow with --data-root finds the stopped container" exits 4 grow --data-root "/t/my docker" web 8G
like "grow with --data-root says that it must be started first" "$(cat /run/err)" 'docker:web is stopped. Start it, then grow it'
finish
