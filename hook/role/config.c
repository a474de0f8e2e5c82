/* SPDX-License-Identifier: Apache-2.0 */

/* `config check | show`: validates the configuration, or prints the values in force. */

#include "policy/config.h"
#include "base/log.h"
#include "base/text.h"
#include "job/tell.h"
#include "oci/json.h"
#include "policy/config-check.h"
#include "policy/config-keys.h"
#include "role/role.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
	"Usage: oci-thin-grow [--config FILE] config check | show [--json]\n"
	"check reports all errors in the configuration by file, line and key, and rules\n"
	"that can never match, and lists the files that it read and those that it\n"
	"ignored. show prints the values in force, and where each is set; its output can\n"
	"be used as a configuration file.\n\n"
	"The files are config.json and then config.d/*.json in " CONFIG_DIR ",\n"
	"or only FILE.\n\n"
	"  --json             the same as one JSON object\n\n"
	"Examples:\n"
	"  oci-thin-grow config check && systemctl reload myfleet\n"
	"  oci-thin-grow --config new.json config check\n"
	"  oci-thin-grow config show\n\n"
	"Exit status: 0 in order (also with warnings), 1 failed, 2 broken.\n";

struct check {
	struct json_writer *json; /* NULL: text */
	unsigned int errors, warnings;
};

static void tell_error(const struct why *why, void *context)
{
	struct check *check = context;

	check->errors++;
	log_stderr("config: %s", why->text);
	json_write_string(check->json, NULL, why->text);
}

static void tell_warning(const struct why *why, void *context)
{
	struct check *check = context;

	check->warnings++;
	log_stderr("config: warning: %s", why->text);
	json_write_string(check->json, NULL, why->text);
}

static int load_checked(const struct arguments *args, struct check *check, struct policy *ret)
{
	const struct config_listener listener = {tell_error, check};

	return config_load(CONFIG_DIR, args->config_file, &listener, ret);
}

/* Programs that are set must exist; whether the default runtime must, only doctor can know. */
static void check_programs(const struct policy *policy, struct check *check)
{
	struct why why;

	if (config_origin(policy, "runtime").file && config_check_runtime(policy, &why) < 0)
		tell_error(&why, check);
	for (size_t i = 0; i < policy->n_shims; i++) {
		if (config_check_shim(&policy->shims[i], &why) < 0)
			tell_error(&why, check);
	}
}

static void find_errors(const struct arguments *args, struct check *check, struct policy *ret)
{
	json_write_array(check->json, "errors");
	if (load_checked(args, check, ret) == 0)
		check_programs(ret, check);
	json_write_array_close(check->json);
}

static void find_warnings(const struct policy *policy, struct check *check)
{
	const struct config_listener listener = {tell_warning, check};

	json_write_array(check->json, "warnings");
	if (!policy->broken)
		config_warn(policy, &listener);
	json_write_array_close(check->json);
}

static const struct config_file *files_of(const struct policy *policy)
{
	return policy->memory ? policy->memory->files : NULL;
}

static void json_files(const struct policy *policy, const char *key, bool ignored,
		       struct json_writer *w)
{
	json_write_array(w, key);
	for (const struct config_file *file = files_of(policy); file; file = file->next) {
		if (file->ignored == ignored)
			json_write_string(w, NULL, file->path);
	}
	json_write_array_close(w);
}

static void print_files(const struct policy *policy, FILE *out)
{
	if (!files_of(policy))
		fprintf(out, "no file in " CONFIG_DIR ": the defaults are in force\n");
	for (const struct config_file *file = files_of(policy); file; file = file->next)
		fprintf(out, "%s %s%s\n", file->ignored ? "ignored" : "read", file->path,
			file->ignored ? ": its name does not end in .json" : "");
}

static void end_json(const struct policy *policy, const struct check *check)
{
	json_files(policy, "files", false, check->json);
	json_files(policy, "ignored", true, check->json);
	json_write_u64(check->json, "rules", policy->n_rules);
}

static void end_text(const struct policy *policy, const struct check *check)
{
	print_files(policy, stdout);
	if (check->errors)
		printf("broken: %u error%s\n", check->errors, check->errors == 1 ? "" : "s");
	else
		printf("in order: %zu rule%s, %u warning%s\n", policy->n_rules,
		       policy->n_rules == 1 ? "" : "s", check->warnings,
		       check->warnings == 1 ? "" : "s");
}

static int run_check(const struct arguments *args)
{
	struct check check = {.json = args->json ? json_writer_begin() : NULL};
	struct policy policy;
	int r;

	find_errors(args, &check, &policy);
	find_warnings(&policy, &check);
	(args->json ? end_json : end_text)(&policy, &check);
	r = tell_end("config", args->json, check.json);
	config_free(&policy);
	return check.errors ? EXIT_USAGE : r < 0 ? EXIT_FAILED : EXIT_OK;
}

static void tell_ignored(const struct policy *policy)
{
	for (const struct config_file *file = files_of(policy); file; file = file->next) {
		if (file->ignored)
			log_stderr("config: ignored %s: its name does not end in .json",
				   file->path);
	}
}

static int run_show(const struct arguments *args)
{
	struct check check = {0};
	struct policy policy;
	int status = EXIT_USAGE;

	if (load_checked(args, &check, &policy) < 0) {
		if (args->json)
			tell_failure_json(NULL, status, policy.broken);
	} else {
		tell_ignored(&policy);
		(args->json ? config_show_json : config_show)(&policy, stdout);
		status = tell_end("config", false, NULL) < 0 ? EXIT_FAILED : EXIT_OK;
	}
	config_free(&policy);
	return status;
}

static int run_config(const struct arguments *args)
{
	if (strcmp(args->operands[0], "check") == 0)
		return run_check(args);
	if (strcmp(args->operands[0], "show") == 0)
		return run_show(args);
	return tell_usage("config", args->json, "expected check or show");
}

const struct command command_config = {
	.name = "config",
	.arguments = "check | show",
	.what = "validate the configuration, or print it",
	.help = help,
	.options = {"json"},
	.min_operands = 1,
	.max_operands = 1,
	.policy = POLICY_UNUSED,
	.run = run_config,
};
