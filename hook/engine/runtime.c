/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/runtime.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/file.h"
#include "base/process.h"
#include "base/quote.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/walk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define CGROUP_MAX_BYTES (64UL * 1024)

/* Files of containerd's shim (cmd/containerd-shim-runc-v2/process) */
#define SHIM_DEFAULT_ROOT "/run/containerd/runc"

/* The strings belong to the document. */
struct state {
	const char *engine;
	struct json_doc *doc;
	const char *bundle; /* or NULL */
	int64_t pid;	    /* 0: none */
	int64_t start;	    /* 0: not known */
};

static void state_free(struct state *state)
{
	json_free(state->doc);
}

/* The last one is runc's own: the container's annotations precede it. */
static void find_bundle(const struct json *labels, struct state *state)
{
	static const char prefix[] = "bundle=";
	size_t len = sizeof(prefix) - 1;

	json_foreach (label, labels) {
		if (label->type == JSON_STRING && strncmp(label->text, prefix, len) == 0 &&
		    !memchr(label->text, '\0', label->len))
			state->bundle = label->text + len;
	}
}

static int fill_runc(const struct json *root, struct state *state, struct why *why)
{
	const struct json *config, *labels;
	int r;

	if ((r = json_integer(root, "init_process_pid", &state->pid, why)) < 0 ||
	    (r = json_integer(root, "init_process_start", &state->start, why)) < 0 ||
	    (r = json_member(root, "config", JSON_OBJECT, &config, why)) < 0)
		return r;
	if (r == 0)
		return why_set(why, EINVAL, "no \"config\"");
	r = json_member(config, "labels", JSON_ARRAY, &labels, why);
	if (r > 0)
		find_bundle(labels, state);
	return r;
}

static int fill_crun(const struct json *root, struct state *state, struct why *why)
{
	int r;

	if ((r = json_integer(root, "pid", &state->pid, why)) < 0 ||
	    (r = json_integer(root, "process-start-time", &state->start, why)) < 0)
		return r;
	r = json_string(root, "bundle", &state->bundle, why);
	return r == 0 ? why_set(why, EINVAL, "no \"bundle\"") : r;
}

static const struct kind {
	const char *engine, *file;
	int (*fill)(const struct json *root, struct state *state, struct why *why);
} kinds[] = {
	{ENGINE_RUNC, "state.json", fill_runc},
	{ENGINE_CRUN, "status", fill_crun},
};

/* On error the reason names @path, and @state must be freed, too. */
static int read_state_file(const char *path, const struct kind *kind, struct state *state,
			   struct why *why)
{
	int r = walk_read_json(path, JSON_OBJECT, &state->doc, why);

	if (r <= 0)
		return r;
	state->engine = kind->engine;
	state->pid = -1;
	r = kind->fill(json_root(state->doc), state, why);
	if (r >= 0 && (state->pid < 0 || state->pid > INT32_MAX))
		r = why_set(why, EINVAL, "no pid, or one out of range: %" PRId64, state->pid);
	return r < 0 ? why_prefix(why, r, path) : 1;
}

/* 1 and *state; 0 if no runtime in @root has a container @id. */
static int read_state(const char *root, const char *id, struct state *state, struct why *why)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		_cleanup_free_ char *path = text_new("%s/%s/%s", root, id, kinds[i].file);
		int r;

		if (!path)
			return -ENOMEM;
		r = read_state_file(path, &kinds[i], state, why);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Engines' names for the control group of @id: ID, PREFIX-ID.scope (systemd), or PREFIX:ID. */
static bool is_group_of(const char *group, size_t len, const char *id)
{
	static const char scope[] = ".scope";
	size_t id_len = strlen(id), scope_len = sizeof(scope) - 1;

	if (len > scope_len && memcmp(group + len - scope_len, scope, scope_len) == 0)
		len -= scope_len;
	if (len < id_len || memcmp(group + len - id_len, id, id_len) != 0)
		return false;
	return len == id_len || strchr("-:", group[len - id_len - 1]);
}

bool runtime_is_cgroup_of(const char *text, const char *id)
{
	size_t len;

	for (; *text; text += len + (text[len] != '\0')) {
		len = strcspn(text, "/\n");
		if (is_group_of(text, len, id))
			return true;
	}
	return false;
}

bool runtime_is_process_of(pid_t pid, const char *id)
{
	_cleanup_free_ char *text = NULL;
	uint64_t unused;
	char path[32];
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	return process_start(pid, &unused) &&
	       file_read_at(AT_FDCWD, path, CGROUP_MAX_BYTES, &text, &len) == 0 &&
	       runtime_is_cgroup_of(text, id);
}

