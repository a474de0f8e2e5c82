/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/docker-check.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/quote.h"
#include "setup/ask.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH "/tmp/oci-thin-grow-XXXXXX"

struct scratch {
	char *path; /* without links; NULL: not created */
	int fd;
};

static void remove_scratch(struct scratch *scratch)
{
	if (scratch->fd >= 0) {
		unlink(scratch->path);
		close(scratch->fd);
	}
	free(scratch->path);
}

static int write_scratch(const struct setup_place *place, const struct setup_file *file,
			 struct scratch *scratch, struct why *why)
{
	_cleanup_free_ char *name = place_name(place, SCRATCH);
	const char *text = file->new ? file->new : "{}";
	size_t len = file->new ? file->new_len : 2;
	int r = name ? place_resolve(place, name, &scratch->path) : -ENOMEM;

	if (r < 0)
		return why_set(why, -r, SCRATCH ": %s", strerror(-r));
	scratch->fd = mkostemp(scratch->path, O_CLOEXEC);
	if (scratch->fd < 0 || write(scratch->fd, text, len) != (ssize_t)len)
		return why_set(why, errno, "%s: %s", scratch->path, strerror(errno));
	return 0;
}

/* It complains of an unknown option: --validate, as a running dockerd has taken the others. */
static bool is_too_old(const struct answer *answer)
{
	return strstr(answer->said.s, "--help") != NULL;
}

static int judge_answer(const struct answer *answer, const char *candidate, struct why *why)
{
	const char *said = strstr(answer->said.s, candidate);

	if (answer->status == 0)
		return 1;
	if (is_too_old(answer))
		return 0;
	said = said ? said + strlen(candidate) : answer->said.s;
	return why_set(why, EEXIST, "dockerd would not start with it: %s",
		       quote(said + strspn(said, ": ")));
}

/* The arguments of the process, then ours: the last --config-file takes effect. */
static char **make_arguments(const struct docker_daemon *daemon, char *const ours[], size_t n_ours)
{
	size_t n = 1;
	char **arguments = reallocarray(NULL, daemon->arguments_len + n_ours + 2, sizeof(char *));

	if (!arguments)
		return NULL;
	arguments[0] = ours[0];
	for (size_t at = 0; at < daemon->arguments_len; at += strlen(daemon->arguments + at) + 1) {
		if (at > 0)
			arguments[n++] = daemon->arguments + at;
	}
	for (size_t i = 1; i < n_ours; i++)
		arguments[n++] = ours[i];
	arguments[n] = NULL;
	return arguments;
}

static char *find_dockerd(const struct setup_place *place)
{
	char *program = place_find_program(place, "dockerd");

	return program ? program : place_find_program(place, "dockerd-current");
}

int docker_check(const struct setup_place *place, const struct docker_daemon *daemon,
		 const struct setup_file *file, struct why *why)
{
	_cleanup_free_ char *program = find_dockerd(place), *root = NULL, *inside = NULL;
	_cleanup_(remove_scratch) struct scratch scratch = {.fd = -EBADF};
	_cleanup_free_ char **arguments = NULL;
	char name[] = "dockerd", validate[] = "--validate", config[] = "--config-file";
	struct answer answer = {0};
	const char *candidate;
	int r;

	if (!program)
		return 0;
	r = write_scratch(place, file, &scratch, why);
	if (r < 0)
		return r;
	candidate = place_inside(place, scratch.path, &root);
	inside = candidate ? strdup(candidate) : NULL;
	char *const ours[] = {name, validate, config, inside};

	arguments = inside ? make_arguments(daemon, ours, COUNT(ours)) : NULL;
	if (!arguments)
		return why_no_memory(why);
	r = setup_ask(place, program, arguments, &answer, why);
	if (r == 0)
		r = judge_answer(&answer, inside, why);
	free(answer.out);
	return r;
}
