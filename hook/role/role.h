/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One file for each subcommand, which defines its struct command. main.c parses the command line,
 * loads the configuration and calls its run().
 */

#include "base/exit.h"
#include "job/target.h"
#include "policy/policy.h"

#include <stdbool.h>

/* What the command line says. Each command takes some of the options, see arguments.c. */
struct arguments {
	const char *command;
	struct target_args target; /* --pid, --path, --device, --data-root; and the policy */
	bool all, by_default, dry_run, force, in_place, json, keep_runtime, names, no_check,
		no_default, pools, print, running, unhealed, unmounted, verbose, watch, wide;
	const char *file, *full, *like, *output, *root, *runtime, *shim, *snapshotter, *sort,
		*state;
	const char *config_file; /* NULL: not given */
	char *const *operands;	 /* the words that are not options; NULL at the end */
	int n_operands;
	const struct policy *policy; /* as struct command's @policy says */
};

enum policy_need {
	POLICY_UNUSED, /* it gets the built-in one */
	POLICY_SOUND,  /* with a broken configuration it is not called: EXIT_USAGE */
	POLICY_ANY, /* with a broken one it gets the built-in values, and the reason in @broken */
};

#define COMMAND_OPTIONS_MAX 12

struct command {
	const char *name, *arguments, *what; /* a line of --help */
	const char *help; /* of its own --help: "Usage: ...", the options, "Examples: ..." */
	const char *options[COMMAND_OPTIONS_MAX + 1];
	int min_operands, max_operands;
	bool needs_root; /* but not with --print, --root or --names */
	enum policy_need policy;
	int (*run)(const struct arguments *args); /* returns the program's exit status */
};

#define ANY_NUMBER 65536

extern const struct command command_apply, command_config, command_disable, command_doctor,
	command_enable, command_explain, command_grow, command_heal, command_hook, command_list,
	command_metrics, command_runtime, command_trim;

/* The wrapper of a runtime: @argv is the runtime's, @environment what the real runtime will get. */
int role_runtime(char *argv[], char *environment[]);

/* The same for containerd's shim @name (base/shim-name.h). */
int role_shim(const char *name, char *argv[], char *environment[]);
