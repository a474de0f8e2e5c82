#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# heal against a pool that is suspended and reloaded, and against reused device numbers, at each step of heal and at
# random moments: no device stays short, gets another's table, or stays suspended.
# suites: bookworm trixie
# matrix: bookworm:FS=ext4
# soak: bookworm:FS=ext4 trixie:FS=xfs
# limit: 600
# soak-limit: 7200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

ROUNDS=$((${SOAK:-3} * 20 / 3)) # 20, or 200 for a soak of 30
A="pool-snap-1"
B="pool-snap-2"

exec {never}<> <(:)

# nap MS: sleeps without starting a process
nap() {
	local seconds
	printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	read -r -t "$seconds" -u "$never" _ || true
}

# up_to MS: sleeps for a random time of at most MS
up_to() {
	nap $((RANDOM % $1))
}

refused_loads() {
	dmesg | grep -c 'Unable to activate thin device while pool is suspended'
}

suspended() {
	dmsetup info -c --noheadings -o suspended | grep -c ^Suspended
}

# grown_disk NAME SIZE: an inactive disk with SIZE, which its engine re-creates with 1 GiB
grown_disk() {
	new_disk "$1" && grow_disk "$1" "$2" && echo "$1" >"/run/disk/$1/whose" && drop_disk "$1"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=1
ok "disk A is created and grown" grown_disk $A 2G
ok "disk B is created and grown" grown_disk $B 3G
dmesg -C

## heal, held at the call whose number is in /run/moment: it creates /run/held and waits for /run/go

cat >/run/hold.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void hold(void)
{
	static int calls;
	int moment = 0;
	FILE *file;

	if (strcmp(program_invocation_short_name, "oci-thin-grow") != 0 ||
	    !(file = fopen("/run/moment", "r")))
		return;
	if (fscanf(file, "%d", &moment) != 1)
		moment = 0;
	fclose(file);
	/* Only one heal is held up in each round. */
	if (++calls != moment || creat("/run/held.new", 0600) < 0 || link("/run/held.new", "/run/held") < 0)
		return;
	for (int i = 0; i < 60000 && access("/run/go", F_OK) < 0; i++)
		usleep(1000);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, void *) = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	hold();
	return real(fd, request, arg);
}

static int held_open(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);

	if (strncmp(path, "/dev/dm-", 8) == 0)
		hold();
	return real(path, flags, mode);
}