static pid_t running_pid(const struct state *state, const char *id)
{
	pid_t pid = (pid_t)state->pid;
	uint64_t start;
	bool is_it;

	if (pid == 0)
		return 0;
	if (state->start == 0)
		is_it = runtime_is_process_of(pid, id);
	else
		is_it = process_start(pid, &start) && (uint64_t)state->start == start;
	return is_it ? pid : 0;
}

int runtime_pid(const struct engine_roots *roots, const char *id, pid_t *ret_pid)
{
	for (size_t i = 0; i < roots->n && walk_is_id(id); i++) {
		_cleanup_(state_free) struct state state = {0};
		struct why unused;
		int r = read_state(roots->dirs[i], id, &state, &unused);

		if (r == -ENOMEM)
			return r;
		if (r <= 0)
			continue;
		*ret_pid = running_pid(&state, id);
		return 1;
	}
	return 0;
}

/* The state of a containerd task: 1, 0 or -errno like read_state(). */
static int read_task_state(const char *bundle, const char *ns, const char *id, struct state *state)
{
	_cleanup_free_ char *path = text_new("%s/options.json", bundle), *root = NULL, *dir = NULL;
	_cleanup_json_ struct json_doc *options = NULL;
	struct why unused;

	if (!path)
		return -ENOMEM;
	if (walk_read_json(path, JSON_OBJECT, &options, &unused) > 0)
		root = walk_dup_string(json_root(options), "root");
	dir = text_new("%s/%s", root && *root ? root : SHIM_DEFAULT_ROOT, ns);
	return dir ? read_state(dir, id, state, &unused) : -ENOMEM;
}

bool runtime_is_process_of_task(pid_t pid, const char *bundle, const char *ns, const char *id)
{
	_cleanup_(state_free) struct state state = {0};

	if (bundle && read_task_state(bundle, ns, id, &state) > 0)
		return running_pid(&state, id) == pid;
	return runtime_is_process_of(pid, id);
}

int runtime_read_pidfile(const char *path, pid_t *ret_pid, struct why *why)
{
	_cleanup_free_ char *text = NULL;
	char *end;
	size_t len = 0;
	long pid;
	int r = file_read_at(AT_FDCWD, path, 32, &text, &len);

	if (r < 0)
		return why_set(why, -r, "%s: %s", path, strerror(-r));
	errno = 0;
	pid = text ? strtol(text, &end, 10) : 0;
	if (!text || errno || end == text || text[strspn(text, "0123456789\n")] || pid <= 0 ||
	    pid > INT32_MAX)
		return why_set(why, EINVAL, "%s: no pid: %s", path, quote_n(text, len));
	*ret_pid = (pid_t)pid;
	return 0;
}

static int fill_container(const struct state *state, const char *id,
			  struct engine_container *container)
{
	container->engine = state->engine;
	container->pid = running_pid(state, id);
	container->id = strdup(id);
	/* A relative path belonged to a working directory that is unknown now. */
	if (state->bundle && *state->bundle == '/')
		container->bundle = strdup(state->bundle);
	return container->id && (container->bundle || !state->bundle || *state->bundle != '/')
		       ? 0
		       : -ENOMEM;
}

static int walk_one(const struct engine_walk *walk, const char *root, const char *id)
{
	_cleanup_(state_free) struct state state = {0};
	struct engine_container container = {0};
	struct why why;
	int r = read_state(root, id, &state, &why);

	if (r < 0)
		return walk_pass_over(walk, r, &why);
	/* Engines know more about their own containers. */
	if (r == 0 || (state.bundle && strcmp(engine_of_bundle(state.bundle), ENGINE_RUNTIME) != 0))
		return 0;
	r = fill_container(&state, id, &container);
	if (r < 0) {
		engine_container_free(&container);
		return r;
	}
	return walk->visit(&container, walk->context);
}

struct place {
	const struct engine_walk *walk;
	const char *root;
};

static int visit_state(const char *name, void *context)
{
	const struct place *place = context;

	return walk_is_id(name) ? walk_one(place->walk, place->root, name) : 0;
}

int runtime_walk(const struct engine_walk *walk)
{
	int r = 0;

	for (size_t i = 0; i < walk->roots->n && r == 0; i++)
		r = walk_entries(walk->roots->dirs[i], visit_state,
				 &(struct place){walk, walk->roots->dirs[i]});
	return r;
}
