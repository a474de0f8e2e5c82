#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host where nothing would heal: hook and wrapper grow and say so each time, an operator is refused.
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

# grows TEXT STATUS REGEX: what an operator gets who asks for more
grows() {
	ok "$1: by hand: status $2" exits "$2" grow --device $D +64M
	like "$1: by hand: it is said" "$(cat /run/err)" "$3"
	is "$1: by hand: nothing was done" "$(device_bytes $D)" "$SIZE"
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
like "all is well: as JSON" "$(explain --json | jq -c ".containers[0].healing")" '"armed":true'
ok "made again" again
ok "and by our own table's event it is no other" grow_more
is "still no warning" "$(warnings)" ""

ok "an engine without udev sync" again DM_DISABLE_UDEV=1
udevadm settle
ok "without sync: grows" grow_more
like "without sync: a warning" "$(warnings)" "device=$D reason=.*does not wait for udev"
like "without sync: explain" "$(explain)" 'healing +NONE.*does not wait for udev'
ok "grows again" grow_more
is "it is said again" "$(warnings | grep -c .)" 2
grows "without sync" 3 'not grown: it would not start again .*does not wait for udev'

mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
udevadm control --reload
ok "no rule: made again" again
ok "no rule: grows" grow_more
like "no rule: a warning" "$(warnings | tail -n 1)" 'reason=.*94-oci-thin-grow.rules is missing. fix=.*install -D'
grows "no rule" 3 "^oci-thin-grow: $D: not grown: it would not start again after a stop or reboot, because the udev rule 94-oci-thin-grow.rules is missing. Fix: install -D .*To grow anyway: --unhealed\$"
ok "no rule: --dry-run" exits 3 grow --dry-run --device $D +64M
ok "no rule: --json" exits 3 grow --json --device $D +64M
is "no rule: as JSON, too" "$(jq -r '"\(.action) \(.healing.armed) \(.healing.fix)"' /run/out)" \
	"refuse false install -D -m 0644 /usr/share/oci-thin-grow/94-oci-thin-grow.rules /usr/lib/udev/rules.d/94-oci-thin-grow.rules && udevadm control --reload"
ok "no rule: --unhealed" otg grow --unhealed --device $D +64M
like "no rule: with a warning" "$(cat /run/err)" "^oci-thin-grow: $D: it would not start again after a stop or reboot, because "
SIZE=$(device_bytes $D)
like "no rule: as JSON" "$(explain --json | jq -c ".containers[0].healing")" '"armed":false,"reason":".*94-oci-thin-grow'
fix=$(/usr/sbin/oci-thin-grow grow --json --device $D +64M | jq -r .healing.fix)
ok "what is printed repairs it" sh -c "$fix"
ok "and it grows" otg grow --device $D +64M
SIZE=$(device_bytes $D)
rm /run/94-oci-thin-grow.rules
ok "the rule is back: grows" grow_more
udevadm settle
like "the event of our own table is not taken for the engine's" "$(explain)" 'healing +by the udev rule'
udevadm trigger /dev/mapper/$D
udevadm settle
like "the rule is back" "$(explain)" 'healing +by the udev rule'

before=$(warnings | grep -c .)
umount /run/disk/$D
dmsetup remove --retry $D
udevadm settle
ok "udevd goes" stop_udev
is "no udevd: doctor" "$(doctor_says udevd)" broken
ok "no udevd: another disk" env DM_DISABLE_UDEV=1 dmsetup create $D --table "0 $(sectors "$SIZE") thin /dev/mapper/pool 7"
ok "no udevd: mounts" mount /dev/mapper/$D /run/disk/$D
ok "no udevd: grows" grow_more
like "no udevd: a warning" "$(warnings | tail -n 1)" 'reason=.*no systemd-udevd answers'
is "one more" "$(warnings | grep -c .)" $((before + 1))
grows "no udevd" 3 'not grown: .*no systemd-udevd answers.* Fix: .*systemd-udevd --daemon'
finish
