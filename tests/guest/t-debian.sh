#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Purging the Debian package keeps the ledger while a device needs it. Uses dpkg and our maintainer scripts; the package has
# what `make install` installs.
# suites: bookworm
# limit: 300
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
OURS=/var/lib/oci-thin-grow

package() {
	local script
	mkdir -p /t/deb/DEBIAN && cp -a /stage/. /t/deb/ || return
	printf '%s\n' 'Package: oci-thin-grow' 'Version: 1' "Architecture: $(dpkg --print-architecture)" \
		'Maintainer: nobody <nobody@example.org>' 'Description: a trial' >/t/deb/DEBIAN/control
	for script in postinst prerm postrm; do
		install -m 755 "/src/packaging/debian/$script" /t/deb/DEBIAN/ || return
	done
	dpkg-deb --build /t/deb /t/oci-thin-grow.deb
}

# said COMMAND...: what it says is in /run/said
said() {
	"$@" >/run/said 2>&1
}

again() {
	umount "/run/disk/$D" && dmsetup remove --retry "$D" && thin_on "$D" 7 1G && udevadm settle
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a package" package
mkdir -p /etc/oci-thin-grow/config.d
echo '{ "runtime": "/usr/bin/crun" }' >/etc/oci-thin-grow/config.d/10-runtime.json
ln -sf /bin/true /usr/bin/crun
ok "it is installed" said dpkg -i /t/oci-thin-grow.deb
like "and says what to do next" "$(cat /run/said)" 'next, run "sudo oci-thin-grow doctor"'
is "the runtime that is configured is remembered" "$(readlink $OURS/runtime)" /usr/bin/crun
next_thin_id=7
ok "a disk" new_disk $D
ok "it grows" grow_disk $D 4G
ok "the ledger has it" test -e $OURS/ledger/$D

ok "purge" said dpkg --purge oci-thin-grow
ok "the program has gone" not test -e /usr/sbin/oci-thin-grow
ok "the ledger is kept" test -e $OURS/ledger/$D
like "purge says so, and what to do" "$(cat /run/said)" 'ledger is kept.*rm -r /var/lib/oci-thin-grow'
ok "installed again" dpkg -i /t/oci-thin-grow.deb
ok "the disk is re-created" again
is "it is healed" "$(device_bytes $D)" $((4 * GIB))

mkdir -p /etc/docker
echo '{ "runtimes": { "oci-thin-grow": { "path": "/usr/sbin/oci-thin-grow-runtime" } } }' >/etc/docker/daemon.json
ok "remove" said dpkg --remove oci-thin-grow
like "remove says who is cut off, and what helps" "$(cat /run/said)" \
	'daemon.json still calls this program.*Install the package again, run "oci-thin-grow disable docker"'
rm /etc/docker/daemon.json
ok "the ledger is kept then, too" test -e $OURS/ledger/$D
ok "purge of what is left" said dpkg --purge oci-thin-grow
ok "the ledger is still kept" test -e $OURS/ledger/$D

ok "installed for the last time" dpkg -i /t/oci-thin-grow.deb
ok "the disk goes" dmsetup remove --retry $D
ok "for good" dmsetup message pool 0 "delete 7"
ok "purge when nothing needs it" said dpkg --purge oci-thin-grow
ok "nothing is left of it" not test -e $OURS
is "and nothing is said" "$(grep -c 'oci-thin-grow:' /run/said)" 0
finish
