/* SPDX-License-Identifier: Apache-2.0 */
#include "job/ceiling.h"

#include "base/cleanup.h"
#include "disk/growd-lock.h"
#include "job/request.h"
#include "job/settings.h"
#include "job/target.h"

/* An annotation comes before a label, as for a size. */
static struct request find_asked(struct job *job, const struct policy *policy)
{
	struct request asked;

	policy_request_max(ORIGIN_ANNOTATION, job->annotations, JOB_ANNOTATIONS, &asked);
	if (!request_exists(&asked) && policy->labels && job_labels(job))
		policy_request_max(ORIGIN_LABEL, &job->labels, 1, &asked);
	return asked;
}

static bool is_sandbox(struct job *job)
{
	return policy_is_sandbox(job->annotations, JOB_ANNOTATIONS) ||
	       (job_labels(job) && policy_is_sandbox(&job->labels, 1));
}

void ceiling_of(struct job *job, const struct policy *policy, struct ceiling *ret)
{
	struct facts facts = job_facts(job, policy);
	struct request asked = find_asked(job, policy);

	*ret = (struct ceiling){.sandbox = is_sandbox(job)};
	if (ret->sandbox)
		return;
	autogrow_decide(policy, &facts, asked.text, &ret->verdict);
	if (request_exists(&asked))
		request_source_into(&ret->asked, &asked, ':');
}

void ceiling_of_container(const struct engine_container *container, const struct policy *policy,
			  struct ceiling *ret)
{
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	_cleanup_(job_free) struct job job = {.rootfs.fd = -EBADF};
	struct why unused;

	*ret = (struct ceiling){0};
	if (target_of(container, &target, &unused) < 0)
		return;
	job = target_job(&target);
	ceiling_of(&job, policy, ret);
}

bool ceiling_is_held(const struct policy *policy, const char *run_dir, struct why *why)
{
	if (settings_switched_off(policy, run_dir, why))
		return true;
	if (growd_is_running(run_dir))
		return false;
	why_set(why, 0,
		"oci-thin-growd is not running. Fix: systemctl enable --now oci-thin-growd");
	return true;
}

const char *ceiling_source_into(struct text *out, const struct ceiling *ceiling)
{
	switch (ceiling->verdict.source) {
	case AUTOGROW_TENANT:
		return text_into(out, "%s", ceiling->asked.s);
	case AUTOGROW_RULE:
		return text_into(out, "rule:%s", ceiling->verdict.rule->name);
	case AUTOGROW_CONFIG:
		return text_into(out, "configuration");
	case AUTOGROW_OFF:
		break;
	}
	return text_into(out, "%s", "");
}
