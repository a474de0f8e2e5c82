/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `explain CONTAINER... | --state FILE`: how large the disk is and why, how large at the next
 * start, and what the hook or `apply` would do now. Changes nothing.
 */

#include "base/cleanup.h"
#include "base/log.h"
#include "disk/lock.h"
#include "host/explanation.h"
#include "job/bundle.h"
#include "job/request.h"
#include "job/target.h"
#include "job/tell.h"
#include "role/role.h"
#include "setup/setup.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-grow explain [OPTIONS] CONTAINER...\n"
	"       oci-thin-grow explain [OPTIONS] --state FILE\n"
	"Shows how large a container's disk is and why, how far it grows by itself, how\n"
	"large it will be at the next start, and what would be done now, rule by rule.\n"
	"Nothing is changed. With --verbose also devices, sectors, blocks, and where\n"
	"each value of autogrow is set.\n\n"
	"  --state FILE       an OCI container state as runtimes give it to hooks, or -\n"
	"                     for stdin\n"
	"  --json             one JSON object, sizes in bytes\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n"
	"\n"
	"Examples:\n"
	"  oci-thin-grow explain web\n"
	"  oci-thin-grow explain web docker:db\n"
	"  runc state c1 | oci-thin-grow explain --state -\n\n"
	"Exit status: 0 explained, 1 failed, 2 usage, 4 no such container.\n";

/* Explains containers, one after another. */
struct explainer {
	const struct arguments *args;
	struct json_writer *json; /* NULL: as text */
	bool first;		  /* no empty line before it */
	const char *held;	  /* as in struct ceiling_view */
};

/* Does the engine call us? Assumed for a runtime without an engine. */
static bool engine_calls_us(const char *engine)
{
	const struct setup_place here = {0};
	struct setup_view view;
	struct why unused;
	bool calls = true;

	if (setup_look(&here, engine, &view, &unused) < 0)
		return true;
	calls = view.state == SETUP_ON || view.state == SETUP_NO_ENGINE;
	setup_view_free(&view);
	return calls;
}

/* --- looking --------------------------------------------------------------------------------- */

static void print_explanation(struct explainer *explainer, const struct explanation *this)
{
	if (explainer->json) {
		explanation_json(this, explainer->json);
		return;
	}
	if (!explainer->first)
		putchar('\n');
	explainer->first = false;
	explanation_print(this, explainer->args->verbose, stdout);
}

/* Shows one container, whose outlook is known; runs its job, and frees all. 0 or -ENOMEM. */
static int show(struct explainer *explainer, struct explanation *this)
{
	size_t n_rules = this->policy->n_rules;
	int r;

	inventory_pool(&this->outlook.disk, &this->pool);
	this->engine_calls_us = engine_calls_us(job_engine(&this->job));
	this->job.verdicts = calloc(n_rules + 1, sizeof(*this->job.verdicts));
	r = this->job.verdicts ? 0 : -ENOMEM;
	if (r == 0) {
		this->job.dry_run = true;
		job_run(&this->job, this->policy);
		ceiling_of(&this->job, this->policy, &this->ceiling);
		print_explanation(explainer, this);
	}
	free(this->job.verdicts);
	thin_pool_free(&this->pool);
	outlook_free(&this->outlook);
	job_free(&this->job);
	return r;
}

/* A container that is being created: no engine's files have it as a running one. */
static int explain_state(struct explainer *explainer, const struct container *state)
{
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	_cleanup_free_ char *id = strdup(state->state.id);
	struct engine_container container = {.id = id, .pid = 1};
	struct explanation this = {
		.policy = explainer->args->policy, .held = explainer->held, .state = ""};
	struct inventory disk = {0};
	struct healing host;
	const struct outlook_order order = outlook_order_host(explainer->args->policy, &host);
	struct why unused;

	this.job = container_job(state);
	this.job.at_start = true;
	container.engine = job_engine(&this.job);
	container.in_pod = job_is_in_pod(&this.job);
	if (this.job.root_path)
		rootfs_open(this.job.bundle, this.job.root_path, &rootfs, &unused);
	if (inventory_at(&container, this.policy, &state->spec, &rootfs, &disk))
		outlook_of(&disk, &order, &this.outlook);
	return show(explainer, &this);
}

