#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# native.sh PROGRAM ROUNDS: what the shim wrapper costs on this machine itself, without a guest. Run by tests/bench/run as root,
# in a mount namespace of its own: where shims and our notes are, it has empty directories. Its results are as those of guest.sh.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=$1 rounds=$2
names=(containerd-shim-stub-v2 containerd-shim-oci-thin-grow-stub-v2)

mount -t tmpfs bench /usr/local/bin
mount -t tmpfs bench /var/lib
mount -t tmpfs bench /mnt
gcc -O2 -static -o /usr/local/bin/timed "$here/timed.c"
gcc -O2 -static -o "/usr/local/bin/${names[0]}" "$here/empty.c"
cp "$program" /usr/local/bin/oci-thin-grow
ln -s oci-thin-grow "/usr/local/bin/${names[1]}"

# About as long as the config.json of a container with the default profile and a few volumes
mkdir -p /mnt/bundle
cd /mnt/bundle
jq -nc '{
	ociVersion: "1.1.0", root: { path: "rootfs" },
	process: { cwd: "/", args: ["sleep", "1000"], user: { uid: 0, gid: 0 }, env: [range(60) | "SERVICE_\(.)_PORT_TCP_ADDR=10.96.0.\(.)"] },
	annotations: ([range(12) | { key: "io.kubernetes.cri.some-annotation-\(.)", value: "value \(.)" }] | from_entries),
	mounts: [range(40) | { destination: "/var/volumes/volume-\(.)", type: "bind", options: ["rbind", "rprivate", "rw"],
		source: "/var/lib/kubelet/pods/0f1c6d0e-0000-4000-8000-00000000000\(. % 10)/volumes/kubernetes.io~empty-dir/\(.)" }],
	linux: { seccomp: { defaultAction: "SCMP_ACT_ERRNO",
		syscalls: [{ action: "SCMP_ACT_ALLOW", names: [range(400) | "system_call_\(.)"] }] } } }' >config.json
echo "@ spec $(stat -c %s config.json)"

for who in wrapper bare; do
	echo "@ calls shim $who - 0"
done
for ((i = -5; i < rounds; i++)); do
	for who in $(shuf -e wrapper bare); do
		name=${names[0]}
		[ "$who" = bare ] || name=${names[1]}
		line=$(timed /dev/null "/usr/local/bin/$name" -namespace default -id "bench$i" start)
		# The first ones fill the caches.
		[ "$i" -lt 0 ] || echo "@ time shim $who $line"
	done
done
[ -L /var/lib/oci-thin-grow/started/default:bench0 ]
echo "@ end $(uname -r)"
