#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker after a reboot and after a power cut: 20.10 with its devicemapper driver, 28 on containerd's devmapper snapshotter.
# Both re-create devices at their original size.
# kernel: bullseye:forky bookworm:forky
# suites: bullseye bookworm forky
# matrix: bullseye:FS=ext4 bookworm:FS=xfs forky:FS=xfs
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

# new_container NAME: a container with 4 GiB by its label, and with data. Docker forgets a new container if the power is cut
# before a sync; what our program writes when it starts must be safe by itself.
new_container() {
	ok "boot $PHASE: $1 is created" docker_create "$1" "${LABEL_4G[@]}"
	ok "boot $PHASE: the files of Docker are synced before $1 starts" sync -f /data
	ok "boot $PHASE: $1 starts" docker start "$1"
	ok "boot $PHASE: data is written in $1" fill "$1"
	as_before "boot $PHASE" "$1"
	device_of "$1" >"/host/device.$1"
}

# starts_again NAME: starts a container of an earlier boot. cp comes first, because it must mount the device, too.
starts_again() {
	ok "boot $PHASE: docker cp from $1 succeeds" docker cp "$1:/data" /t/data
	ok "boot $PHASE: docker cp from $1 copies the data" same_data /t/data "$1"
	ok "boot $PHASE: $1 starts again" docker start "$1"
	as_before "boot $PHASE" "$1"
	like "boot $PHASE: the device of $1 was extended" "$(cat /run/messages)" "action=heal device=$(cat "/host/device.$1") "
}

ok "boot $PHASE: the host is up" host_up
ok "boot $PHASE: docker starts" docker_up
case $PHASE in
1)
	ok "a tar image is built" bb_tar /t/bb.tar
	ok "the image is imported" docker import /t/bb.tar bb
	new_container c1
	ok "dockerd stops" docker_down
	ok "containerd stops" containerd_down
	next_boot
	;;
2)
	starts_again c1
	new_container c2
	next_boot_after_cut 0
	;;
3)
	starts_again c1
	starts_again c2
	ok "c1 stops" docker stop c1
	ok "c1 starts" docker start c1
	as_before "stop and start at the end"
	finish
	;;
esac
