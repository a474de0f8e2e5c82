#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host on which nothing would heal: hook and wrapper grow and warn each time, an operator's command is refused.
# suites: bookworm trixie forky
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

D=pool-snap-7
SIZE=1073741824

# again [VARIABLE=VALUE...]: re-creates the device, in the environment of an engine with these variables
again() {
	umount "/run/disk/$D" && dmsetup remove --retry "$D" && udevadm settle || return
	env "$@" dmsetup create "$D" --table "0 $(sectors "$SIZE") thin /dev/mapper/pool 7" &&
		mount "/dev/mapper/$D" "/run/disk/$D"
}

# grow_more: the hook grows the disk by 64 MiB
grow_more() {
	SIZE=$((SIZE + 64 * 1024 * 1024))
	grow_disk "$D" "$SIZE"
}

explain() {
	state /run/bundle/$D $D | /usr/sbin/oci-thin-grow explain --state - "$@"
}

# doctor_says ID: the severity of this finding
doctor_says() {
	/usr/sbin/oci-thin-grow doctor --json | jq -r --arg id "$1" '.findings[] | select(.id == $id).severity'
}

# grows TEXT STATUS REGEX: an operator's grow exits with STATUS, and its message matches REGEX
grows() {
	ok "$1: grow exits with status $2" exits "$2" grow --device $D +64M
	like "$1: grow reports the reason" "$(cat /run/err)" "$3"
	is "$1: grow changes nothing" "$(device_bytes $D)" "$SIZE"
}

warnings() {
	grep 'action=warn' /run/messages
}


ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=7
ok "a disk is created" new_disk $D

ok "with the rule: the hook succeeds" grow_more
is "with the rule: nothing warns" "$(warnings)" ""
like "with the rule: explain names the rule" "$(explain)" 'healing +by the udev rule'
is "with the rule: doctor finds udevd" "$(doctor_says udevd)" ok
is "with the rule: doctor finds the rule" "$(doctor_says udev-rule)" ok
like "with the rule: explain --json has it as armed" "$(explain --json | jq -c ".containers[0].healing")" '"armed":true'
ok "with the rule: the device is re-created" again
ok "with the rule: the hook succeeds after that" grow_more
is "with the rule: nothing warns after that" "$(warnings)" ""

ok "an engine without udev sync: the device is re-created" again DM_DISABLE_UDEV=1
udevadm settle
ok "an engine without udev sync: the hook succeeds" grow_more
like "an engine without udev sync: the log warns" "$(warnings)" "device=$D reason=.*does not wait for udev"
like "an engine without udev sync: explain warns" "$(explain)" 'healing +NONE.*does not wait for udev'
ok "an engine without udev sync: the hook succeeds again" grow_more
is "an engine without udev sync: the log warns again" "$(warnings | grep -c .)" 2
grows "without sync" 3 'not grown without --unhealed: it would not start again .*does not wait for udev'

mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
reload_rules
ok "no rule: the device is re-created" again
ok "no rule: the hook succeeds" grow_more
like "no rule: the log warns with the command that repairs it" "$(warnings | tail -n 1)" 'reason=.*94-oci-thin-grow.rules is missing. fix=.*install -D'
grows "no rule" 3 "^oci-thin-grow: $D: not grown without --unhealed: it would not start again after a stop or reboot, because the udev rule 94-oci-thin-grow.rules is missing. Fix: install -D .*94-oci-thin-grow.rules && udevadm control --reload\$"
ok "no rule: grow --dry-run is refused" exits 3 grow --dry-run --device $D +64M
ok "no rule: grow --json is refused" exits 3 grow --json --device $D +64M
is "no rule: grow --json has the command that repairs it" "$(jq -r '"\(.action) \(.healing.armed) \(.healing.fix)"' /run/out)" \
	"refuse false install -D -m 0644 /usr/share/oci-thin-grow/94-oci-thin-grow.rules /usr/lib/udev/rules.d/94-oci-thin-grow.rules && udevadm control --reload"
ok "no rule: grow --unhealed succeeds" otg grow --unhealed --device $D +64M
like "no rule: grow --unhealed warns" "$(cat /run/err)" "^oci-thin-grow: $D: it would not start again after a stop or reboot, because "
SIZE=$(device_bytes $D)
like "no rule: explain --json has it as not armed" "$(explain --json | jq -c ".containers[0].healing")" '"armed":false,"reason":".*94-oci-thin-grow'
fix=$(/usr/sbin/oci-thin-grow grow --json --device $D +64M | jq -r .healing.fix)
ok "no rule: the printed command succeeds" sh -c "$fix"
ok "no rule: after the printed command grow succeeds" otg grow --device $D +64M
SIZE=$(device_bytes $D)
rm /run/94-oci-thin-grow.rules
ok "repaired rule: the hook succeeds" grow_more
udevadm settle
like "repaired rule: explain does not mistake the event of our own table for one of the engine" "$(explain)" 'healing +by the udev rule'
udevadm trigger /dev/mapper/$D
udevadm settle
like "repaired rule: explain names the rule after an event" "$(explain)" 'healing +by the udev rule'

before=$(warnings | grep -c .)
umount /run/disk/$D
dmsetup remove --retry $D
udevadm settle
ok "no udevd: it is stopped" stop_udev
is "no udevd: doctor reports it" "$(doctor_says udevd)" broken
ok "no udevd: the device is re-created" env DM_DISABLE_UDEV=1 dmsetup create $D --table "0 $(sectors "$SIZE") thin /dev/mapper/pool 7"
ok "no udevd: the disk mounts" mount /dev/mapper/$D /run/disk/$D
ok "no udevd: the hook succeeds" grow_more
like "no udevd: the log warns" "$(warnings | tail -n 1)" 'reason=.*no systemd-udevd answers'
is "no udevd: the log warns once" "$(warnings | grep -c .)" $((before + 1))
grows "no udevd" 3 'not grown without --unhealed: .*no systemd-udevd answers.* Fix: .*systemd-udevd --daemon'
finish
