/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "role/role.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNTIME_NAME "oci-thin-grow-runtime"

static const struct {
	const char *name, *arguments, *what;
	int (*run)(int argc, char *argv[]);
} roles[] = {
	{"hook", "", "OCI hook: the container state on stdin", role_hook},
	{"heal", "DEVICE | --all", "make a re-created device long enough again", role_heal},
	{"grow", "CONTAINER SIZE", "make a running container's disk larger now", role_grow},
	{"list", "[--json]", "containers on thin devices", role_list},
	{"explain", "CONTAINER | --state FILE", "what the hook would do, step by step",
	 role_explain},
	{"metrics", "[--output FILE]", "pools and containers, for Prometheus", role_metrics},
};

#define ROLES (sizeof(roles) / sizeof(roles[0]))

static void print_help(void)
{
	printf("Usage: oci-thin-grow [--verbose] COMMAND [ARGUMENTS]\n"
	       "Makes the disk of a container on a dm-thin device as large as its owner asked "
	       "for.\n\n");
	for (size_t i = 0; i < ROLES; i++)
		printf("  %-10s %-24s %s\n", roles[i].name, roles[i].arguments, roles[i].what);
	printf("\n  --verbose  say on stderr what is logged\n"
	       "  --help     this text\n"
	       "  --version\n\n"
	       "As %s: an OCI runtime that grows on create and run, then\n"
	       "becomes the real one.\n",
	       RUNTIME_NAME);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int dispatch(int argc, char *argv[])
{
	for (size_t i = 0; i < ROLES; i++) {
		if (strcmp(argv[0], roles[i].name) == 0)
			return roles[i].run(argc, argv);
	}
	log_stderr("unknown command \"%s\"; see oci-thin-grow --help", argv[0]);
	return EXIT_USAGE;
}

static int command_line(int argc, char *argv[])
{
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--help") == 0) {
			print_help();
			return EXIT_OK;
		}
		if (strcmp(argv[at], "--version") == 0) {
			printf("oci-thin-grow %s\n", VERSION);
			return EXIT_OK;
		}
		if (strcmp(argv[at], "--verbose") != 0) {
			log_stderr("unknown option \"%s\"; see oci-thin-grow --help", argv[at]);
			return EXIT_USAGE;
		}
		log_init(true);
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
	if (clearenv() != 0 || argc < 1)
		return EXIT_FAILED;
	log_init(false);
	if (strcmp(base_name(argv[0]), RUNTIME_NAME) == 0)
		return role_runtime(argc, argv, environment);
	return command_line(argc, argv);
}
