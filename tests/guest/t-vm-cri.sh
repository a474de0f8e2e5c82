#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shim wrapper: pods whose containers' devices are given to a virtual machine, as a kubelet asks containerd for them.
# kernel: trixie:forky
# suites: trixie forky
# matrix: trixie:FS=xfs forky:FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# drivers: cri vm-shim
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/pod.sh
. /src/tests/guest/pod.sh
# shellcheck source=tests/guest/vm.sh
. /src/tests/guest/vm.sh

handlers() {
	cri_toml
	cat <<-END
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.vm]
			runtime_type = "$OURS"
			pod_annotations = ["io.oci-thin-grow.*"]
	END
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "the shims are installed" shims_up
ok "containerd starts" containerd_up "$(handlers)"
ok "the image is imported" image_up

## A request for all containers of the pod

: >/run/messages
ok "4G: the sandbox runs" run_pod vm prod io.oci-thin-grow.size=4G io.oci-thin-grow.size.small=2G
asking=$pod
is "4G: the machine got a sandbox's disk of 1 GiB" "$(vm_saw "$pod")" $GIB
is "4G: nothing is logged for the sandbox" "$(grep oci-thin-grow /run/messages)" ""
ok "4G: a container runs" run_container one
is "4G: the machine got a disk of 4 GiB" "$(vm_saw "$container")" $((4 * GIB))
like "4G: the workload sees 4 GiB" "$(size_in "$container")" "$MIB_4G"
like "4G: the growth is logged" "$(grep oci-thin-grow /run/messages)" \
	"action=grow container=$container engine=containerd device=pool-snap-[0-9]+ from=1073741824 to=4294967296 .*fs=$FS source=annotation:io.oci-thin-grow.size"
is "4G: the host has none of its devices mounted" "$(grep pool-snap /proc/mounts)" ""
ok "4G: the container stops" rm_container "$container"
ok "4G: another one runs in its place" run_container one
is "4G: it gets 4 GiB as well" "$(vm_saw "$container")" $((4 * GIB))
ok "4G: a container with a size of its own runs" run_container small
is "4G: it gets 2 GiB" "$(vm_saw "$container")" $((2 * GIB))
ok "4G: the pod is removed" rm_pod "$asking"

## Too much

ok "2T: the sandbox runs" run_pod vm prod io.oci-thin-grow.size=2T
ok "2T: no container runs" not run_container two
like "2T: CRI gives the reason" "$(cat /run/cri.err)" \
	'cannot have 2 TiB \(annotation io.oci-thin-grow.size\): max_size is 1 TiB'
ok "2T: the pod is removed" rm_pod "$pod"

## Nothing

: >/run/messages
ok "no request: the sandbox runs" run_pod vm prod
ok "no request: a container runs" run_container three
is "no request: the machine got 1 GiB" "$(vm_saw "$container")" $GIB
like "no request: the workload sees it" "$(size_in "$container")" "$MIB_1G"
is "no request: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""
ok "no request: the pod is removed" rm_pod "$pod"
ok "no shim is left" wait_for not pgrep -f containerd-shim
finish
