/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The way of one container through the program, the same for every role: what is asked, is it
 * allowed, is there a thin device, make it so. tell.h puts what came of it into words.
 */

#include "base/why.h"
#include "disk/grow.h"
#include "disk/healing.h"
#include "oci/json.h"
#include "policy/policy.h"

#include <stdbool.h>

#define JOB_ANNOTATIONS 2

enum job_outcome {
	JOB_NOTHING, /* nothing asked: not a word about it */
	JOB_KEPT,
	JOB_GROWN,
	JOB_NOT_APPLICABLE,
	JOB_SWITCHED_OFF, /* it asks, but hook and wrapper are to do nothing */
	JOB_POSTPONED,	  /* not now; the container starts with the disk that it has */
	JOB_REFUSED,
	JOB_FAILED,
};

struct job {
	/* in: who the container is; the strings are the caller's */
	const char *container, *bundle;
	const char *root_path;	/* NULL: not said */
	const char *engine;	/* NULL: as the bundle's place tells */
	const char *image, *ns; /* NULL: to be looked for in annotations and the engine's files */
	const struct json *annotations[JOB_ANNOTATIONS];
	const struct json *labels; /* NULL: to be looked for in the engine's files */
	const char *size_option;   /* Docker's, where it has no effect; NULL: as with labels */
	const char *no_root;	   /* why root_path is NULL, if it is known */
	bool in_pod;		   /* false: as annotations and labels say */
	bool dry_run;
	/* JOB_REFUSED where the growth would keep the container from starting again. */
	bool refuse_unhealed;
	const struct healing *host;    /* healing_host(); NULL: to be asked if there is need */
	struct rule_verdict *verdicts; /* to be filled: one for each rule; NULL: not wanted */
	/*
	 * Is this the place to do it? Asked only if something is to be done: JOB_NOTHING, or the
	 * outcome, with @why. NULL: it is.
	 */
	enum job_outcome (*check)(struct job *job);
	const void *check_context;
	/* How to open the rootfs, if it comes to that; NULL: root_path, below the bundle. */
	int (*open_rootfs)(void *context, struct rootfs *ret, struct why *why);
	void *open_context;
	grow_progress *progress; /* as in struct grow_order, and so is @warn */
	void (*warn)(const char *caution, void *context);
	void *progress_context;

	bool in_vm; /* from @check: a virtual machine may have the disk, too */

	/* out */
	enum job_outcome outcome;
	bool sandbox;
	struct json_doc *labels_doc; /* the engine's file that labels were found in, or NULL */
	struct request request;
	struct rootfs rootfs;
	struct grow_report report;
	struct why why; /* for all outcomes from JOB_NOT_APPLICABLE on */
	int error;	/* -errno of opening or growing; -ESRCH: it is not running (any more) */
	uint64_t took_ms;
	bool unhealed; /* it is (or would be) grown, and would not start again: see @healing */
	struct healing healing; /* of the device, if an engine re-creates it */
	char *found_image, *found_ns, *found_size_option; /* what was looked for */
};

/* A rootfs that is open already (@rootfs.fd is not -EBADF) is taken as it is. */
void job_run(struct job *job, const struct policy *policy);

/* The same for a request that is made already, in @job->request: no rule, no default, no switch. */
void job_grow(struct job *job, const struct policy *policy);

/* For @check, or as a part of it: JOB_NOT_APPLICABLE if we are not root on the host. */
enum job_outcome job_check_rootless(struct job *job);

/* Did the progress function end it? */
bool job_is_interrupted(const struct job *job);

/* Was it the pool that refused? Then report.pool tells which, and others on it fare no better. */
bool job_is_pool_alarm(const struct job *job);

/* What @policy needs to know of the container: pointers into @job. */
struct facts job_facts(struct job *job, const struct policy *policy);

/* "docker", ...: as in engine/engine.h or engine/container.h. */
const char *job_engine(const struct job *job);

/* Why it would not start again, and what repairs that: one line. @job->unhealed is set. */
const char *job_unhealed_into(struct text *out, const struct job *job);
#define job_unhealed(job) job_unhealed_into(&(struct text){""}, (job))

/* A warning about a growth that was done, or would be; NULL: none. */
const char *job_warning(const struct job *job);

void job_free(struct job *job);
