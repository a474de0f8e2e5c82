#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installed below /usr/local, as by `make install` with that PREFIX: every path in an installed file exists, udev, systemd
# and engines find our files, and grown devices are healed.
# suites: bookworm trixie
# matrix: FS=ext4
# limit: 600
# make: PREFIX=/usr/local SYSCONFDIR=/usr/local/etc
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

PROGRAM=/usr/local/sbin/oci-thin-grow
HOOK=/usr/local/libexec/oci/hooks.d/oci-thin-grow
ETC=/usr/local/etc/oci-thin-grow
RULE=94-oci-thin-grow.rules
D=pool-snap-7

# paths_in FILE: those with our name in it, but for what enable makes and administrators put in places of others
paths_in() {
	grep -aoE '/(usr|etc)/[A-Za-z0-9_./-]*oci-thin-grow[A-Za-z0-9_./-]*' "$1" | sed 's/[.-]*$//' |
		grep -vE '^/(etc|usr/share)/(containers|containerd|crio|udev)/|/oci-thin-grow/config\.d/60(-[a-z]+\.json)?$' | sort -u
}

# dangling: FILE: PATH, for each installed file that names a path that is not there
dangling() {
	local file path
	(cd /stage && find . -type f) | while read -r file; do
		paths_in "/stage/$file" | while read -r path; do
			[ -e "$path" ] || echo "${file#.}: $path"
		done
	done
}

doctor_says() {
	"$PROGRAM" doctor --json | jq -r --arg id "$1" '.findings[] | select(.id == $id).severity'
}

is "everything is below /usr/local" "$(cd /stage && find . ! -type d ! -path './usr/local/*')" ""
is "every path that is named is there" "$(dangling)" ""
# The test of that test
isnt "and some are named" "$(paths_in "$PROGRAM")" ""
like "the rule calls the program" "$(cat /usr/local/lib/udev/rules.d/$RULE)" "RUN\+=\"$PROGRAM heal "
is "it has a copy to repair it from" "$(cat /usr/local/share/oci-thin-grow/$RULE)" "$(cat /usr/local/lib/udev/rules.d/$RULE)"

## What was grown is healed

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=7
ok "a disk" new_disk $D
ok "the hook grows it" grow_disk $D 4G
is "to 4 GiB" "$(device_bytes $D)" $((4 * GIB))
like "it will be healed" "$(state /run/bundle/$D $D | "$PROGRAM" explain --state -)" 'healing +by the udev rule'
ok "the disk goes" drop_disk $D
ok "it is made again, too short" thin_on $D 7 1G
is "udev heals it" "$(device_bytes $D)" $((4 * GIB))
like "by our rule" "$(cat /run/messages)" "action=heal device=$D from=1073741824 to=4294967296"
ok "it mounts" mount /dev/mapper/$D /run/disk/$D
for id in files udevd udev-rule; do
	is "doctor: $id" "$(doctor_says $id)" ok
done
mv /usr/local/lib/udev/rules.d/$RULE /run/
sed 's|/usr/local/sbin|/usr/sbin|' /run/$RULE >/etc/udev/rules.d/$RULE
udevadm control --reload
is "a rule of an installation below /usr: doctor" "$(doctor_says udev-rule)" broken
rm /etc/udev/rules.d/$RULE
command=$("$PROGRAM" doctor --json | jq -r '.findings[] | select(.id == "udev-rule").command')
like "no rule: doctor knows where it belongs" "$command" " /usr/local/lib/udev/rules.d/$RULE"
ok "no rule: what doctor says helps" sh -c "$command"
is "no rule: it is back" "$(doctor_says udev-rule)" ok

## Wrapper, engines, configuration

ok "a spec" spec /run/bundle/$D /run/disk/$D "$(ask 5G)"
ok "the wrapper runs it" timeout 300 $PROGRAM-runtime --root /run/rt run --bundle /run/bundle/$D c1
is "and grows it" "$(device_bytes $D)" $((5 * GIB))
like "docker would call the wrapper" "$("$PROGRAM" enable --print docker)" "\"path\": \"$PROGRAM-runtime\""
like "containerd would" "$("$PROGRAM" enable --print containerd)" "BinaryName = \"$PROGRAM-runtime\""
ok "enable podman" "$PROGRAM" enable podman
is "podman would call the hook, by the file that it reads" \
	"$(jq -r .hook.path /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json)" $HOOK
is "it is the one that is shipped" "$(cat /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json)" \
	"$(cat /usr/local/share/containers/oci/hooks.d/50-oci-thin-grow.json)"
echo '{ "max_size": "2G" }' >$ETC/config.json
like "the configuration is read" "$("$PROGRAM" config show)" "\"max_size\": \"2G\".*$ETC/config.json"

## Who reads what is shipped

if [ "$SUITE" = trixie ]; then
	like "systemd makes the directory of locks" "$(systemd-tmpfiles --cat-config 2>&1)" \
		'# /usr/local/lib/tmpfiles.d/oci-thin-grow.conf'
	ok "systemd finds the units" systemd-analyze verify --man=no oci-thin-grow-heal.timer oci-thin-grow-metrics.timer
	# shellcheck disable=SC2016
	like "bash" "$(bash -c '. /usr/share/bash-completion/bash_completion; _comp_load oci-thin-grow; complete -p oci-thin-grow' 2>&1)" \
		'complete .*oci-thin-grow'
	# shellcheck disable=SC2016
	like "zsh" "$(zsh -c 'autoload -U compinit && compinit -u -D && print $_comps[oci-thin-grow]')" _oci-thin-grow
	# Left to itself it looks below /usr only.
	like "fish" "$(HOME=/run XDG_DATA_DIRS=/usr/local/share:/usr/share fish -c 'complete -C "oci-thin-grow appl"')" '^apply'
fi
finish
