#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every engine runs a container on a thin device without our program: if this fails, the fault is not ours.
# kernel: bookworm:forky trixie:forky
# suites: bookworm trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh

# root_mib COMMAND...: the size in MiB of / in the container that runs there; df uses two lines for a long device name
root_mib() {
	"$@" df -m / | awk 'END { print $(NF - 4) }'
}

ok "udev starts" start_udev
ok "a pool comes up" pool_up
ok "a tar image is built" bb_tar /t/bb.tar
ok "an OCI image is built" oci_layout /t/oci.tar

ok "containerd starts" containerd_up
ok "the image is imported" image_import local/bb /t/oci.tar
ok "containerd runs a container" ctr_df c1
like "it has 1 GiB" "$(awk 'END { print $(NF - 4) }' /run/out)" '^(9..|10..)$'
ok "containerd stops" containerd_down

if [ "$SUITE" = bookworm ]; then
	# Each engine numbers its thin devices from 1, so each needs a pool of its own.
	ok "the pool of containerd is removed" remove_devices
	mkdir /t/docker-pool /t/podman-pool
	ok "a pool for docker comes up" pool_up /t/docker-pool
fi

ok "docker starts" docker_up
ok "docker uses the device-mapper" sh -c 'docker info 2>/dev/null | grep -E "Storage Driver: dev(ice)?mapper"'
ok "docker imports the image" docker import /t/bb.tar bb
like "docker runs a container of 1 GiB" "$(root_mib docker run --rm --net none bb)" '^(9..|10..)$'
ok "docker stops" docker_down

if [ "$SUITE" = bookworm ]; then
	ok "containerd stops after docker" containerd_down
	ok "the pool of docker is removed" remove_devices
	ok "a pool for podman comes up" pool_up /t/podman-pool
	ok "podman imports the image" pm import /t/bb.tar bb
	like "podman runs a container of 1 GiB" "$(root_mib pm run --rm bb)" '^(9..|10..)$'
fi
finish
