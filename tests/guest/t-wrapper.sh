#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The runtime wrapper in front of runc and of crun, as engines call it.
# kernel: trixie:forky
# suites: bookworm trixie
# matrix: bookworm:RUNTIME=runc trixie:RUNTIME=crun
# soak: RUNTIME=runc RUNTIME=crun
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/bundle/b
W=/usr/sbin/oci-thin-grow-runtime
root=(--root /run/rt)

# The default runtime is /usr/bin/runc; this test puts the runtime to test there.
[ "$RUNTIME" = runc ] || cp "/usr/bin/$RUNTIME" /usr/bin/runc

wrapped() {
	timeout 300 "$W" "$@" >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

is_stopped() {
	"$W" "${root[@]}" state c1 | grep -q '"status": *"stopped"'
}

fresh() {
	ok "$1: a disk is created" new_disk disk
	ok "$1: config.json is written" spec $B /run/disk/disk "$(ask 4G)"
}

found() {
	like "$1: the container sees 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$1: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
	is "$1: it is grown once" "$(grep -c 'action=grow' /run/messages)" 1
	: >/run/messages
	ok "$1: the disk is removed" drop_disk disk
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up

fresh "run --bundle"
ok "run --bundle: the container runs" wrapped "${root[@]}" run --bundle $B c1
found "run --bundle"

fresh "run in the bundle"
cd $B || exit
ok "run in the bundle: the container runs" wrapped "${root[@]}" --log /run/rt.log --log-format json run c1
cd /
found "run in the bundle"

if [ "$RUNTIME" = crun ]; then
	fresh "run -f config.json"
	ok "run -f config.json: the container runs" wrapped "${root[@]}" run -b $B -f config.json c1
	found "run -f config.json"

	fresh "run -f of another name"
	mv $B/config.json /run/other.json
	cd /run || exit
	ok "run -f of another name: the container runs" wrapped "${root[@]}" run -b $B -f other.json c1
	cd /
	found "run -f of another name"
fi

fresh "create and start"
ok "create and start: create succeeds" wrapped "${root[@]}" --log=/run/rt.log create -b $B --pid-file /run/rt.pid c1
is "create and start: create grows the disk" "$(device_bytes disk)" $((4 * GIB))
ok "create and start: a failing start has the exit status of the runtime" not wrapped "${root[@]}" start nosuch
ok "create and start: start succeeds" "$W" "${root[@]}" start c1
ok "create and start: the container ends" wait_for is_stopped
ok "create and start: state succeeds" wrapped "${root[@]}" state c1
like "create and start: state has the answer of the runtime" "$(cat /run/out)" '"id": *"c1"'
ok "create and start: delete succeeds" wrapped "${root[@]}" delete -f c1
: >/run/messages
ok "create and start: the disk is removed" drop_disk disk

fresh "hook and wrapper"
spec $B /run/disk/disk "$(ask 4G) | $(hook_at createRuntime)"
ok "hook and wrapper: the container runs" wrapped "${root[@]}" run -b $B c1
found "hook and wrapper"

ok "environment: a disk is created" new_disk disk
spec $B /run/disk/disk
LIBDM_DUMMY=1 OTG_X=y strace -f -o /run/strace -e trace=execve -v -s 4096 "$W" "${root[@]}" run -b $B c1 >/run/out 2>&1
like "environment: the runtime gets the variables of the caller" "$(grep 'execve("/usr/bin/runc"' /run/strace)" 'OTG_X=y'
like "environment: the runtime gets the arguments of the caller" "$(grep 'execve("/usr/bin/runc"' /run/strace | head -n 1)" \
	'\["/usr/sbin/oci-thin-grow-runtime", "--root", "/run/rt", "run", "-b", "/run/bundle/b", "c1"\]'
is "environment: nothing is logged without a request" "$(cat /run/messages)" ""

spec $B /run/disk/disk "$(ask 2T)"
rm -f /run/rt.log
ok "refused request: the container does not start" not wrapped "${root[@]}" --log /run/rt.log --log-format json run -b $B c1
like "refused request: the reason is reported" "$(cat /run/err)" 'container "c1" cannot have 2 TiB .*max_size is 1 TiB'
like "refused request: the log of the engine has the reason, as JSON" "$(jq -r 'select(.level == "error").msg' /run/rt.log)" \
	'^oci-thin-grow: container "c1" cannot have 2 TiB'
rm /run/rt.log
ok "refused request, log as text: the container does not start" not wrapped "${root[@]}" --log /run/rt.log run -b $B c1
like "refused request, log as text: the log of the engine has the reason" "$(cat /run/rt.log)" '^time=.* level=error msg="oci-thin-grow: container .*2 TiB'
ok "refused request: the runtime has no container" not wrapped "${root[@]}" state c1

echo '{' >$B/config.json
ok "invalid config.json: the container does not start" not wrapped "${root[@]}" run -b $B c1
like "invalid config.json: the wrapper warns" "$(cat /run/err)" 'oci-thin-grow: .*ends in the middle'
isnt "invalid config.json: the error of the runtime is shown" "$(grep -vc oci-thin-grow /run/err)" 0

## The runtime gets what the wrapper got: descriptors, signals, environment, directory

cat >/run/bare <<'END'
#!/bin/bash
# One of the descriptors was the glob's own. No pipe: it would sometimes be among them.
for f in /proc/$$/fd/*; do
	[ -e "$f" ] || continue
	to=$(readlink "$f")
	[ "$to" = /run/bare ] || echo "${f##*/} $to"
done
grep "^Sig[^Q]" /proc/$$/status
env | grep -v -e ^_= -e ^SHLVL= | sort
pwd
umask
ulimit -a
END
chmod 755 /run/bare
configure() {
	mkdir -p /etc/oci-thin-grow
	echo "$1" >/etc/oci-thin-grow/config.json
}
configure '{ "runtime": "/run/bare" }'
ok "environment: the disk is removed" drop_disk disk
fresh "what is handed on"
OTG_X=y /run/bare create -b $B c1 >/run/expected 2>/run/err </dev/null
OTG_X=y "$W" create -b $B c1 >/run/handed 2>/run/err </dev/null
is "what is handed on: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
sed -i s/expected/handed/ /run/expected
is "what is handed on: the runtime gets neither more nor less" "$(cat /run/handed)" "$(cat /run/expected)"
ok "what is handed on: the disk is removed" drop_disk disk

## Which runtime is called while the configuration is broken

for name in runc crun other; do
	printf '#!/bin/sh\necho "this is %s: $*"\n' $name >/run/fake-$name
	chmod 755 /run/fake-$name
done
mount --bind /run/fake-runc /usr/bin/runc
mount --bind /run/fake-crun /usr/bin/crun
CONFIG=/etc/oci-thin-grow/config.json
LAST=/var/lib/oci-thin-grow/runtime
spec $B /run/disk/disk

# operates TEXT NAME: without a request, state, kill, delete and create call this runtime, and nothing is logged
operates() {
	: >/run/messages
	for verb in state kill delete "create -b $B"; do
		# shellcheck disable=SC2086
		ok "$1: ${verb%% *} succeeds" wrapped $verb c1
		is "$1: ${verb%% *} calls $2" "$(cat /run/out /run/err)" "this is $2: $verb c1"
	done
	is "$1: nothing is logged" "$(cat /run/messages)" ""
}

rm -f $LAST
configure '{ "runtime": "/usr/bin/crun", }'
chmod 664 $CONFIG
operates "broken from the start" runc
ok "broken from the start: no runtime is remembered" not test -e $LAST
configure '{ "runtime": "/usr/bin/crun", "max_size": "lots" }'
chmod 644 $CONFIG
operates "broken from the start, with a runtime" crun
ok "broken from the start, with a runtime: no runtime is remembered" not test -e $LAST
configure '{ "runtime": "/run/fake-other" }'
chmod 644 $CONFIG
operates "valid configuration" other
configure '{ "max_size": "2T" "runtime": "/run/fake-other" }'
operates "a missing comma" other
configure '{ "runtime": "/run/fake-other" }'
chmod g+w $CONFIG
operates "writable by others" other
chmod g-w $CONFIG
configure '{ "runtime": "/usr/bin/crun", "max_size": "lots" }'
operates "another runtime in a broken file" other
spec $B /run/disk/disk "$(ask 4G)"
ok "broken configuration, 4G: the container does not start" not wrapped create -b $B c1
like "broken configuration, 4G: file, line and key are reported" "$(cat /run/err)" 'the configuration is broken: .*config.json:1: max_size'
configure '{ "runtime": "/usr/bin/crun" }'
spec $B /run/disk/disk
operates "repaired configuration" crun
configure '{'
operates "broken again" crun
chmod 777 /var/lib/oci-thin-grow
operates "remembered where others can write" runc
configure '{}'
operates "default runtime" runc
is "the directory of the remembered runtime is not writable by others any more" "$(stat -c %a /var/lib/oci-thin-grow)" 755

# A missing runtime is reported, and no other is called instead.
configure '{ "max_size": "2T",
"runtime": "/usr/bin/runcc" }'
rm -f /run/rt.log
ok "missing runtime: the wrapper fails" not wrapped --log /run/rt.log --log-format json state c1
like "missing runtime: it is reported with the line that sets it" "$(cat /run/err)" \
	'runtime "/usr/bin/runcc" not found \(set in /etc/oci-thin-grow/config.json:2\)'
