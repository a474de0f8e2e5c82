/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon: one loop that waits for signals, mounts that come and go, answers of its children,
 * an engine's requests (nri.h), and the next time that is due. It never waits for anything else:
 * see child.h. All times are CLOCK_BOOTTIME.
 */

#include "daemon/notify.h"
#include "daemon/nri.h"
#include "daemon/reload.h"
#include "daemon/sampler.h"
#include "daemon/watch.h"
#include "host/daemon-state.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define DAEMON_NEVER UINT64_MAX

struct daemon {
	struct live_policy live;
	unsigned int generation; /* of live.policy: how often it was read */
	bool switched_off;
	const char *run_dir; /* of status.c: RUN_DIR, except in tests */
	struct notify notify;
	int lock_fd;
	int mounts_fd, signal_fd;
	struct watch_table table;
	struct sampler sampler;
	struct nri nri;
	struct {
		pid_t pid; /* 0: none runs */
		int fd;	   /* for its answers; -EBADF: none are expected */
		uint64_t since_ms;
	} look; /* for owners */
	struct {
		struct timespec time; /* of its directory, at the last look */
		unsigned int looks;   /* still to come after a change */
		uint64_t look_at_ms;
	} ledger;
	uint64_t counts[DAEMON_COUNTS];
	bool told_status; /* that it cannot be written */
	uint64_t mounts_at_ms, check_at_ms, notify_at_ms, status_at_ms;
	bool stopping;
};

/* Runs until a signal ends it. Takes over @notify. The program's exit status. */
int daemon_run(const char *config_file, const struct notify *notify);

/*
 * The parts of the loop. Each ..._due() is when its ..._run() has something to do; the others are
 * called when something has arrived.
 */

/* Samples of filesystems and pools (samples.c). */
uint64_t samples_due(const struct daemon *daemon);
void samples_run(struct daemon *daemon, uint64_t now_ms);
void samples_arrived(struct daemon *daemon, uint64_t now_ms);

/* Owners of filesystems (looks.c). */
uint64_t looks_due(const struct daemon *daemon);
void looks_run(struct daemon *daemon, uint64_t now_ms);
void looks_arrived(struct daemon *daemon, uint64_t now_ms);
/* All owners are asked for again, because the rules may have changed. */
void looks_renew(struct daemon *daemon, uint64_t now_ms);

/* Growths (growths.c). Decides after a sample of @watch, and returns when the next one is due. */
uint64_t growths_consider(struct daemon *daemon, struct watch *watch, uint64_t now_ms);
void growths_ended(struct daemon *daemon, struct watch *watch, int status, uint64_t now_ms);
/* Reports those that hang. */
void growths_check(struct daemon *daemon, uint64_t now_ms);

/* Growths that were put off or interrupted (finishes.c), one step of one filesystem at a time. */
uint64_t finishes_due(const struct daemon *daemon, uint64_t now_ms);
void finishes_run(struct daemon *daemon, uint64_t now_ms);
void finishes_ended(struct watch *watch, int status, uint64_t now_ms);
/* After a change of the mounts. */
void finishes_look_again(struct daemon *daemon);

/* The file of host/daemon-state.h (status.c), and what is remembered of the daemon before. */
void status_write(struct daemon *daemon, uint64_t now_ms);
void status_read(struct daemon *daemon, uint64_t now_ms);
