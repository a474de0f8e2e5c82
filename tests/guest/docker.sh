# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: Docker's containers, with our wrapper as their runtime by the shipped daemon.json.

# shellcheck disable=SC2034
DOCKER_JSON=/src/config/docker/daemon.json
# shellcheck disable=SC2034
LABEL_4G=(--label io.oci-thin-grow.size=4G)

# host_up: a host before Docker starts. Engines' data, the pool and our ledger outlive the boot, with the same device
# numbers in each boot.
host_up() {
	start_udev && start_syslog && data_up && pool_up /host || return
	mkdir -p /data/ledger /var/lib/oci-thin-grow && mount --bind /data/ledger /var/lib/oci-thin-grow
}

# docker_run NAME [OPTION...]: a container of IMAGE (bb) that runs until it is killed. On a busy machine that may take longer
# than Docker's ten seconds.
docker_run() {
	docker_create "$@" && docker start "$1"
}

docker_create() {
	local name=$1
	shift
	docker create --name "$name" --net none --stop-signal KILL --stop-timeout 300 "$@" "${IMAGE:-bb}" sleep 10000
}

# inside NAME COMMAND...: runs COMMAND in the container
inside() {
	enter "$(docker inspect -f '{{.State.Pid}}' "$1")" "${@:2}"
}

# fill NAME: 64 MiB of data, synced to disk
fill() {
	inside "$1" dd if=/dev/urandom of=/data bs=1M count=64 conv=fsync && sum_in "$1" >"/host/sum.$1"
}

sum_in() {
	inside "$1" sha256sum /data
}

# df_in NAME: the size in MiB of the container's /; df uses two lines for a long device name
df_in() {
	inside "$1" df -m / | awk 'END { print $(NF-4) }'
}

# as_before WHAT [NAME]: the container (c1) runs, has 4 GiB and what `fill` wrote
as_before() {
	local name=${2:-c1}
	like "$1: $name has 4 GiB" "$(df_in "$name")" "$MIB_4G"
	is "$1: $name has its data" "$(sum_in "$name")" "$(cat "/host/sum.$name")"
}

# same_data FILE NAME: FILE is what `fill` wrote in the container
same_data() {
	[ "$(sha256sum <"$1" | cut -c 1-64)" = "$(cut -c 1-64 "/host/sum.$2")" ]
}

# device_of NAME: the device of a running container
device_of() {
	if has_own_driver; then
		docker inspect -f '{{.GraphDriver.Data.DeviceName}}' "$1"
	else
		basename "$(findmnt -nro SOURCE "$DATA/docker/rootfs/devmapper/$(docker inspect -f '{{.Id}}' "$1")")"
	fi
}
