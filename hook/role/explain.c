/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `explain CONTAINER... | --state FILE`: how large the disk is and why, how large at the next
 * start, and what the hook or `apply` would do now. Changes nothing.
 */

#include "base/cleanup.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/ratio.h"
#include "base/size.h"
#include "base/text.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "host/outlook-text.h"
#include "job/bundle.h"
#include "job/job.h"
#include "job/target.h"
#include "job/tell.h"
#include "oci/json.h"
#include "policy/config.h"
#include "role/role.h"
#include "setup/setup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-grow explain [OPTIONS] CONTAINER...\n"
	"       oci-thin-grow explain [OPTIONS] --state FILE\n"
	"Shows how large a container's disk is and why, how large it will be at the next\n"
	"start, and what would be done now, rule by rule. Nothing is changed. With\n"
	"--verbose also devices, sectors and blocks.\n\n"
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

/* All that is reported about one container. */
struct explanation {
	const struct arguments *args;
	struct json_writer *json; /* NULL: as text */
	bool first;		  /* no empty line before it */
	struct job job;
	const char *state;	/* "running", "stopped", or "" if unknown */
	struct outlook outlook; /* disk.device is NULL: not on a thin device */
	struct thin_pool pool;	/* name is NULL: unknown */
};

/* --- what would be done ----------------------------------------------------------------------- */

/* A stopped container can only be grown at its next start. */
static bool waits_for_start(const struct explanation *this)
{
	return this->job.error == -ESRCH && this->job.outcome == JOB_FAILED;
}

/* Will the next start grow it beyond the size that it has then anyway? */
static bool start_grows(const struct explanation *this)
{
	const struct request *request = &this->job.request;

	return request_exists(request) && this->outlook.next == NEXT_STARTS &&
	       (waits_for_start(this) || this->job.outcome == JOB_GROWN) &&
	       request->bytes > this->outlook.next_bytes;
}

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

static const char *what_start_adds(const struct explanation *this, struct text *out)
{
	const struct request *request = &this->job.request;
	const char *engine = job_engine(&this->job), *source = request_source(request, ' ');

	*out = (struct text){""};
	if (!start_grows(this))
		return out->s;
	if (engine_calls_us(engine))
		return text_into(out, ", then grown to %s (%s)", size_format(request->bytes),
				 source);
	return text_into(out,
			 "; %s does not call oci-thin-grow, so that %s has no effect. Fix: "
			 "oci-thin-grow enable %s",
			 engine, source, engine);
}

static const char *action(const struct explanation *this)
{
	return waits_for_start(this) ? "wait" : tell_action(&this->job);
}

static struct config_origin limit_origin(const struct explanation *this, const struct rule **ret)
{
	const struct policy *policy = this->args->policy;
	const struct rule *rule = this->job.request.rule;

	*ret = rule && rule->max_bytes ? rule : NULL;
	if (*ret)
		return (struct config_origin){rule->file, rule->line};
	return config_origin(policy, "max_size");
}

/* --- as text ---------------------------------------------------------------------------------- */

static void print_request(const struct job *job)
{
	const struct request *request = &job->request;

	printf(OUTLOOK_LINE, "request");
	if (job->sandbox)
		puts("none: this is a pod's sandbox");
	else if (!request_exists(request))
		puts("none");
	else if (request->bytes)
		printf("%s, from %s\n", size_like(request->bytes, request->text),
		       request_source(request, ' '));
	else
		printf("cannot be read, from %s\n", request_source(request, ' '));
	if (request->exceeded_bytes)
		printf(OUTLOOK_LINE "it asks for %s, which is reduced to the limit\n", "",
		       size_format(request->exceeded_bytes));
}

static void print_rules(const struct job *job, const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule_verdict *verdict = &job->verdicts[i];
		const struct rule *rule = &policy->rules[i];

		printf(OUTLOOK_LINE "%s: ", "rule", rule->name);
		if (verdict->matches)
			fputs("matches", stdout);
		else
			printf("no, %s", verdict->reached ? verdict->why.text : "not reached");
		if (rule->file)
			printf(" (%s:%u)", rule->file, rule->line);
		putchar('\n');
	}
}

static void print_limit(const struct explanation *this)
{
	const struct rule *rule;
	struct config_origin origin = limit_origin(this, &rule);

	printf(OUTLOOK_LINE "%s, max_size", "limit",
	       size_format(policy_max_bytes(this->args->policy, rule)));
	if (rule)
		printf(" of rule %s", rule->name);
	if (origin.file)
		printf(" (%s:%u)\n", origin.file, origin.line);
	else
		puts(" (the default)");
}

