#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host where nothing would heal says so, once per boot.
# suites: bookworm trixie forky
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
SIZE=1073741824

# again [VARIABLE=VALUE...]: the device is made again, in the environment of an engine that…
again() {
	umount "/run/disk/$D" && dmsetup remove --retry "$D" && udevadm settle || return
	env "$@" dmsetup create "$D" --table "0 $(sectors "$SIZE") thin /dev/mapper/pool 7" &&
		mount "/dev/mapper/$D" "/run/disk/$D"
}

# grow_more: by 64 MiB
grow_more() {
	SIZE=$((SIZE + 64 * 1024 * 1024))
	grow_disk "$D" "$SIZE"
}

explain() {
	state /run/bundle/$D $D | /usr/sbin/oci-thin-grow explain --state - "$@"
}

# doctor_says ID: the severity of that finding
doctor_says() {
	/usr/sbin/oci-thin-grow doctor --json | jq -r --arg id "$1" '.findings[] | select(.id == $id).severity'
}

warnings() {
	grep 'action=warn' /run/messages
}


ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=7
ok "a disk" new_disk $D

ok "all is well: grows" grow_more
is "all is well: no warning" "$(warnings)" ""
like "all is well: explain" "$(explain)" 'healing +by the udev rule'
is "all is well: doctor finds udevd" "$(doctor_says udevd)" ok
is "all is well: and the rule" "$(doctor_says udev-rule)" ok
like "all is well: as JSON" "$(explain --json | jq -c .healing)" '"armed":true'
ok "made again" again
ok "and by our own table's event it is no other" grow_more
is "still no warning" "$(warnings)" ""

ok "an engine without udev sync" again DM_DISABLE_UDEV=1
udevadm settle
ok "without sync: grows" grow_more
like "without sync: a warning" "$(warnings)" "device=$D reason=.*does not wait for udev"
like "without sync: explain" "$(explain)" 'healing +NONE.*does not wait for udev'
ok "grows again" grow_more
is "it is said once" "$(warnings | grep -c .)" 1

rm /run/oci-thin-grow/not-healed.said
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
udevadm control --reload
ok "no rule: made again" again
ok "no rule: grows" grow_more
like "no rule: a warning" "$(warnings | tail -n 1)" 'reason=.*94-oci-thin-grow.rules has not seen it'
like "no rule: as JSON" "$(explain --json | jq -c .healing)" '"armed":false,"reason":".*94-oci-thin-grow'
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
udevadm control --reload
ok "the rule is back: grows" grow_more
udevadm settle
like "the event of our own table is not taken for the engine's" "$(explain)" 'healing +by the udev rule'
udevadm trigger /dev/mapper/$D
udevadm settle
like "the rule is back" "$(explain)" 'healing +by the udev rule'

rm /run/oci-thin-grow/not-healed.said
umount /run/disk/$D
dmsetup remove --retry $D
udevadm settle
ok "udevd goes" stop_udev
is "no udevd: doctor" "$(doctor_says udevd)" broken
ok "no udevd: another disk" env DM_DISABLE_UDEV=1 dmsetup create $D --table "0 $(sectors $SIZE) thin /dev/mapper/pool 7"
ok "no udevd: mounts" mount /dev/mapper/$D /run/disk/$D
ok "no udevd: grows" grow_more
like "no udevd: a warning" "$(warnings | tail -n 1)" 'reason=.*is systemd-udevd running'
is "three in all" "$(warnings | grep -c .)" 3
finish
