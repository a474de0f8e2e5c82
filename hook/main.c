/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "role/command.h"
#include "role/role.h"
#include "role/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNTIME_NAME "oci-thin-grow-runtime"

/* A line without a name is a heading of --help. */
static const struct {
	const char *name, *arguments, *what;
	int (*run)(int argc, char *argv[]);
} roles[] = {
	{.what = "Containers and their disks"},
	{"list", "", "containers on thin devices: sizes, use, what was asked for", role_list},
	{"explain", "CONTAINER", "where a size comes from, and what would be done", role_explain},
	{"grow", "CONTAINER SIZE", "make a running container's disk larger now", role_grow},
	{"apply", "CONTAINER... | --all", "bring running containers to what is asked for now",
	 role_apply},
	{.what = "The host"},
	{"doctor", "", "is this host ready, and which container would not start again?",
	 role_doctor},
	{"enable", "ENGINE", "hook it into docker, containerd, podman or crio", role_enable},
	{"disable", "ENGINE", "undo that", role_enable},
	{"config", "check | show", "validate the configuration, or print what counts", role_config},
	{"metrics", "", "pools and containers, for Prometheus", role_metrics},
	{.what = "Called by engines, runtimes and udev"},
	{"hook", "", "OCI hook: the container state on stdin", role_hook},
	{"runtime", "", "OCI runtime, as oci-thin-grow-runtime: grows, then becomes runc",
	 role_runtime_help},
	{"heal", "DEVICE | --all", "make a re-created device long enough again", role_heal},
};

#define ROLES (sizeof(roles) / sizeof(roles[0]))

static void print_help(void)
{
	printf("Usage: oci-thin-grow [OPTIONS] COMMAND [ARGUMENTS]\n"
	       "Makes the disk of a container on a dm-thin device as large as its owner asked "
	       "for.\n");
	for (size_t i = 0; i < ROLES; i++) {
		if (roles[i].name)
			printf("  %-10s %-22s %s\n", roles[i].name, roles[i].arguments,
			       roles[i].what);
		else
			printf("\n%s:\n", roles[i].what);
	}
	printf("\nOptions, here or after the command:\n"
	       "  --config FILE  instead of what is in /etc/oci-thin-grow\n"
	       "  --verbose      say on stderr what is logged\n"
	       "  --help         this text; after a command its options, with examples\n"
	       "  --version\n");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int dispatch(int argc, char *argv[])
{
	for (size_t i = 0; i < ROLES; i++) {
		if (roles[i].name && strcmp(argv[0], roles[i].name) == 0)
			return roles[i].run(argc, argv);
	}
	log_stderr("unknown command %s; see oci-thin-grow --help", quote(argv[0]));
	return EXIT_USAGE;
}

static int bad_option(const char *option)
{
	if (strcmp(option, "--config") == 0)
		log_stderr("--config needs a value; see oci-thin-grow --help");
	else
		log_stderr("unknown option %s; see oci-thin-grow --help", quote(option));
	return EXIT_USAGE;
}

static int command_line(int argc, char *argv[])
{
	static const char config[] = "--config=";
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--help") == 0) {
			print_help();
			return EXIT_OK;
		}
		if (strcmp(argv[at], "--version") == 0)
			return command_version();
		if (strcmp(argv[at], "--verbose") == 0)
			log_init(true);
		else if (strcmp(argv[at], "--config") == 0 && at + 1 < argc)
			settings_init(argv[++at]);
		else if (strncmp(argv[at], config, sizeof(config) - 1) == 0)
			settings_init(argv[at] + sizeof(config) - 1);
		else
			return bad_option(argv[at]);
	}
	if (at == argc) {
		print_help();
		return EXIT_USAGE;
	}
	return dispatch(argc - at, argv + at);
}

int main(int argc, char *argv[])
{
	char **environment = environ;

	/* The libraries below read variables that could change where they write and what they do.
	 */
	if (terminal_keep_only_wishes() < 0 || argc < 1)
		return EXIT_FAILED;
	log_init(false);
	if (strcmp(base_name(argv[0]), RUNTIME_NAME) == 0)
		return role_runtime(argc, argv, environment);
	return command_line(argc, argv);
}
