#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# heal against a pool that is suspended and reloaded at random moments, and against device numbers that are used again
# at random moments: no device stays short, none gets another's table, none stays suspended.
# suites: bookworm trixie
# matrix: bookworm:FS=ext4
# soak: bookworm:FS=ext4 trixie:FS=xfs
# limit: 600
# soak-limit: 7200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

ROUNDS=$((${SOAK:-1} * 20 / 3)) # 6, or 200 for a soak of 30
A="pool-snap-1"
B="pool-snap-2"

# up_to MS: a random time of at most that
up_to() {
	local ms=$((RANDOM % $1))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

activations() {
	grep -c "action=heal device=$1" /run/messages
}

refused_loads() {
	dmesg | grep -c 'Unable to activate thin device while pool is suspended'
}

suspended() {
	dmsetup info -c --noheadings -o suspended | grep -c ^Suspended
}

# grown_disk NAME SIZE: a disk that its engine makes with 1 GiB and that has SIZE, not active
grown_disk() {
	new_disk "$1" && grow_disk "$1" "$2" && echo "$1" >"/run/disk/$1/whose" && drop_disk "$1"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
next_thin_id=1
ok "a disk" grown_disk $A 2G
ok "another" grown_disk $B 3G
dmesg -C

## The pool is suspended, and gets a new table, again and again

# Half of the time as long as an lvextend has it suspended, half of the time no longer than it takes.
pool_storm() {
	local table
	table=$(dmsetup table pool)
	while [ ! -e /run/calm ]; do
		up_to 200
		if [ $((RANDOM % 2)) = 0 ]; then
			dmsetup suspend pool
			up_to 150
		fi
		dmsetup load pool --table "$table"
		dmsetup resume pool
	done
}

short='' refused=0 bad=''
pool_storm >/run/storm.log 2>&1 &
storm=$!
for i in $(seq "$ROUNDS"); do
	# The engine's own load may be refused, too.
	until thin_on $A 1 1G 2>/run/null; do
		refused=$((refused + 1))
		dmsetup remove --retry $A 2>/run/null
	done
	[ "$(device_bytes $A)" = $((2 * GIB)) ] || short+=" $i"
	mount /dev/mapper/$A /run/disk/$A || bad+=" $i: not mounted;"
	[ "$(cat /run/disk/$A/whose)" = $A ] || bad+=" $i: not its data;"
	umount /run/disk/$A
	dmsetup remove --retry $A || bad+=" $i: not removed;"
done
: >/run/calm
ok "pool: the storm is over" wait $storm
echo "$ROUNDS activations; the engine's load was refused $refused times, heal's $(($(refused_loads) - refused)) times" | diag
is "pool: none was too short after udev" "$short" ""
is "pool: all was well" "$bad" ""
is "pool: each was healed, once" "$(activations $A)" "$ROUNDS"
is "pool: nothing failed" "$(grep -cE 'action=(fail|skip|warn)' /run/messages)" 0
is "pool: nothing is suspended" "$(suspended)" 0

## A device goes while heal is at it, and another gets its number

# Random pauses before each call that looks at a device, opens it or changes it
cat >/run/slow.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void pause_a_while(void)
{
	static unsigned int seed;
	struct timespec now;

	if (strcmp(program_invocation_short_name, "oci-thin-grow") != 0)
		return;
	if (!seed) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		seed = (unsigned int)now.tv_nsec ^ (unsigned int)getpid();
	}
	if (rand_r(&seed) % 3)
		usleep((useconds_t)(rand_r(&seed) % 40000));
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, void *);
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!real)
		real = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
	pause_a_while();
	return real(fd, request, arg);
}

static int slow_open(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);

	if (strncmp(path, "/dev/dm-", 8) == 0)
		pause_a_while();
	return real(path, flags, mode);
}

#define OPEN(name)                                             \
	int name(const char *path, int flags, ...)             \
	{                                                      \
		mode_t mode = 0;                               \
		va_list ap;                                    \
		va_start(ap, flags);                           \
		if (flags & O_CREAT)                           \
			mode = va_arg(ap, mode_t);             \
		va_end(ap);                                    \
		return slow_open(#name, path, flags, mode);    \
	}
#undef open
#undef open64
#undef __open_2
OPEN(open)
OPEN(open64)

#define OPEN_2(name, real)                                     \
	int name(const char *path, int flags)                  \
	{                                                      \
		return slow_open(real, path, flags, 0);        \
	}
OPEN_2(__open_2, "open")
OPEN_2(__open64_2, "open64")
END
ok "the pauses are built" gcc -O0 -shared -fPIC -o /run/slow.so /run/slow.c -ldl
mkdir -p /run/udev/rules.d
echo 'SUBSYSTEM=="block", KERNEL=="dm-[0-9]*", ENV{LD_PRELOAD}="/run/slow.so"' >/run/udev/rules.d/93-slow.rules
udevadm control --reload

minor_of() {
	dmsetup info -c --noheadings -o minor "$1"
}

# impatiently NAME ID: as engines do that do not wait for udev
impatiently() {
	DM_DISABLE_UDEV=1 dmsetup create "$1" --table "0 2097152 thin /dev/mapper/pool $2"
}

# gone NAME: removed as soon as nobody has it open; how often somebody had is added up in $busy
gone() {
	local end=$((SECONDS + 30))
	until DM_DISABLE_UDEV=1 dmsetup remove "$1" 2>/run/null; do
		busy=$((busy + 1))
		[ $SECONDS -lt $end ] || return
	done
}

# check_b ROUND: the other one is as long as it must be, is nobody else's, and waits for nothing
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
short='' bad='' busy=0 reused=0 first=0
: >/run/messages
for i in $(seq "$ROUNDS"); do
	impatiently $A 1
	number=$(minor_of $A)
	up_to 120
	[ "$(device_bytes $A)" = $GIB ] && first=$((first + 1))
	gone $A || bad+=" $i: $A does not go;"
	impatiently $B 2
	[ "$(minor_of $B)" = "$number" ] && reused=$((reused + 1))
	udevadm settle --timeout=60
	check_b "$i"
	gone $B || bad+=" $i: $B does not go;"
	udevadm settle --timeout=60
done
echo "$ROUNDS removals, $first of them before heal was through; $busy tries met a device that was open" | diag
is "number: it was used again each time" $reused "$ROUNDS"
isnt "number: heal was at work" $first 0
is "number: none was too short, none had another's table" "$short" ""
is "number: all was well" "$bad" ""
is "number: nothing is suspended" "$(suspended)" 0
is "number: only what was short was healed" "$(grep action= /run/messages | grep -vcE "action=heal device=($A .*to=2147483648|$B .*to=3221225472)")" 0
rm /run/udev/rules.d/93-slow.rules
udevadm control --reload

ok "the disk is whole" thin_on $A 1 1G
ok "and the other" thin_on $B 2 1G
for disk in $A $B; do
	if [ "$FS" = ext4 ]; then
		ok "$disk: no error in it" e2fsck -fn "/dev/mapper/$disk"
	else
		ok "$disk: no error in it" xfs_repair -n "/dev/mapper/$disk"
	fi
done
finish
