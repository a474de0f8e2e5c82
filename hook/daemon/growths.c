/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"
#include "base/log.h"
#include "base/minmax.h"
#include "base/ratio.h"
#include "base/text.h"
#include "daemon/child.h"
#include "daemon/daemon.h"
#include "daemon/decision.h"
#include "daemon/growth.h"
#include "disk/lock.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_A_TIME     4
#define LONG_MS	      5000 /* one that takes longer waits for something, and others do not */
#define STUCK_MS      30000
#define WARN_PERMILLE 900 /* of the largest size */
#define CALM_PERMILLE 800

/* --- what the log says ----------------------------------------------------------------------- */

static void log_watch(struct log_line *line, const char *action, const struct watch *watch)
{
	const struct owner *owner = &watch->owner;

	log_begin(line, action);
	log_add(line, "container", owner->label);
	log_add(line, "engine", owner->engine);
	log_add(line, "device", owner->device);
	log_add_u64(line, "size", owner->bytes);
	log_add_u64(line, "max", owner->limits.max_bytes);
}

static void log_limit(struct daemon *daemon, struct watch *watch, enum decision decision)
{
	bool is_pools = decision == DECIDE_POOL_BUDGET;
	const struct autogrow *limits =
		is_pools ? &daemon->live.policy.autogrow : &watch->owner.limits;
	struct log_line line;

	if (watch->told_limit)
		return;
	watch->told_limit = true;
	daemon->counts[COUNT_LIMITED]++;
	log_watch(&line, "limit", watch);
	log_add(&line, "source", "autogrow");
	log_add(&line, "reason",
		text("it is filling up, but %s budget of %u steps per %s is used up",
		     is_pools ? "its pool's" : "its",
		     limits->budget * (is_pools ? POOL_BUDGET_FACTOR : 1),
		     duration_format(limits->budget_ms)));
	log_end(&line, LOG_WARNING);
}

/* How much of the largest size is in use? */
static uint64_t max_permille(const struct watch *watch)
{
	const struct sample *sample = &watch->pace.last;
	uint64_t max = watch->owner.limits.max_bytes;

	return watch->owner.bytes >= max ? pace_used_permille(sample)
					 : permille(sample->used_bytes, max);
}

static void warn_near_max(struct watch *watch)
{
	uint64_t used = max_permille(watch);
	struct log_line line;

	if (!watch->owner.limits.max_bytes || used < CALM_PERMILLE)
		watch->told_max = false;
	if (!watch->owner.limits.max_bytes || used < WARN_PERMILLE || watch->told_max)
		return;
	watch->told_max = true;
	log_watch(&line, "warn", watch);
	log_add_u64(&line, "used", watch->pace.last.used_bytes);
	log_add(&line, "warning",
		text("%s of the largest size to which it grows by itself is in use",
		     permille_format(used)));
	log_end(&line, LOG_WARNING);
}

static void log_stuck(const struct watch *watch)
{
	struct log_line line;

	log_watch(&line, "warn", watch);
	log_add_u64(&line, "to", watch->growing_to_bytes);
	log_add(&line, "reason",
		"its growth waits in the kernel: its filesystem is frozen, or its pool has no "
		"space");
	log_end(&line, LOG_WARNING);
}

/* --- growing --------------------------------------------------------------------------------- */

static size_t n_running(const struct daemon *daemon, uint64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < daemon->table.n; i++) {
		const struct watch *watch = daemon->table.watches[i];

		n += watch->growing && now_ms - watch->growing_since_ms < LONG_MS;
	}
	return n;
}

static void back_off(struct watch *watch, uint64_t now_ms)
{
	watch->backoff_ms = decide_backoff_ms(watch->backoff_ms);
	watch->backoff_until_ms = now_ms + watch->backoff_ms;
}

static void forgo(struct watch *watch, uint64_t now_ms)
{
	budget_take_back(&watch->steps);
	back_off(watch, now_ms);
}

/*
 * The step is charged before it begins, and that is written down: a daemon that is killed again and
 * again has no more steps than any other. If it is killed, the next one does not know how the step
 * ended, and the charge stays. With a reboot all steps are forgotten, so RUN_DIR is enough.
 */
static int charge(struct daemon *daemon, struct watch *watch, uint64_t now_ms)
{
	int r = budget_spend(&watch->steps, now_ms);

	if (r == 0)
		status_write(daemon, now_ms);
	return r;
}

