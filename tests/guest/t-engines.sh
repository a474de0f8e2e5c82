#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every engine runs a container on a thin device without our program. A failure here is not ours.
# suites: bookworm trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh

# The size in MiB of the / of what runs in there; a long device name makes df use two lines.
root_mib() {
	"$@" df -m / | awk 'END { print $(NF - 4) }'
}

ok "udev starts" start_udev
ok "a pool comes up" pool_up
ok "a tar is made" bb_tar /t/bb.tar
ok "an image is made" oci_layout /t/oci.tar

ok "containerd starts" containerd_up
ok "it imports" image_import local/bb /t/oci.tar
like "it runs a container of 1 GiB" \
	"$(root_mib ctr run --rm --snapshotter devmapper local/bb:latest c1)" '^(9..|10..)$'
ok "it stops" containerd_down

if [ "$SUITE" = bookworm ]; then
	# Each engine numbers its thin devices from the start, so each needs a pool of its own.
	udevadm settle
	ok "the pool goes" dmsetup remove_all
	mkdir /t/docker-pool /t/podman-pool
	ok "docker's comes" pool_up /t/docker-pool
fi

ok "docker starts" docker_up
ok "it uses device-mapper" sh -c 'docker info 2>/dev/null | grep -E "Storage Driver: dev(ice)?mapper"'
ok "docker imports" docker import /t/bb.tar bb
like "docker runs a container of 1 GiB" "$(root_mib docker run --rm --net none bb)" '^(9..|10..)$'
ok "docker stops" docker_down

if [ "$SUITE" = bookworm ]; then
	ok "containerd stops" containerd_down
	udevadm settle
	ok "docker's pool goes" dmsetup remove_all
	ok "podman's comes" pool_up /t/podman-pool
	ok "podman imports" pm import /t/bb.tar bb
	like "podman runs a container of 1 GiB" "$(root_mib pm run --rm bb)" '^(9..|10..)$'
fi
finish
