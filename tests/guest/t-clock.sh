#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The clock is set forward and back while containers of runc, crun and Docker run: `list`, `grow`, `apply` and
# `metrics` still see them as running. A process with a reused pid is not mistaken for the one that ended.
# kernel: bookworm:forky
# suites: bookworm
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

names=(runc:bare-runc crun:bare-crun docker:web)

# bare_up RUNTIME: a container of 1 GiB that requests 2 GiB
bare_up() {
	local disk=$1-snap-1
	new_disk "$disk" 1G && spec "/run/bundle/$1" "/run/disk/$disk" ".process.args = [\"sleep\", \"100000\"] | $(ask 2G)" &&
		"$1" run -d --bundle "/run/bundle/$1" "bare-$1" >/run/bare.out 2>&1 </dev/null
}

# what_runs: each container's name, state, process and device
what_runs() {
	/usr/sbin/oci-thin-grow list --json | jq -c '.containers[] | [.name // .id, .running, .pid, .device]'
}

# field NAME FILTER: what `list` reports about it
field() {
	/usr/sbin/oci-thin-grow list --json --data-root "$DATA/docker" | jq -r --arg name "$1" '.containers[] | select((.name // .id) == $name) | '"$2"
}

running_by_metrics() {
	/usr/sbin/oci-thin-grow metrics | sed -n 's/^oci_thin_grow_containers{state="running"} //p'
}

# as_if_nothing WHAT SIZE: all containers run as before, and can be grown to SIZE
as_if_nothing() {
	local what=$1 size=$2 name
	is "$what: list shows the same processes and devices" "$(what_runs)" "$before"
	is "$what: metrics counts three running containers" "$(running_by_metrics)" 3
	for name in "${names[@]}"; do
		ok "$what: grow $name succeeds" otg grow "$name" "$size"
		is "$what: $name has the new size" "$(field "${name#*:}" .device_bytes)" "$(($(numfmt --from=iec "$size")))"
	done
}

# take_number PID: starts a process with this pid, which is free: beyond pid_max the kernel starts again with small pids
take_number() {
	local want=$1 got=0 i
	echo $((want < 400 ? 400 : want + 1)) >/proc/sys/kernel/pid_max
	for ((i = 0; i < 40000 && got != want; i++)); do
		{ [ "$BASHPID" != "$want" ] || exec sleep 100000; } >/run/null 2>&1 </dev/null &
		got=$!
		[ "$got" = "$want" ] || wait "$got"
	done
	echo 32768 >/proc/sys/kernel/pid_max
	[ "$got" = "$want" ]
}

# end_and_reuse NAME PID [SHIM]: the container's process ends unnoticed by its engine, and another process gets its pid
end_and_reuse() {
	local name=$1 pid=$2
	ok "$name: its process, and the shim that would notice it, are killed" kill -KILL ${3:+"$3"} "$pid"
	ok "$name: its process is gone" wait_for not test -e "/proc/$pid"
	ok "$name: another process gets its pid" take_number "$pid"
	ok "$name: grow does not mistake that process for it" exits 4 grow --data-root "$DATA/docker" "$name" 9G
	like "$name: grow reports that it is stopped" "$(cat /run/err)" 'is stopped. Start it'
}

ok "the host is up" host_up
DOCKER_JSON='' ok "docker starts without the wrapper" docker_up
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb
ok "a Docker container runs" docker_run web --label io.oci-thin-grow.size=2G
next_thin_id=1000
ok "a runc container runs" bare_up runc
ok "a crun container runs" bare_up crun
before=$(what_runs)
is "list shows all three as running" "$(jq -c '[.[0], .[1]]' <<<"$before" | sort | tr '\n' ' ')" \
	'["bare-crun",true] ["bare-runc",true] ["web",true] '
pid_of_web=$(docker inspect -f '{{.State.Pid}}' web)

## The clock is changed

ok "a year forward: the clock is set" date -s "+1 year"
ok "a year forward: apply succeeds" otg apply --all
like "a year forward: apply has grown all three" "$(tail -n 1 /run/out)" '3 grown'
as_if_nothing "a year forward" 3G
ok "40 seconds forward: the clock is set" date -s "+40 seconds"
as_if_nothing "40 seconds forward" 4G
ok "ten years back: the clock is set" date -s "-10 years"
as_if_nothing "ten years back" 5G
ok "the beginning of time: the clock is set" date -s "@1000"
as_if_nothing "the beginning of time" 6G

## Pids are reused

end_and_reuse bare-runc "$(field bare-runc .pid)"
end_and_reuse bare-crun "$(field bare-crun .pid)"
docker_kill9
is "without dockerd, list still shows the process of web" "$(field web .pid)" "$pid_of_web"
end_and_reuse web "$pid_of_web" "$(pgrep -f "containerd-shim.*$(jq -r .ID "$DATA"/docker/containers/*/config.v2.json)")"
finish
