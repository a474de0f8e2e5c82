#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Purging the Debian package keeps the ledger while a device needs it. Uses dpkg and our maintainer scripts; the package has
# what `make install` installs.
# kernel: bookworm:forky
# suites: bookworm
# limit: 300
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
OURS=/var/lib/oci-thin-grow

# said COMMAND...: its output is in /run/said
said() {
	"$@" >/run/said 2>&1
}

LINK=/usr/local/bin/containerd-shim-oci-thin-grow-kata-v2
SHIMS=/etc/oci-thin-grow/config.d/60-shim-kata.json

# enabled: is the link there, or the file in config.d?
enabled() {
	[ -L "$LINK" ] || [ -e "$SHIMS" ]
}

again() {
	umount "/run/disk/$D" && dmsetup remove --retry "$D" && thin_on "$D" 7 1G && udevadm settle
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "the package is built" debian_package /t/oci-thin-grow.deb
mkdir -p /etc/oci-thin-grow/config.d
echo '{ "runtime": "/usr/bin/crun" }' >/etc/oci-thin-grow/config.d/10-runtime.json
ln -sf /bin/true /usr/bin/crun
ln -s /usr/sbin/oci-thin-grow $LINK
printf '%s\n' '// made by "oci-thin-grow enable --shim kata containerd": what the handler kata ran' \
	'{ "shims": { "kata": "/bin/true" } }' >$SHIMS
ok "the package is installed" said dpkg -i /t/oci-thin-grow.deb
like "the installation prints what to do next" "$(cat /run/said)" 'next, run "sudo oci-thin-grow doctor"'
is "the configured runtime is remembered" "$(readlink $OURS/runtime)" /usr/bin/crun
next_thin_id=7
ok "a disk is created" new_disk $D
ok "the disk grows" grow_disk $D 4G
ok "the ledger has its entry" test -e $OURS/ledger/$D

ok "purge succeeds" said dpkg --purge oci-thin-grow
ok "purge removes the program" not test -e /usr/sbin/oci-thin-grow
ok "purge keeps the ledger" test -e $OURS/ledger/$D
like "purge reports that, and how to remove the ledger" "$(cat /run/said)" 'ledger is kept.*rm -r /var/lib/oci-thin-grow'
ok "the package is installed again" dpkg -i /t/oci-thin-grow.deb
ok "the disk is re-created" again
is "the re-created disk is extended" "$(device_bytes $D)" $((4 * GIB))

mkdir -p /etc/docker
echo '{ "runtimes": { "oci-thin-grow": { "path": "/usr/sbin/oci-thin-grow-runtime" } } }' >/etc/docker/daemon.json
ok "remove succeeds" said dpkg --remove oci-thin-grow
like "remove warns about containers that will not start, and prints what helps" "$(cat /run/said)" \
	'daemon.json still calls this program.*Install the package again, run "oci-thin-grow disable docker"'
rm /etc/docker/daemon.json
mkdir -p /etc/containerd/conf.d
# warns_about FILE LINE
warns_about() {
	echo "$2" >"$1"
	dpkg -i /t/oci-thin-grow.deb && said dpkg --remove oci-thin-grow && rm "$1" || return
	grep -q "$1 still calls this program.*\"oci-thin-grow disable containerd\"" /run/said
}
ok "remove warns about a handler that wraps a shim" \
	warns_about /etc/containerd/config.toml 'runtime_type = "io.containerd.oci-thin-grow-kata.v2"'
ok "remove warns about a handler that was changed in place, in its own file" \
	warns_about /etc/containerd/conf.d/kata-deploy.toml 'runtime_path = "/usr/local/bin/containerd-shim-oci-thin-grow-kata-v2"'
ok "remove does not warn about an import" not \
	warns_about /etc/containerd/config.toml 'imports = ["/etc/containerd/conf.d/50-oci-thin-grow.toml"]'
ok "remove keeps the ledger" test -e $OURS/ledger/$D
ok "purge after remove succeeds" said dpkg --purge oci-thin-grow
ok "purge after remove keeps the ledger" test -e $OURS/ledger/$D
ok "it keeps what enable made" enabled

ok "the package is installed a third time" dpkg -i /t/oci-thin-grow.deb
ok "the disk is removed" dmsetup remove --retry $D
ok "its thin id is deleted" dmsetup message pool 0 "delete 7"
ok "purge succeeds when no device needs the ledger" said dpkg --purge oci-thin-grow
ok "that purge removes the ledger" not test -e $OURS
ok "that purge removes what enable made" not enabled
is "that purge keeps the administrator's file" "$(ls -A /etc/oci-thin-grow/config.d)" 10-runtime.json
is "that purge prints nothing" "$(grep -c 'oci-thin-grow:' /run/said)" 0
finish