static void print_pool(const struct thin_pool *pool)
{
	uint64_t bytes = pool->data_blocks * pool->block_sectors * SECTOR_BYTES;

	if (!pool->name)
		return;
	printf(OUTLOOK_LINE "%s: %s of %s used, %s of its metadata", "pool", quote(pool->name),
	       permille_format(permille(pool->data_used_blocks, pool->data_blocks)),
	       size_format(bytes),
	       permille_format(permille(pool->metadata_used_blocks, pool->metadata_blocks)));
	if (pool->trouble)
		printf(", %s", pool->trouble);
	putchar('\n');
}

static void print_filesystem(const struct job *job)
{
	const struct plan *plan = &job->report.plan;

	printf(OUTLOOK_LINE "grow the filesystem to %s%s\n", "would",
	       size_like(plan->fs_bytes, job->request.text),
	       plan_is_limited(plan) ? ", in the background" : "");
	if (plan_is_limited(plan) && plan->fs_now_bytes)
		printf(OUTLOOK_LINE "grow it to %s before the container starts\n", "",
		       size_like(plan->fs_now_bytes, job->request.text));
}

static void print_verdict(const struct explanation *this)
{
	const struct job *job = &this->job;
	const struct plan *plan = &job->report.plan;

	if (job->outcome == JOB_NOTHING)
		printf(OUTLOOK_LINE "do nothing: nothing is asked for\n", "would");
	else if (job->outcome == JOB_KEPT && job->report.put_off)
		printf(OUTLOOK_LINE "do nothing before the start; oci-thin-growd goes on in the "
				    "background\n",
		       "would");
	else if (job->outcome == JOB_KEPT)
		printf(OUTLOOK_LINE "do nothing: device and filesystem are large enough\n",
		       "would");
	else if (waits_for_start(this))
		printf(OUTLOOK_LINE "do nothing before it starts\n", "would");
	else if (job->outcome != JOB_GROWN)
		printf(OUTLOOK_LINE "%s: %s\n", "would", tell_action(job), job->why.text);
	else if (plan->device_sectors)
		printf(OUTLOOK_LINE "grow the device to %s\n", "would",
		       size_like(plan->device_sectors * SECTOR_BYTES, job->request.text));
	else if (job->report.unfinished)
		printf(OUTLOOK_LINE "finish a growth\n", "would");
	if (job->outcome == JOB_GROWN && plan->fs_bytes)
		print_filesystem(job);
	if (job_warning(job))
		printf(OUTLOOK_LINE "%s\n", "warning", job_warning(job));
	if (*tell_cost(job))
		printf(OUTLOOK_LINE "%s\n", "cost", tell_cost(job));
}

/* --verbose: numbers of devices, sectors and blocks. */
static void print_details(const struct explanation *this)
{
	const struct inventory *disk = &this->outlook.disk;
	const struct thin_pool *pool = &this->pool;

	printf(OUTLOOK_LINE "%s\n", "bundle", quote(this->job.bundle));
	if (disk->device)
		printf(OUTLOOK_LINE "%s (%u:%u), thin id %u, %" PRIu64 " sectors\n", "device",
		       quote(disk->device), major(disk->dev), minor(disk->dev), disk->thin_id,
		       disk->device_bytes / SECTOR_BYTES);
	if (disk->filesystem)
		printf(OUTLOOK_LINE "%s, %" PRIu64 " bytes\n", "filesystem", disk->filesystem,
		       disk->filesystem_bytes);
	if (pool->name)
		printf(OUTLOOK_LINE "%" PRIu64 " of %" PRIu64 " data blocks, %" PRIu64
				    " of %" PRIu64 " metadata blocks\n",
		       "pool", pool->data_used_blocks, pool->data_blocks,
		       pool->metadata_used_blocks, pool->metadata_blocks);
}

