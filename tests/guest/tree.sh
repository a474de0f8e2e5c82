#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tree.sh SUITE...: creates the Debian trees that guests run on, and prints their paths in that order.
# A tree's name has a checksum of its packages and hooks, so a changed list creates a new tree. Needs root and mmdebstrap.
set -euo pipefail

cache=${OTG_CACHE:-/var/cache/oci-thin-grow}

packages=(
	# engines and runtimes
	containerd docker.io podman runc crun umoci
	# disks
	dmsetup thin-provisioning-tools e2fsprogs xfsprogs btrfs-progs cryptsetup-bin
	# the guest itself
	user-mode-linux busybox-static kmod udev util-linux iproute2 iptables procps jq strace
	# building the program
	gcc libc6-dev make pkg-config libdevmapper-dev libyajl-dev libmount-dev libcmocka-dev xfslibs-dev
)

# Further packages of each suite
trixie_packages=(
	docker-cli
	# test drivers: a CRI client, an NRI plugin, a shim
	golang-go golang-github-containerd-nri-dev golang-github-kubernetes-cri-api-dev golang-google-grpc-dev
	# checkers of the manifests, metrics and manual pages
	kubernetes-client kustomize prometheus mandoc systemd
	# shells for the completion
	bash-completion zsh fish
)
# crun does not depend on libyajl there.
forky_packages=(docker-cli systemd libyajl2)

# The hooks run at the end, with the tree as $1.
# shellcheck disable=SC2016
hooks=(
	# Mount points: guests and builds see the tree read-only, and cannot create them.
	--customize-hook='mkdir "$1/host" "$1/src" "$1/stage" "$1/build" "$1/t"'
	# User-mode Linux has its modules in another directory, where modprobe does not look.
	--customize-hook='mkdir -p "$1/lib/modules"; for v in $(ls "$1/usr/lib/uml/modules"); do
		ln -s "/usr/lib/uml/modules/$v" "$1/lib/modules/$v"; chroot "$1" depmod "$v"; done'
)

# Linux 5.10 opens a file of a hostfs below an overlay by a wrong name: it takes the overlay's private data, which begins
# with the number of layers, for the path of hostfs' own root. The path is relative to linux.uml's directory, which is /.
# shellcheck disable=SC2016
bullseye_hooks=(--customize-hook='ln -s / "$1/$(printf "\002")"')

# A shim needs containerd's API from this, and nothing from the 154 packages that it depends on.
# shellcheck disable=SC2016
trixie_hooks=(--customize-hook='cd "$1/tmp" && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" &&
	apt-get download golang-github-containerd-containerd-dev && dpkg-deb -x ./golang-*.deb "$1" && rm ./golang-*.deb')

# make_tree SUITE: called with the suite's lock held, so that two runs at once create one tree
make_tree() {
	local suite=$1 args tree old log
	local -a list=("${packages[@]}") more=()
	case $suite in
	bullseye) more=("${bullseye_hooks[@]}") ;;
	trixie)
		list+=("${trixie_packages[@]}")
		more=("${trixie_hooks[@]}")
		;;
	forky)
		list+=("${forky_packages[@]}")
		# A mirror's index of an unreleased suite may be out of date.
		more=(--aptopt='Acquire::Check-Valid-Until "false"')
		;;
	esac
	args=(--variant=minbase "--include=${list[*]}" "${hooks[@]}" "${more[@]}")
	tree=$cache/$suite-$(printf '%s\n' "${args[@]}" | sha256sum | cut -c 1-12)
	log=$cache/$suite.log

	if [ ! -d "$tree" ]; then
		echo "tree.sh: making the $suite tree, a minute or two (log: $log)" >&2
		rm -rf "$tree.new"
		if ! mmdebstrap "${args[@]}" "$suite" "$tree.new" >"$log" 2>&1; then
			tail -n 40 "$log" >&2
			rm -rf "$tree.new"
			echo "tree.sh: no $suite tree" >&2
			return 1
		fi
		mv "$tree.new" "$tree"
	fi

	for old in "$cache/$suite"-????????????; do
		[ "$old" != "$tree" ] || continue
		[ -d "$old" ] || continue
		# A run in progress holds the lock of its tree; then a later run removes it.
		flock -n "$old.lock" rm -rf "$old" && rm -f "$old.lock"
	done
	echo "$tree" >"$cache/$suite.tree"
}

[ $# -gt 0 ] || { echo "usage: tree.sh SUITE..." >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "tree.sh: needs root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "tree.sh: needs mmdebstrap" >&2; exit 1; }
mkdir -p "$cache"

pids=() failed=0
for suite; do
	(
		exec 9>"$cache/$suite.lock"
		flock 9
		make_tree "$suite"
	) &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || failed=1
done
[ $failed = 0 ] || exit 1
for suite; do
	cat "$cache/$suite.tree"
done
