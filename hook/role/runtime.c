/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `oci-thin-grow-runtime`: stands in front of the OCI runtime for engines without hooks. Grows on
 * `create` and `run`; then, and for every other subcommand at once, becomes the real runtime.
 */

#include "base/cleanup.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/thin.h"
#include "job/job.h"
#include "job/last-program.h"
#include "job/settings.h"
#include "job/tell.h"
#include "oci/json.h"
#include "oci/runtime-args.h"
#include "oci/spec.h"
#include "policy/config-check.h"
#include "role/role.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

static const char help[] =
	"Usage: oci-thin-grow-runtime ARGUMENTS-OF-RUNC\n"
	"An OCI runtime for engines without hooks: on create and run it makes the\n"
	"container's disk as large as it requests, then becomes /usr/bin/runc, or the\n"
	"\"runtime\" of the configuration, with the same arguments and environment. Every\n"
	"other subcommand, and --help, is that runtime's own.\n\n"
	"Examples:\n"
	"  In /etc/docker/daemon.json:\n"
	"    { \"runtimes\": { \"oci-thin-grow\": {\n"
	"        \"path\": \"" RUNTIME_PATH "\" } },\n"
	"      \"default-runtime\": \"oci-thin-grow\" }\n"
	"  With containerd:\n"
	"    ctr run --snapshotter devmapper \\\n"
	"      --runc-binary " RUNTIME_PATH " \\\n"
	"      --annotation io.oci-thin-grow.size=4G IMAGE NAME\n\n"
	"Exit status: that of runc; before it 1 failed, 3 refused, 4 not on a thin\n"
	"device, as with hook.\n";

/* The two forms of a line are those of logrus, which runc writes and engines read. */
static void write_line(FILE *out, bool json, const char *message)
{
	char stamp[sizeof("2026-01-01T00:00:00Z")] = "";
	time_t now = time(NULL);
	struct json_writer *w;
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!json) {
		fprintf(out, "time=\"%s\" level=error msg=", stamp);
		quote_write(out, message);
		fputc('\n', out);
		return;
	}
	w = json_writer_begin();
	json_write_string(w, "level", "error");
	json_write_string(w, "msg", message);
	json_write_string(w, "time", stamp);
	json_writer_end(w, out);
}

/* Engines show the last error line of the file that they gave with --log. */
static void write_runtime_log(const struct runtime_args *args, const char *message)
{
	_cleanup_fclose_ FILE *out = NULL;
	int fd;

	if (!args->log)
		return;
	fd = open(args->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	out = fd < 0 ? NULL : fdopen(fd, "a");
	if (!out) {
		log_stderr("%s: %s", args->log, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	write_line(out, strcmp(args->log_format, "json") == 0, text("oci-thin-grow: %s", message));
}

static int tell_before_runtime(const struct job *job, const struct runtime_args *args, int status)
{
	struct text message;

	tell_job(job, &message);
	if (message.s[0] && status != EXIT_OK)
		write_runtime_log(args, message.s);
	return status;
}

/*
 * A spec that we cannot read is left to the runtime, which will report it; with a warning, since it
 * may have a request.
 */
static int unreadable_spec(const struct runtime_args *args, const struct why *why)
{
	tell_reason("skip", args->container, why->text, LOG_WARNING);
	log_stderr("%s", why->text);
	return EXIT_OK;
}

static int grow_first(const struct runtime_args *args, const struct policy *policy)
{
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	_cleanup_free_ char *bundle = realpath(args->bundle, NULL);
	_cleanup_free_ char *path = bundle ? text_new("%s/config.json", bundle) : NULL;
	struct job job = {.rootfs.fd = -EBADF};
	struct why why;
	int status;

	if (!bundle) {
		why_set(&why, errno, "bundle %s: %s", quote(args->bundle), strerror(errno));
		return unreadable_spec(args, &why);
	}
	if (!path)
		return EXIT_FAILED;
	if (oci_spec_read(args->spec ? args->spec : path, &spec, &why) < 0)
		return unreadable_spec(args, &why);
	job.container = args->container ? args->container : "";
	job.bundle = bundle;
	job.root_path = spec.root_path;
	job.annotations[0] = spec.annotations;
	job.at_start = true;
	job.check = job_check_rootless;
	job_run(&job, policy);
	status = tell_before_runtime(&job, args, tell_exit_status(&job, policy));
	job_free(&job);
	return status;
}

/* The line of the configuration, or what else, that has chosen the runtime. */
static const char *whose_choice(const struct policy *policy, const char *remembered,
				struct text *out)
{
	struct config_origin origin = config_origin(policy, "runtime");

	if (remembered)
		text_into(out, "the last one known");
	else if (origin.file)
		text_into(out, "set in %s:%u", origin.file, origin.line);
	else
		text_into(out, "the default%s",
			  policy->broken ? "" : "; set \"runtime\" in " CONFIG_DIR "/config.json");
	if (policy->broken)
		text_add(out, "; the configuration is broken: %s", policy->broken);
	return out->s;
}

/* No container can start or stop then: the reason goes to the log, stderr and the engine. */
static int fail_without_runtime(const struct policy *policy, const char *remembered,
				const struct runtime_args *args, const struct why *why)
{
	struct text choice, message;

	text_into(&message, "%s (%s)", why->text, whose_choice(policy, remembered, &choice));
	if (args->subcommand)
		tell_reason("fail", args->container, message.s, LOG_ERR);
	log_stderr("%s", message.s);
	write_runtime_log(args, message.s);
	return EXIT_FAILED;
}

static bool makes_container(const struct runtime_args *args)
{
	return args->subcommand &&
	       (strcmp(args->subcommand, "create") == 0 || strcmp(args->subcommand, "run") == 0);
}

static const char *choose_runtime(const struct policy *policy, char **ret_remembered)
{
	const struct program_choice choice = {
		.program = policy->runtime,
		.is_named = config_origin(policy, "runtime").file,
		.broken = policy->broken,
	};

	return last_program_choose(STATE_DIR, "runtime", &choice, ret_remembered);
}

int role_runtime(char *argv[], char *environment[])
{
	_cleanup_(config_free) struct policy policy;
	_cleanup_free_ char *remembered = NULL;
	struct runtime_args args;
	const char *runtime;
	struct why why;
	int status;

	runtime_args_parse(argv, &args);
	settings_load_anyway(NULL, &policy);
	runtime = choose_runtime(&policy, &remembered);
	/* no disk is grown for a container that cannot be created */
	if (config_try_runtime(runtime, &why) < 0)
		return fail_without_runtime(&policy, remembered, &args, &why);
	status = makes_container(&args) ? grow_first(&args, &policy) : EXIT_OK;
	if (status != EXIT_OK)
		return status;
	thin_release();
	execve(runtime, argv, environment);
	why_set(&why, 0, "runtime %s cannot be executed: %s", quote(runtime), strerror(errno));
	return fail_without_runtime(&policy, remembered, &args, &why);
}

static int run_runtime(const struct arguments *args)
{
	return tell_usage(args->command, args->json, "call it as oci-thin-grow-runtime");
}

const struct command command_runtime = {
	.name = "runtime",
	.arguments = "",
	.what = "OCI runtime: grows, then becomes runc",
	.help = help,
	.max_operands = ANY_NUMBER,
	.run = run_runtime,
};
