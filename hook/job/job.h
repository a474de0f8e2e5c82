/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One container from request to result, the same for every command: find the request, apply the
 * policy, find the thin device, grow. tell.h puts the result into words.
 */

#include "base/why.h"
#include "disk/grow.h"
#include "disk/healing.h"
#include "oci/json.h"
#include "policy/policy.h"

#include <stdbool.h>

#define JOB_ANNOTATIONS 2

enum job_outcome {
	JOB_NOTHING, /* no size is requested; nothing is reported */
	JOB_KEPT,
	JOB_GROWN,
	JOB_NOT_APPLICABLE,
	JOB_SWITCHED_OFF, /* a size is requested, but the program is switched off */
	JOB_POSTPONED,	  /* not possible now; the container starts with the disk that it has */
	JOB_REFUSED,
	JOB_FAILED,
};

struct job {
	/* in: describes the container; the strings stay the caller's */
	const char *container, *bundle;
	const char *root_path;	/* NULL: not known */
	const char *engine;	/* NULL: derived from the bundle's path */
	const char *image, *ns; /* NULL: looked up in annotations and the engine's files */
	const struct json *annotations[JOB_ANNOTATIONS];
	const struct json *labels; /* NULL: looked up in the engine's files */
	const char *size_option;   /* Docker's, where Docker ignores it; NULL: looked up likewise */
	const char *no_root;	   /* why root_path is NULL, if that is known */
	bool in_pod;		   /* false: annotations decide */
	bool dry_run;
	bool at_start;		       /* it waits, and starts if its disk is large enough */
	bool refuse_unhealed;	       /* refuse a growth after which it would not start again */
	const struct healing *host;    /* healing_host(); NULL: called when it is needed */
	struct rule_verdict *verdicts; /* gets one for each rule; NULL: not wanted */
	/*
	 * May this process grow the container? Called only if there is something to do. Returns
	 * JOB_NOTHING: yes; or the outcome, with job->why. NULL: yes.
	 */
	enum job_outcome (*check)(struct job *job);
	const void *check_context;
	/* Opens the rootfs when it is needed; NULL: opens root_path, relative to the bundle. */
	int (*open_rootfs)(void *context, struct rootfs *ret, struct why *why);
	void *open_context;
	grow_progress *progress; /* as in struct grow_order, and so is @warn */
	void (*warn)(const char *caution, void *context);
	void *progress_context;

	bool in_vm; /* set by @check: a virtual machine has or gets the disk */
	/* With @in_vm: it cannot have it yet, whoever has it open. */
	bool before_vm;
	const char *vm_ns; /* with @in_vm: containerd's namespace; NULL: as the bundle says */

	/* out */
	enum job_outcome outcome;
	bool sandbox;
	struct json_doc *labels_doc; /* the engine's file in which labels were found, or NULL */
	struct request request;
	struct rootfs rootfs;
	struct grow_report report;
	struct why why; /* for all outcomes from JOB_NOT_APPLICABLE on */
	/* Labels or an option that cannot be read, and so request nothing; "": there are none. */
	struct why unread;
	int error; /* -errno of opening or growing; -ESRCH: it is not running (any more) */
	uint64_t took_ms;
	bool marked;   /* the device is marked as given to a virtual machine */
	bool unhealed; /* it is (or would be) grown, and would not start again: see @healing */
	struct healing healing; /* of the device, if an engine re-creates it */
	char *found_image, *found_ns, *found_size_option; /* what was looked up */
};

/* Uses a rootfs that is already open (@rootfs.fd is not -EBADF). */
void job_run(struct job *job, const struct policy *policy);

/* The same for a request of the caller's in job->request: no rule, default or switch applies. */
void job_grow(struct job *job, const struct policy *policy);

/* For @check, or as a part of it: JOB_NOT_APPLICABLE if this process is not root on the host. */
enum job_outcome job_check_rootless(struct job *job);

/* Did the progress function stop it? */
bool job_is_interrupted(const struct job *job);

/* Was it refused because the pool lacks room or is in trouble? Others on report.pool would be, too.
 */
bool job_is_pool_refusal(const struct job *job);

/* Why it would not start again, and how to fix that, in one line. Only if job->unhealed. */
const char *job_unhealed_into(struct text *out, const struct job *job);
#define job_unhealed(job) job_unhealed_into(&(struct text){""}, (job))

/* A warning about its request, or the growth that was, or would be, done; NULL: none. */
const char *job_warning(const struct job *job);

void job_free(struct job *job);
