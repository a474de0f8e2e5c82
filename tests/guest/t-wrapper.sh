#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The runtime wrapper in front of runc and of crun, as engines call it.
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

# The built-in runtime is runc's path; what stands there is this test's choice.
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
	ok "$1: a disk" new_disk disk
	ok "$1: a spec" spec $B /run/disk/disk "$(ask 4G)"
}

found() {
	like "$1: df says 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$1: the table, too" "$(device_bytes disk)" $((4 * GIB))
	is "$1: grown once" "$(grep -c 'action=grow' /run/messages)" 1
	: >/run/messages
	ok "$1: the disk goes" drop_disk disk
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up

fresh "run --bundle"
ok "run --bundle: runs" wrapped "${root[@]}" run --bundle $B c1
found "run --bundle"

fresh "run in the bundle"
cd $B || exit
ok "run in the bundle: runs" wrapped "${root[@]}" --log /run/rt.log --log-format json run c1
cd /
found "run in the bundle"

if [ "$RUNTIME" = crun ]; then
	fresh "run -f config.json"
	ok "run -f config.json: runs" wrapped "${root[@]}" run -b $B -f config.json c1
	found "run -f config.json"

	fresh "run -f of another name"
	mv $B/config.json /run/other.json
	cd /run || exit
	ok "run -f of another name: runs" wrapped "${root[@]}" run -b $B -f other.json c1
	cd /
	found "run -f of another name"
fi

fresh "create and start"
ok "create and start: creates" wrapped "${root[@]}" --log=/run/rt.log create -b $B --pid-file /run/rt.pid c1
is "create and start: grown before the start" "$(device_bytes disk)" $((4 * GIB))
ok "create and start: the runtime's own exit status" not wrapped "${root[@]}" start nosuch
ok "create and start: starts" "$W" "${root[@]}" start c1
ok "create and start: ends" wait_for is_stopped
ok "create and start: state passes through" wrapped "${root[@]}" state c1
like "create and start: with the runtime's answer" "$(cat /run/out)" '"id": *"c1"'
ok "create and start: deletes" wrapped "${root[@]}" delete -f c1
: >/run/messages
ok "create and start: the disk goes" drop_disk disk

fresh "hook and wrapper"
spec $B /run/disk/disk "$(ask 4G) | $(hook_at createRuntime)"
ok "hook and wrapper: runs" wrapped "${root[@]}" run -b $B c1
found "hook and wrapper"

ok "environment: a disk" new_disk disk
spec $B /run/disk/disk
LIBDM_DUMMY=1 OTG_X=y strace -f -o /run/strace -e trace=execve -v -s 4096 "$W" "${root[@]}" run -b $B c1 >/run/out 2>&1
like "environment: the runtime gets its own" "$(grep 'execve("/usr/bin/runc"' /run/strace)" 'OTG_X=y'
like "environment: and its arguments untouched" "$(grep 'execve("/usr/bin/runc"' /run/strace | head -n 1)" \
	'\["/usr/sbin/oci-thin-grow-runtime", "--root", "/run/rt", "run", "-b", "/run/bundle/b", "c1"\]'
is "environment: nothing asked, nothing said" "$(cat /run/messages)" ""

spec $B /run/disk/disk "$(ask 2T)"
rm -f /run/rt.log
ok "refused: does not run" not wrapped "${root[@]}" --log /run/rt.log --log-format json run -b $B c1
like "refused: says why" "$(cat /run/err)" 'container "c1" cannot have 2 TiB .*max_size is 1 TiB'
like "refused: and in the engine's log" "$(jq -r 'select(.level == "error").msg' /run/rt.log)" \
	'^oci-thin-grow: container "c1" cannot have 2 TiB'
rm /run/rt.log
ok "refused: again" not wrapped "${root[@]}" --log /run/rt.log run -b $B c1
like "refused: as text" "$(cat /run/rt.log)" '^time=.* level=error msg="oci-thin-grow: container .*2 TiB'
ok "refused: there is no container" not wrapped "${root[@]}" state c1

echo '{' >$B/config.json
ok "a broken spec is the runtime's affair" not wrapped "${root[@]}" run -b $B c1
like "with our warning" "$(cat /run/err)" 'oci-thin-grow: .*ends in the middle'
isnt "and its own error" "$(grep -vc oci-thin-grow /run/err)" 0

## What the runtime gets is what we got: descriptors, signals, environment, directory

cat >/run/bare <<'END'
#!/bin/bash
# One of them was the list's own. No pipe: it would be among them, or not.
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
ok "the disk goes" drop_disk disk
fresh "what is handed on"
OTG_X=y /run/bare create -b $B c1 >/run/expected 2>/run/err </dev/null
OTG_X=y "$W" create -b $B c1 >/run/handed 2>/run/err </dev/null
is "what is handed on: it has grown" "$(device_bytes disk)" $((4 * GIB))
sed -i s/expected/handed/ /run/expected
is "what is handed on: nothing more, nothing less" "$(cat /run/handed)" "$(cat /run/expected)"
ok "what is handed on: the disk goes" drop_disk disk

## Which runtime, while the configuration is broken

for name in runc crun other; do
	printf '#!/bin/sh\necho "this is %s: $*"\n' $name >/run/fake-$name
	chmod 755 /run/fake-$name
done
mount --bind /run/fake-runc /usr/bin/runc
mount --bind /run/fake-crun /usr/bin/crun
CONFIG=/etc/oci-thin-grow/config.json
LAST=/var/lib/oci-thin-grow/runtime
spec $B /run/disk/disk

# operates TEXT NAME: state, kill, delete and create of what asks for nothing go to that runtime, without a word
operates() {
	: >/run/messages
	for verb in state kill delete "create -b $B"; do
		# shellcheck disable=SC2086
		ok "$1: ${verb%% *}" wrapped $verb c1
		is "$1: ${verb%% *} is $2's" "$(cat /run/out /run/err)" "this is $2: $verb c1"
	done
	is "$1: nothing is logged" "$(cat /run/messages)" ""
}

rm -f $LAST
configure '{ "runtime": "/usr/bin/crun", }'
chmod 664 $CONFIG
operates "broken from the start" runc
ok "broken from the start: nothing is remembered" not test -e $LAST
configure '{ "runtime": "/usr/bin/crun", "max_size": "lots" }'
chmod 644 $CONFIG
operates "broken from the start, but it names one" crun
ok "broken from the start, but it names one: nothing is remembered" not test -e $LAST
configure '{ "runtime": "/run/fake-other" }'
chmod 644 $CONFIG
operates "in order" other
configure '{ "max_size": "2T" "runtime": "/run/fake-other" }'
operates "a comma is missing" other
configure '{ "runtime": "/run/fake-other" }'
chmod g+w $CONFIG
operates "others may write it" other
chmod g-w $CONFIG
configure '{ "runtime": "/usr/bin/crun", "max_size": "lots" }'
operates "another runtime in a broken file" other
spec $B /run/disk/disk "$(ask 4G)"
ok "broken, 4G: does not start" not wrapped create -b $B c1
like "broken, 4G: says why" "$(cat /run/err)" 'the configuration is broken: .*config.json:1: max_size'
configure '{ "runtime": "/usr/bin/crun" }'
spec $B /run/disk/disk
operates "repaired" crun
configure '{'
operates "broken again" crun
chmod 777 /var/lib/oci-thin-grow
operates "what others may have written is not believed" runc
configure '{}'
operates "the default" runc
is "what is remembered is root's alone again" "$(stat -c %a /var/lib/oci-thin-grow)" 755

# One that is not there: an error that helps, and never another runtime
configure '{ "max_size": "2T",
"runtime": "/usr/bin/runcc" }'
rm -f /run/rt.log
ok "no such runtime: fails" not wrapped --log /run/rt.log --log-format json state c1
like "no such runtime: which, and where it says so" "$(cat /run/err)" \
	'runtime "/usr/bin/runcc" not found \(set in /etc/oci-thin-grow/config.json:2\)'