static int explain_container(struct explainer *explainer, const struct engine_container *container)
{
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	struct explanation this = {.policy = explainer->args->policy, .held = explainer->held};
	struct healing host;
	const struct outlook_order order = outlook_order_host(explainer->args->policy, &host);
	struct why unused;

	if (target_of(container, &target, &unused) < 0)
		return -ENOMEM;
	this.job = target_job(&target);
	this.state = container->pid ? "running" : "stopped";
	outlook_look(container, &order, &this.outlook);
	if (this.outlook.in_vm)
		this.state = "in a VM";
	return show(explainer, &this);
}

/* --- the command ----------------------------------------------------------------------------- */

static void begin_json(struct explainer *explainer)
{
	explainer->json = explainer->args->json ? json_writer_begin() : NULL;
	json_write_array(explainer->json, "containers");
}

static int read_state(const char *path, struct container *ret, struct why *why)
{
	_cleanup_close_ int fd = -EBADF;
	const char *flaw;
	int r;

	fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		why_set(why, 0, "%s: %s", path, strerror(errno));
		return -EIO;
	}
	r = container_read(fd, path, ret, why);
	if (r < 0)
		return r;
	flaw = *ret->state.flaw.text ? ret->state.flaw.text : ret->no_spec.text;
	return *flaw ? why_set(why, EINVAL, "%s: %s", path, flaw) : 0;
}

static int run_state(struct explainer *explainer, const char *path)
{
	_cleanup_(container_free) struct container container = {0};
	struct why why;

	if (read_state(path, &container, &why) < 0)
		return tell_failure("explain", explainer->args->json, EXIT_FAILED, why.text);
	begin_json(explainer);
	return explain_state(explainer, &container) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Explains all that are found. The first status that is not EXIT_OK. */
static int run_named(struct explainer *explainer, const struct arguments *args)
{
	_cleanup_(engine_list_free) struct engine_list list = {0};
	int status = EXIT_OK;
	struct why why;

	if (target_list(&args->target, &list, &why) < 0)
		return tell_failure("explain", args->json, EXIT_FAILED, why.text);
	begin_json(explainer);
	for (char *const *name = args->operands; *name; name++) {
		const struct engine_container *found;
		int r = engine_list_find(&list, *name, &found, &why);

		if (r < 0) {
			log_stderr("explain: %s", why.text);
			tell_missing_json(*name, why.text, explainer->json);
		}
		r = r < 0				      ? target_exit_status(r)
		    : explain_container(explainer, found) < 0 ? EXIT_FAILED
							      : EXIT_OK;
		if (status == EXIT_OK)
			status = r;
	}
	return status;
}

static int run_explain(const struct arguments *args)
{
	struct explainer explainer = {.args = args, .first = true};
	struct why held;
	int status;

	if ((args->n_operands > 0) == (args->state != NULL))
		return tell_usage("explain", args->json, "name containers, or a file with --state");
	if (args->policy->broken)
		log_stderr("explain: %s: using the built-in defaults", args->policy->broken);
	if (ceiling_is_held(args->policy, RUN_DIR, &held))
		explainer.held = held.text;
	status = args->state ? run_state(&explainer, args->state) : run_named(&explainer, args);
	json_write_array_close(explainer.json);
	return tell_end("explain", explainer.json, explainer.json) < 0 ? EXIT_FAILED : status;
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "CONTAINER...",
	.what = "size of a disk, why, and its next start",
	.help = help,
	.options = {"state", "json", "data-root"},
	.max_operands = ANY_NUMBER,
	.needs_root = true,
	.policy = POLICY_ANY,
	.run = run_explain,
};