like "missing runtime: the log of the engine has it" "$(jq -r .msg /run/rt.log)" '^oci-thin-grow: runtime "/usr/bin/runcc" not found \(set in'
like "missing runtime: the log has it" "$(cat /run/messages)" 'action=fail .*runcc.* not found'
ok "missing runtime: config check fails" exits 2 config check
like "missing runtime: config check reports the line that sets it" "$(cat /run/err)" 'runtime "/usr/bin/runcc" not found \(set in .*config.json:2\)'
fresh "missing runtime, 4G"
ok "missing runtime, 4G: the container does not start" not wrapped create -b $B c1
like "missing runtime, 4G: the reason is reported" "$(cat /run/err)" 'runtime "/usr/bin/runcc" not found'
is "missing runtime, 4G: the device is untouched" "$(device_bytes disk)" $GIB
ok "missing runtime: the disk is removed" drop_disk disk
spec $B /run/disk/disk
configure '{'
operates "a missing runtime is not remembered" runc
umount /usr/bin/runc
mv /usr/bin/runc /usr/bin/runc.away
for verb in state kill delete run; do
	ok "runc is missing: $verb fails and does not call crun" not wrapped $verb c1
	like "runc is missing: $verb reports the reason" "$(cat /run/err)" \
		'runtime "/usr/bin/runc" not found \(the last one known; the configuration is broken: .*config.json:'
done
configure '{ "runtime": "/usr/bin/crun", "max_size": "lots" }'
operates "runc is missing, and a broken configuration names crun" crun
finish