#define OPEN(name)                                              \
	int name(const char *path, int flags, ...)              \
	{                                                       \
		mode_t mode = 0;                                \
		va_list ap;                                     \
		va_start(ap, flags);                            \
		if (flags & O_CREAT)                            \
			mode = va_arg(ap, mode_t);              \
		va_end(ap);                                     \
		return held_open(#name, path, flags, mode);     \
	}
#define OPEN_2(name, real)                                      \
	int name(const char *path, int flags)                   \
	{                                                       \
		return held_open(real, path, flags, 0);         \
	}
OPEN(open)
OPEN(open64)
OPEN_2(__open_2, "open")
OPEN_2(__open64_2, "open64")
END
ok "the library that holds heal is built" gcc -shared -fPIC -o /run/hold.so /run/hold.c -ldl
mkdir -p /run/udev/rules.d
echo 'SUBSYSTEM=="block", KERNEL=="dm-[0-9]*", ENV{LD_PRELOAD}="/run/hold.so"' >/run/udev/rules.d/93-hold.rules
reload_rules

# More than heal's calls, so that in some rounds it is not held at all
MOMENTS=18

# hold_at ROUND: the next heal is held at a call that depends on the round
hold_at() {
	rm -f /run/held /run/held.new /run/go
	echo $(($1 % MOMENTS + 1)) >/run/moment
}

# is_running PID: a child that has not ended; bash leaves it a zombie while it starts no other process
is_running() {
	local stat
	{ read -r stat </proc/"$1"/stat; } 2>/run/null && [[ ${stat##*) } != Z* ]]
}

# is_held EVENT_PID: waits until heal is held; fails if the process that waits for the event ends first
is_held() {
	until [ -e /run/held ]; do
		is_running "$1" || return
		nap 10
	done
}

## The pool is suspended and gets a new table

pool_table=$(dmsetup table pool)

# reload_pool: suspended for as long as lvextend does it, or for no longer than necessary
reload_pool() {
	if [ $((RANDOM % 2)) = 0 ]; then
		dmsetup suspend pool
		up_to 150
	fi
	dmsetup load pool --table "$pool_table"
	dmsetup resume pool
}

short='' refused=0 bad='' held=0
for i in $(seq "$ROUNDS"); do
	hold_at "$i"
	thin_on $A 1 1G 2>/run/null &
	engine=$!
	if is_held $engine; then
		held=$((held + 1))
		dmsetup suspend pool
		: >/run/go
		up_to 100
		dmsetup load pool --table "$pool_table"
		dmsetup resume pool
	fi
	while is_running $engine; do
		reload_pool
		up_to 100
	done
	if ! wait $engine; then
		# The table of the engine was refused.
		refused=$((refused + 1))
		dmsetup remove --retry $A 2>/run/null
		thin_on $A 1 1G
	fi
	[ "$(device_bytes $A)" = $((2 * GIB)) ] || short+=" $i"
	mount /dev/mapper/$A /run/disk/$A || bad+=" $i: not mounted;"
	[ "$(cat /run/disk/$A/whose)" = $A ] || bad+=" $i: not its data;"
	umount /run/disk/$A
	dmsetup remove --retry $A || bad+=" $i: not removed;"
done
echo "$ROUNDS activations, heal was held in $held; the kernel refused the table of the engine $refused times, that of heal $(($(refused_loads) - refused)) times" | diag
isnt "pool reloads: heal was held at least once" $held 0
is "pool reloads: no device is too short after its udev event" "$short" ""
is "pool reloads: each device mounts and has its data" "$bad" ""
is "pool reloads: heal reports no failure" "$(grep -cE 'action=(fail|skip|warn)' /run/messages)" 0
is "pool reloads: no device stays suspended" "$(suspended)" 0

## A device is removed while heal works on it, and another gets its number

minor_of() {
	dmsetup info -c --noheadings -o minor "$1"
}

# impatiently NAME ID: creates a device without waiting for udev, as some engines do
impatiently() {
	DM_DISABLE_UDEV=1 dmsetup create "$1" --table "0 2097152 thin /dev/mapper/pool $2"
}

# goes NAME [TRIES]: removes the device, if necessary as soon as nothing has it open; adds the failed tries to $busy
goes() {
	local tries=${2:-1000}
	until DM_DISABLE_UDEV=1 dmsetup remove "$1" 2>/run/null; do
		busy=$((busy + 1)) tries=$((tries - 1))
		[ $tries -gt 0 ] || return
	done
}

# check_b ROUND: disk B has its length, its own data, and no second table
check_b() {
	local table info
	table=$(dmsetup table $B)
	info=$(dmsetup info -c --noheadings -o tables_loaded,suspended $B)
	[ "$table" = "0 $(sectors 3G) thin $pool 2" ] || short+=" $1: $table;"
	[ "$info" = "Live:Active" ] || bad+=" $1: $info;"
	mount /dev/mapper/$B /run/disk/$B || bad+=" $1: not mounted;"
	[ "$(cat /run/disk/$B/whose)" = $B ] || bad+=" $1: not its data;"
	umount /run/disk/$B
}

pool=$(dmsetup info -c --noheadings -o major,minor pool)
short='' bad='' busy=0 reused=0 held=0 free=0
: >/run/messages
for i in $(seq "$ROUNDS"); do
	hold_at "$i"
	impatiently $A 1
	number=$(minor_of $A)
	udevadm settle --timeout=60 &
	settled=$!
	if is_held $settled; then
		held=$((held + 1))
		if goes $A 2; then
			free=$((free + 1))
			impatiently $B 2
		fi
	fi
	up_to 20
	: >/run/go
	if [ ! -e /dev/mapper/$B ]; then
		goes $A || bad+=" $i: $A does not go;"
		impatiently $B 2
	fi
	[ "$(minor_of $B)" = "$number" ] && reused=$((reused + 1))
	wait $settled
	udevadm settle --timeout=60
	check_b "$i"
	goes $B || bad+=" $i: $B does not go;"
	udevadm settle --timeout=60
done
echo "$ROUNDS removals, heal was held in $held, and in $free of them the device was removed; $busy attempts found it open" | diag
is "reused number: it was reused in each round" $reused "$ROUNDS"
isnt "reused number: a device was removed at least once while heal was held" $free 0
is "reused number: no device is too short or has the table of another" "$short" ""
is "reused number: each device mounts and has its data" "$bad" ""
is "reused number: no device stays suspended" "$(suspended)" 0
is "reused number: only devices that were too short were extended" "$(grep action= /run/messages | grep -vcE "action=heal device=($A .*to=2147483648|$B .*to=3221225472)")" 0
rm /run/udev/rules.d/93-hold.rules /run/moment
reload_rules

## An operator names a disk, and another disk gets its number and is mounted before grow reads the mounts

ok "grow --device: the disk is activated" thin_on $A 1 1G
ok "grow --device: the disk mounts" mount /dev/mapper/$A /run/disk/$A
strace -o /run/strace -P /proc/self/mountinfo -e trace=openat -e inject=openat:signal=STOP:when=1 \
	/usr/sbin/oci-thin-grow grow --device $A 4G >/run/grow.out 2>&1 &
strace=$!

is_stopped() {
	grep -q 'stopped by SIGSTOP' /run/strace
}

ok "grow --device: it is stopped before it reads the mounts" wait_for is_stopped
umount /run/disk/$A
ok "grow --device: the disk is removed" goes $A
ok "grow --device: another disk is activated" thin_on $B 2 1G
is "grow --device: the other disk has the same number" "$(minor_of $B)" "$number"
mount /dev/mapper/$B /run/disk/$B
kill -CONT "$(pgrep -P "$strace")"
ok "grow --device: it fails" not wait $strace
like "grow --device: it reports what happened" "$(cat /run/grow.out)" "$A.*it is gone, device .*$B.* has its number now"
is "grow --device: the other disk is untouched" "$(device_bytes $B)" $((3 * GIB))
umount /run/disk/$B
ok "grow --device: the other disk is removed" goes $B

ok "disk A is activated at the end" thin_on $A 1 1G
ok "disk B is activated at the end" thin_on $B 2 1G
for disk in $A $B; do
	if [ "$FS" = ext4 ]; then
		ok "$disk: the filesystem check finds no error" e2fsck -fn "/dev/mapper/$disk"
	else
		ok "$disk: the filesystem check finds no error" xfs_repair -n "/dev/mapper/$disk"
	fi
done
finish
