#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Creates the databases tests/data/bolt-* with a real containerd, in a guest:
#   tests/guest/run --console --suite trixie tests/data/bolt.sh | tests/data/bolt.sh --unpack
# (bookworm: containerd 1.6 alone; trixie: containerd 1.7 with Docker 26's containers). Unused pages at the end are cut
# off.
set -u

# unpack: writes the databases from the console output on stdin
unpack() {
	local dir
	dir=$(dirname "$0")
	tr -d '\r' | sed -n '/^BEGIN$/,/^END$/p' | sed '1d; $d' | base64 -d | tar -C "$dir" -xz
}

if [ "${1:-}" = --unpack ]; then
	unpack
	exit
fi

# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

# trimmed FILE NAME: the database without the pages after the last one in use
trimmed() {
	local meta pages=0 n
	for meta in 0 4096; do
		n=$(od -An -t u8 -j $((meta + 56)) -N 8 "$1")
		[ "$n" -le "$pages" ] || pages=$n
	done
	head -c $((pages * 4096)) "$1" >"/run/db/$2"
}

# made ID [OPTION...]: a container that is created and not started
made() {
	local id=$1
	shift
	ctr container create --snapshotter devmapper "$@" local/bb:latest "$id" sleep 1000
}

mkdir -p /run/db
ok "udev starts" start_udev
ok "a pool comes up" pool_up
name=containerd-1.7
if [ "$SUITE" = bookworm ]; then
	name=containerd-1.6
	BASE_SIZE=512MB ok "containerd starts" containerd_up
	ok "an OCI image is built" oci_layout /t/oci.tar
	ok "the image is imported" ctr image import --snapshotter devmapper --base-name local/bb /t/oci.tar
	ok "container one is created" made one --label a.b=c --label nerdctl/name=web --annotation io.oci-thin-grow.size=4G
	ok "container two is created" made two
	ok "a container of a pod is created" made 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
		--label io.kubernetes.pod.name=db-0 --label io.kubernetes.pod.namespace=prod \
		--label io.kubernetes.container.name=postgres --label io.cri-containerd.kind=container
	ok "container two is removed" ctr container rm two
else
	ok "docker starts" docker_up
	ok "a tar image is built" bb_tar /t/bb.tar
	ok "the image is imported" docker import /t/bb.tar bb
	ok "a container is created" docker create --name web --net none bb sleep 1000
	docker inspect -f '{{.Id}}' web >/run/db/bolt-$name-id
	ok "docker stops" docker_down
fi
ok "containerd stops" containerd_down
trimmed /t/containerd/io.containerd.metadata.v1.bolt/meta.db bolt-$name-meta
trimmed /t/devmapper/metadata.db bolt-$name-snapshots
trimmed /t/devmapper/pool.db bolt-$name-devices
echo BEGIN
tar -C /run/db -cz . | base64
echo END
finish
