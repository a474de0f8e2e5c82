#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host that systemd booted: its sandboxed udevd heals, its journal has the log, containerd is a service.
# kernel: trixie:forky
# suites: trixie forky
# matrix: INIT=systemd,FS=ext4
# soak: INIT=systemd,FS=ext4 INIT=systemd,FS=xfs
# limit: 300
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

journal_has() {
	journalctl -t oci-thin-grow -o cat | grep -q "$1"
}

containerd_service() {
	mkdir -p /etc/containerd
	cat >/etc/containerd/config.toml <<-END
		version = 2
		root = "$DATA/containerd"
		[plugins."io.containerd.snapshotter.v1.devmapper"]
			pool_name = "pool"
			root_path = "$DATA/devmapper"
			base_image_size = "1GB"
			fs_type = "$FS"
	END
	systemctl start containerd && wait_for devmapper_ready
}

doctor_says() {
	/usr/sbin/oci-thin-grow doctor --json | jq -r --arg id "$1" '.findings[] | select(.id == $id).severity'
}

# main_pid: the daemon's, 0 if it does not run
main_pid() {
	systemctl show -p MainPID --value oci-thin-growd
}

# units: those of ours that are active
units() {
	systemctl list-units --plain --no-legend --state=active 'oci-thin-grow*' | cut -d ' ' -f 1 | sort | xargs
}

# The Kubernetes installer's own function; this is its node.
eval "$(sed -n '/^daemon_is_current()/,/^}/p' /src/packaging/kubernetes/install.sh)"
on_node() {
	"$@"
}

replace_daemon() {
	cp /usr/sbin/oci-thin-growd /usr/sbin/oci-thin-growd.new && mv /usr/sbin/oci-thin-growd.new /usr/sbin/oci-thin-growd
}

df_in() {
	ctr_out "$1" df -m / | awk 'END { print $(NF-4) }'
}

unset DM_DISABLE_UDEV
is "boot $PHASE: systemd is process 1" "$(cat /proc/1/comm)" systemd
ok "boot $PHASE: the udevd of systemd runs" systemctl is-active systemd-udevd
is "boot $PHASE: udevd is sandboxed" "$(systemctl show -p MemoryDenyWriteExecute --value systemd-udevd)" yes
is "boot $PHASE: doctor finds udevd" "$(doctor_says udevd)" ok
ok "boot $PHASE: a disk for the ledger and containerd" data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow
mount --bind /data/ledger /var/lib/oci-thin-grow
is "boot $PHASE: systemd-tmpfiles has created the lock directory" "$(stat -c %a:%u:%g /run/oci-thin-grow)" 700:0:0
ok "boot $PHASE: the disabling switch can be created" touch /run/oci-thin-grow/disabled
rm /run/oci-thin-grow/disabled
ok "boot $PHASE: a pool comes up" pool_up /host
ok "boot $PHASE: systemd starts containerd" containerd_service

case $PHASE in
1)
	ok "an OCI image is built" oci_layout /t/oci.tar
	ok "the image is imported" image_import local/bb /t/oci.tar
	ok "a container that requests 4G runs" ctr run -d --snapshotter devmapper --null-io \
		--runc-binary /usr/sbin/oci-thin-grow-runtime --annotation io.oci-thin-grow.size=4G \
		local/bb:latest c1 sleep 100000
	like "the container has 4 GiB" "$(df_in c1)" "$MIB_4G"
	ok "the growth is in the journal" wait_for journal_has 'action=grow container=c1 engine=containerd'
	journalctl --sync
	ok "no warning about healing is in the journal" not journal_has 'action=warn'
	mkdir -p /etc/oci-thin-grow/config.d
	echo '{ "autogrow": { "max": "8G" } }' >/etc/oci-thin-grow/config.d/autogrow.json
	ok "oci-thin-growd is a service, and reports that it is ready" systemctl start oci-thin-growd
	ok "c1 is nearly full" fallocate -l 3500M /run/containerd/io.containerd.runtime.v2.task/default/c1/rootfs/fill
	ok "the service grows it" wait_for journal_has 'action=grow container=containerd:c1 .* to=8589934592 .*source=autogrow'
	ok "it reads its configuration again" systemctl reload oci-thin-growd
	ok "that is in the journal" wait_for journal_has 'action=reload source=growd'
	ok "the service stops" systemctl stop oci-thin-growd
	is "it ended by itself" "$(systemctl show -p Result --value oci-thin-growd)" success

	systemctl start oci-thin-growd oci-thin-grow-trim.timer
	before=$(main_pid)
	ok "the Debian package is built" debian_package /t/oci-thin-grow.deb
	ok "the Debian package is installed" dpkg -i /t/oci-thin-grow.deb
	is "it starts and stops no unit" "$(units)" "oci-thin-grow-trim.timer oci-thin-growd.service"
	ok "it restarts a daemon that runs" test "$(main_pid)" != "$before"
	is "which is the installed program then" "$(readlink "/proc/$(main_pid)/exe")" /usr/sbin/oci-thin-growd
	ok "the Kubernetes installer would not restart it" daemon_is_current
	ok "its program is replaced" replace_daemon
	ok "the Kubernetes installer would restart it then" not daemon_is_current
	ok "the service and a timer are enabled" systemctl enable oci-thin-growd oci-thin-grow-trim.timer
	ok "the Debian package is removed" dpkg --remove oci-thin-grow
	is "its units are stopped before" "$(units)" ""
	ok "it is purged" dpkg --purge oci-thin-grow
	is "no link to a unit is left" "$(find /etc/systemd/system -name 'oci-thin-grow*')" ""
	next_boot
	;;
2)
	ok "reboot: udevd has extended the device" wait_for journal_has 'action=heal device=pool-snap-[0-9]* from=1073741824 to=8589934592'
	ok "reboot: the container starts" ctr task start -d --null-io c1
	like "reboot: the container has 8 GiB" "$(df_in c1)" '^(7[789]|8[01])[0-9][0-9]$'
	finish
	;;
esac
