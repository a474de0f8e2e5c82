/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How far one container may grow before it is full, without anybody asking, and who says so. */

#include "base/text.h"
#include "engine/container.h"
#include "job/job.h"
#include "policy/autogrow.h"

struct ceiling {
	struct autogrow_verdict verdict; /* its rule lives as long as the policy */
	bool sandbox;			 /* of a pod: it never grows */
	struct text asked;		 /* "annotation:KEY" or "label:KEY" of its own; or "" */
};

/* Policy gets the facts that the hook would find, and looks them up as job_run() does. */
void ceiling_of(struct job *job, const struct policy *policy, struct ceiling *ret);

/* The same for an engine's container; what cannot be read is left out. */
void ceiling_of_container(const struct engine_container *container, const struct policy *policy,
			  struct ceiling *ret);

/* Does nothing on this host grow by itself now? With the reason. @run_dir is RUN_DIR. */
bool ceiling_is_held(const struct policy *policy, const char *run_dir, struct why *why);

/* "annotation:KEY", "rule:NAME" or "configuration"; "" if it does not grow. */
const char *ceiling_source_into(struct text *out, const struct ceiling *ceiling);
#define ceiling_source(ceiling) ceiling_source_into(&(struct text){""}, (ceiling))