static void print_text(const struct explanation *this)
{
	struct text then;

	if (!this->first)
		putchar('\n');
	printf(OUTLOOK_LINE "%s%s%s\n", "container", quote_unless_printable(this->job.container),
	       *this->state ? ", " : "", this->state);
	if (this->outlook.disk.device)
		outlook_print_size(&this->outlook, stdout);
	else
		printf(OUTLOOK_LINE "not on a thin device\n", "size");
	print_rules(&this->job, this->args->policy);
	print_request(&this->job);
	print_limit(this);
	print_pool(&this->pool);
	if (this->args->verbose)
		print_details(this);
	if (this->outlook.disk.device)
		outlook_print_next(&this->outlook, what_start_adds(this, &then), stdout);
	print_verdict(this);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static void json_rules(struct json_writer *w, const struct job *job, const struct policy *policy)
{
	json_write_array(w, "rules");
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule_verdict *verdict = &job->verdicts[i];
		const struct rule *rule = &policy->rules[i];

		json_write_object(w, NULL);
		json_write_string(w, "name", rule->name);
		json_write_string(w, "file", rule->file);
		json_write_u64(w, "line", rule->line);
		json_write_bool(w, "matches", verdict->matches);
		json_write_string(w, "reason",
				  verdict->matches   ? NULL
				  : verdict->reached ? verdict->why.text
						     : "not reached");
		json_write_close(w);
	}
	json_write_array_close(w);
}

static void json_request(struct json_writer *w, const struct request *request)
{
	if (!request_exists(request)) {
		json_write_string(w, "request", NULL);
		return;
	}
	json_write_object(w, "request");
	json_write_string(w, "origin", request_origin_name(request->origin));
	json_write_string(w, "key", request->key);
	json_write_string(w, "text", request->text);
	json_write_known_u64(w, "bytes", request->bytes);
	json_write_known_u64(w, "exceeded_bytes", request->exceeded_bytes);
	json_write_close(w);
}

static void json_limit(struct json_writer *w, const struct explanation *this)
{
	const struct rule *rule;
	struct config_origin origin = limit_origin(this, &rule);

	json_write_object(w, "limit");
	json_write_u64(w, "bytes", policy_max_bytes(this->args->policy, rule));
	json_write_string(w, "rule", rule ? rule->name : NULL);
	json_write_string(w, "file", origin.file);
	json_write_known_u64(w, "line", origin.line);
	json_write_close(w);
}

static void json_pool(struct json_writer *w, const struct thin_pool *pool)
{
	uint64_t block_bytes = pool->block_sectors * SECTOR_BYTES;

	if (!pool->name) {
		json_write_string(w, "pool", NULL);
		return;
	}
	json_write_object(w, "pool");
	json_write_string(w, "name", pool->name);
	json_write_u64(w, "data_bytes", pool->data_blocks * block_bytes);
	json_write_u64(w, "data_used_bytes", pool->data_used_blocks * block_bytes);
	json_write_u64(w, "metadata_bytes", pool->metadata_blocks * THIN_METADATA_BLOCK_BYTES);
	json_write_u64(w, "metadata_used_bytes",
		       pool->metadata_used_blocks * THIN_METADATA_BLOCK_BYTES);
	json_write_string(w, "trouble", pool->trouble);
	json_write_close(w);
}

static void json_plan(struct json_writer *w, const struct job *job)
{
	if (job->outcome != JOB_GROWN) {
		json_write_string(w, "plan", NULL);
		return;
	}
	json_write_object(w, "plan");
	json_write_known_u64(w, "device_bytes", job->report.plan.device_sectors * SECTOR_BYTES);
	json_write_known_u64(w, "filesystem_bytes", job->report.plan.fs_bytes);
	json_write_known_u64(w, "filesystem_now_bytes", job->report.plan.fs_now_bytes);
	json_write_close(w);
}

static void write_json(const struct explanation *this)
{
	const struct job *job = &this->job;
	struct json_writer *w = this->json;
	bool has_reason = job->outcome >= JOB_NOT_APPLICABLE && !waits_for_start(this);

	json_write_object(w, NULL);
	json_write_string(w, "container", job->container);
	json_write_string(w, "bundle", *job->bundle ? job->bundle : NULL);
	json_write_string(w, "engine", job_engine(job));
	if (*this->state)
		json_write_bool(w, "running", strcmp(this->state, "running") == 0);
	else
		json_write_string(w, "running", NULL);
	json_write_bool(w, "sandbox", job->sandbox);
	json_rules(w, job, this->args->policy);
	json_request(w, &job->request);
	json_limit(w, this);
	outlook_json(&this->outlook, w);
	json_pool(w, &this->pool);
	json_plan(w, job);
	json_write_string(w, "action", action(this));
	json_write_string(w, "reason", has_reason ? job->why.text : NULL);
	json_write_string(w, "warning", job_warning(job));
	json_write_close(w);
}

/* --- looking ---------------------------------------------------------------------------------- */

static void look_at_pool(struct explanation *this)
{
	struct why unused;

	if (!this->outlook.disk.pool ||
	    thin_pool_status(this->outlook.disk.pool, &this->pool, &unused) < 0)
		this->pool = (struct thin_pool){0};
}