like "no such runtime: and in the engine's log" "$(jq -r .msg /run/rt.log)" '^oci-thin-grow: runtime "/usr/bin/runcc" not found \(set in'
like "no such runtime: and logged" "$(cat /run/messages)" 'action=fail .*runcc.* not found'
ok "no such runtime: the check says so" exits 2 config check
like "no such runtime: where it is set" "$(cat /run/err)" 'runtime "/usr/bin/runcc" not found \(set in .*config.json:2\)'
fresh "no such runtime"
ok "no such runtime: 4G does not start" not wrapped create -b $B c1
like "no such runtime: and says why" "$(cat /run/err)" 'runtime "/usr/bin/runcc" not found'
is "no such runtime: nothing has grown" "$(device_bytes disk)" $GIB
ok "no such runtime: the disk goes" drop_disk disk
spec $B /run/disk/disk
configure '{'
operates "a mistake is not remembered" runc
umount /usr/bin/runc
mv /usr/bin/runc /usr/bin/runc.away
for verb in state kill delete run; do
	ok "no runc: crun is no substitute: $verb" not wrapped $verb c1
	like "no runc: $verb says why" "$(cat /run/err)" \
		'runtime "/usr/bin/runc" not found \(the last one known; the configuration is broken: .*config.json:'
done
finish
