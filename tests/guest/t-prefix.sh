#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installed below /usr/local, as by `make install` with that PREFIX: every path in an installed file exists, udev, systemd
# and engines find our files, and grown devices are healed.
# kernel: trixie:forky
# suites: trixie
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

# paths_in FILE: the paths with our name in it, except files that enable creates or administrators add
paths_in() {
	grep -aoE '/(usr|etc)/[A-Za-z0-9_./-]*oci-thin-grow[A-Za-z0-9_./-]*' "$1" | sed 's/[.-]*$//' |
		grep -vE '^/(etc|usr/share)/(containers|containerd|crio|udev)/|/containerd-shim-|/oci-thin-grow/(backup/?|config\.d/(60((-[a-z]+)+\.json)?|autogrow\.json))$' | sort -u
}

# dangling: FILE: PATH, for each installed file with a path that does not exist
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

is "every file is installed below /usr/local" "$(cd /stage && find . ! -type d ! -path './usr/local/*')" ""
is "every path in an installed file exists" "$(dangling)" ""
# Is there any path to check?
isnt "the program has paths with our name" "$(paths_in "$PROGRAM")" ""
like "the udev rule calls the installed program" "$(cat /usr/local/lib/udev/rules.d/$RULE)" "RUN\+=\"$PROGRAM heal "
is "the copy of the udev rule for repairs is the same" "$(cat /usr/local/share/oci-thin-grow/$RULE)" "$(cat /usr/local/lib/udev/rules.d/$RULE)"

## Healing

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=7
ok "a disk is created" new_disk $D
ok "the hook grows it" grow_disk $D 4G
is "the device has 4 GiB" "$(device_bytes $D)" $((4 * GIB))
like "explain shows that it will be healed" "$(state /run/bundle/$D $D | "$PROGRAM" explain --state -)" 'healing +by the udev rule'
ok "the disk is removed" drop_disk $D
ok "the device is re-created too short" thin_on $D 7 1G
is "udev extends it" "$(device_bytes $D)" $((4 * GIB))
like "the log names device and sizes" "$(cat /run/messages)" "action=heal device=$D from=1073741824 to=4294967296"
ok "the disk mounts" mount /dev/mapper/$D /run/disk/$D
for id in files udevd udev-rule; do
	is "doctor: $id is ok" "$(doctor_says $id)" ok
done
mv /usr/local/lib/udev/rules.d/$RULE /run/
sed 's|/usr/local/sbin|/usr/sbin|' /run/$RULE >/etc/udev/rules.d/$RULE
udevadm control --reload
is "doctor reports a rule that calls a program below /usr" "$(doctor_says udev-rule)" broken
rm /etc/udev/rules.d/$RULE
command=$("$PROGRAM" doctor --json | jq -r '.findings[] | select(.id == "udev-rule").command')
like "without the rule, doctor prints where it belongs" "$command" " /usr/local/lib/udev/rules.d/$RULE"
ok "without the rule, the command of doctor succeeds" sh -c "$command"
is "after the command of doctor the rule is ok" "$(doctor_says udev-rule)" ok

## Wrapper, engines, configuration

ok "config.json is written" spec /run/bundle/$D /run/disk/$D "$(ask 5G)"
ok "the wrapper runs a container" timeout 300 $PROGRAM-runtime --root /run/rt run --bundle /run/bundle/$D c1
is "the wrapper grows it" "$(device_bytes $D)" $((5 * GIB))
like "enable docker names the installed wrapper" "$("$PROGRAM" enable --print docker)" "\"path\": \"$PROGRAM-runtime\""
like "enable containerd names the installed wrapper" "$("$PROGRAM" enable --print containerd)" "BinaryName = \"$PROGRAM-runtime\""
ok "enable podman succeeds" "$PROGRAM" enable podman
is "the hook file that podman reads names the installed hook" \
	"$(jq -r .hook.path /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json)" $HOOK
is "the hook file that podman reads is the shipped one" "$(cat /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json)" \
	"$(cat /usr/local/share/containers/oci/hooks.d/50-oci-thin-grow.json)"
echo '{ "max_size": "2G" }' >$ETC/config.json
like "the configuration below /usr/local/etc is read" "$("$PROGRAM" config show)" "\"max_size\": \"2G\".*$ETC/config.json"

## systemd and shells find our files

if [ "$SUITE" = trixie ]; then
	like "systemd-tmpfiles finds our file" "$(systemd-tmpfiles --cat-config 2>&1)" \
		'# /usr/local/lib/tmpfiles.d/oci-thin-grow.conf'
	ok "systemd finds and accepts the units" systemd-analyze verify --man=no oci-thin-grow-heal.timer oci-thin-grow-metrics.timer oci-thin-grow-trim.timer
	# shellcheck disable=SC2016
	like "bash finds the completion" "$(bash -c '. /usr/share/bash-completion/bash_completion; _comp_load oci-thin-grow; complete -p oci-thin-grow' 2>&1)" \
		'complete .*oci-thin-grow'
	# shellcheck disable=SC2016
	like "zsh finds the completion" "$(zsh -c 'autoload -U compinit && compinit -u -D && print $_comps[oci-thin-grow]')" _oci-thin-grow
	# By default fish looks below /usr only.
	like "fish finds the completion" "$(HOME=/run XDG_DATA_DIRS=/usr/local/share:/usr/share fish -c 'complete -C "oci-thin-grow appl"')" '^apply'
fi
finish