/* Shows one container, whose outlook is known; the job is a dry run, and freed. 0 or -ENOMEM. */
static int show(struct explanation *this)
{
	const struct policy *policy = this->args->policy;
	int r;

	look_at_pool(this);
	this->job.verdicts = calloc(policy->n_rules + 1, sizeof(*this->job.verdicts));
	r = this->job.verdicts ? 0 : -ENOMEM;
	if (r == 0) {
		this->job.dry_run = true;
		job_run(&this->job, policy);
		if (this->json)
			write_json(this);
		else
			print_text(this);
	}
	free(this->job.verdicts);
	this->first = false;
	thin_pool_free(&this->pool);
	outlook_free(&this->outlook);
	job_free(&this->job);
	return r;
}

static struct outlook_order order_of(const struct explanation *this, struct healing *host)
{
	healing_host(host);
	return (struct outlook_order){
		.policy = this->args->policy,
		.host = host,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
}

/* A container that is being created: no engine's files have it as a running one. */
static int explain_state(struct explanation *this, const struct container *state)
{
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	_cleanup_free_ char *id = strdup(state->state.id);
	struct engine_container container = {.id = id, .pid = 1};
	struct inventory disk = {0};
	struct healing host;
	const struct outlook_order order = order_of(this, &host);
	struct why unused;

	this->job = container_job(state);
	this->job.at_start = true;
	this->state = "";
	container.engine = job_engine(&this->job);
	container.in_pod = policy_is_in_pod(this->job.annotations, JOB_ANNOTATIONS);
	if (this->job.root_path)
		rootfs_open(this->job.bundle, this->job.root_path, &rootfs, &unused);
	if (inventory_at(&container, this->args->policy, &state->spec, &rootfs, &disk))
		outlook_of(&disk, &order, &this->outlook);
	return show(this);
}

static int explain_container(struct explanation *this, const struct engine_container *container)
{
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	struct healing host;
	const struct outlook_order order = order_of(this, &host);
	struct why unused;

	if (target_of(container, &target, &unused) < 0)
		return -ENOMEM;
	this->job = target_job(&target);
	this->state = container->pid ? "running" : "stopped";
	outlook_look(container, &order, &this->outlook);
	return show(this);
}

/* --- the command ------------------------------------------------------------------------------ */

static void begin_json(struct explanation *this)
{
	if (!this->args->json)
		return;
	this->json = json_writer_begin();
	json_write_array(this->json, "containers");
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

static int run_state(struct explanation *this, const char *path)
{
	_cleanup_(container_free) struct container container = {0};
	struct why why;

	if (read_state(path, &container, &why) < 0)
		return tell_failure("explain", this->args->json, EXIT_FAILED, why.text);
	begin_json(this);
	return explain_state(this, &container) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Explains all that are found. The first status that is not EXIT_OK. */
static int run_named(struct explanation *this, const struct arguments *args)
{
	_cleanup_(engine_list_free) struct engine_list list = {0};
	int status = EXIT_OK;
	struct why why;

	if (target_list(&args->target, &list, &why) < 0)
		return tell_failure("explain", args->json, EXIT_FAILED, why.text);
	begin_json(this);
	for (char *const *name = args->operands; *name; name++) {
		const struct engine_container *found;
		int r = engine_list_find(&list, *name, &found, &why);

		if (r < 0)
			log_stderr("explain: %s", why.text);
		if (r < 0 && this->json)
			tell_missing_json(*name, why.text, this->json);
		r = r < 0				 ? target_exit_status(r)
		    : explain_container(this, found) < 0 ? EXIT_FAILED
							 : EXIT_OK;
		if (status == EXIT_OK)
			status = r;
	}
	return status;
}

static int run_explain(const struct arguments *args)
{
	struct explanation this = {.args = args, .first = true, .state = ""};
	int status, r;

	if ((args->n_operands > 0) == (args->state != NULL))
		return tell_usage("explain", args->json, "name containers, or a file with --state");
	if (args->policy->broken)
		log_stderr("explain: %s: using the built-in defaults", args->policy->broken);
	status = args->state ? run_state(&this, args->state) : run_named(&this, args);
	if (this.json) {
		json_write_array_close(this.json);
		r = json_writer_end(this.json, stdout);
	} else {
		r = fflush(stdout) == 0 ? 0 : -EIO;
	}
	if (r < 0)
		log_stderr("explain: standard output: %s", strerror(-r));
	return r < 0 ? EXIT_FAILED : status;
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