static void start_growth(struct daemon *daemon, struct watch *watch, uint64_t now_ms)
{
	const struct owner *owner = &watch->owner;
	const struct policy *policy = &daemon->live.policy;
	const struct growth growth = {
		.container = owner->label,
		.engine = owner->engine,
		.in_pod = owner->in_pod,
		.path = watch->mount.path,
		.device = owner->device,
		.dev = watch->mount.dev,
		.rule = owner->rule == OWNER_NONE ? NULL : &policy->rules[owner->rule],
		.bytes = autogrow_next_bytes(&owner->limits, owner->bytes),
	};
	pid_t pid;

	if (charge(daemon, watch, now_ms) < 0) {
		back_off(watch, now_ms);
		return;
	}
	pid = child_fork(-EBADF, false);
	if (pid == 0)
		_exit((int)growth_run(&growth, policy));
	if (pid < 0) {
		forgo(watch, now_ms);
		return;
	}
	watch->growing = pid;
	watch->growing_since_ms = now_ms;
	watch->growing_to_bytes = growth.bytes;
}

/* Its owner's limits may be those of an earlier configuration. */
static bool may_act(const struct daemon *daemon, const struct watch *watch, uint64_t now_ms)
{
	struct why unused;

	return watch->generation == daemon->generation && !daemon->switched_off &&
	       !reload_switched_off(&daemon->live, RUN_DIR, &unused) &&
	       n_running(daemon, now_ms) < AT_A_TIME;
}

/* A writer that goes on for hours is reported once; one that has stopped needs no back-off. */
static void expire(const struct daemon *daemon, struct watch *watch, uint64_t now_ms)
{
	const struct autogrow *general = &daemon->live.policy.autogrow;
	uint64_t own_ms = autogrow_step_ms(&watch->owner.limits);

	watch->remembered_ms = larger(own_ms, general->budget_ms);
	budget_expire(&watch->steps, watch->remembered_ms, now_ms);
	if (watch->told_limit && budget_spent(&watch->steps, own_ms, now_ms) == 0 &&
	    !decide_pool_is_spent(&daemon->table, watch->owner.pool, general, now_ms))
		watch->told_limit = false;
	if (now_ms >= watch->backoff_until_ms && pace_need(&watch->pace) == PACE_NONE)
		watch->backoff_ms = watch->backoff_until_ms = 0;
}

uint64_t growths_consider(struct daemon *daemon, struct watch *watch, uint64_t now_ms)
{
	enum decision decision = DECIDE_NOTHING;

	if (watch->state == WATCH_KNOWN) {
		warn_near_max(watch);
		expire(daemon, watch, now_ms);
		decision =
			decide_growth(watch, &daemon->table, &daemon->live.policy.autogrow, now_ms);
	}
	if (decision == DECIDE_BUDGET || decision == DECIDE_POOL_BUDGET)
		log_limit(daemon, watch, decision);
	if (decision == DECIDE_GROW && may_act(daemon, watch, now_ms))
		start_growth(daemon, watch, now_ms);
	return decide_next_sample(watch, decision, now_ms);
}

/* The cooldown begins with the end of the step. */
static void finish_charge(struct daemon *daemon, struct watch *watch, uint64_t now_ms)
{
	budget_take_back(&watch->steps);
	budget_spend(&watch->steps, now_ms);
	daemon->status_at_ms = 0;
}

void growths_ended(struct daemon *daemon, struct watch *watch, int status, uint64_t now_ms)
{
	int end = WIFEXITED(status) ? WEXITSTATUS(status) : GROWTH_CUT;

	watch->growing = 0;
	watch->told_stuck = false;
	watch->sample_at_ms = now_ms;
	switch (end) {
	case GROWTH_DONE:
		daemon->counts[COUNT_GROWN]++;
		finish_charge(daemon, watch, now_ms);
		watch->owner.bytes = watch->growing_to_bytes;
		watch->backoff_ms = watch->backoff_until_ms = 0;
		break;
	case GROWTH_KEPT:
		budget_take_back(&watch->steps);
		watch_ask_size(watch, now_ms);
		break;
	case GROWTH_GONE:
		watch->look_at_size = false;
		watch->look_at_ms = now_ms;
		forgo(watch, now_ms);
		break;
	case GROWTH_CUT:
		daemon->counts[COUNT_FAILED]++;
		finish_charge(daemon, watch, now_ms);
		watch_ask_size(watch, now_ms);
		back_off(watch, now_ms);
		break;
	default:
		daemon->counts[end == GROWTH_REFUSED ? COUNT_REFUSED : COUNT_FAILED]++;
		watch_ask_size(watch, now_ms);
		forgo(watch, now_ms);
	}
}

void growths_check(struct daemon *daemon, uint64_t now_ms)
{
	for (size_t i = 0; i < daemon->table.n; i++) {
		struct watch *watch = daemon->table.watches[i];

		if (!watch->growing || watch->told_stuck ||
		    now_ms - watch->growing_since_ms < STUCK_MS)
			continue;
		watch->told_stuck = true;
		log_stuck(watch);
	}
}
