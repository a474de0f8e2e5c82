/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/list.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define SHORT_ID       12
#define CANDIDATES_MAX 5

struct reader {
	struct engine_list list;
	void (*complain)(const struct why *why, void *context);
	void *context;
};

static int add_container(struct engine_container *container, void *context)
{
	struct engine_list *list = &((struct reader *)context)->list;
	struct engine_container *more = NULL;

	/* Grows by doubling at each power of two. */
	if (list->n & (list->n - 1)) {
		more = list->containers;
	} else {
		size_t room = list->n ? 2 * list->n : 1;

		more = reallocarray(list->containers, room, sizeof(*more));
	}
	if (!more) {
		engine_container_free(container);
		return -ENOMEM;
	}
	list->containers = more;
	more[list->n++] = *container;
	return 0;
}

static void pass_on(const struct why *why, void *context)
{
	const struct reader *reader = context;

	if (reader->complain)
		reader->complain(why, reader->context);
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_containers(const void *left, const void *right)
{
	const struct engine_container *a = left, *b = right;
	int r = compare_text(a->engine, b->engine);

	if (r == 0)
		r = compare_text(a->namespace, b->namespace);
	if (r == 0)
		r = compare_text(a->name, b->name);
	return r ? r : strcmp(a->id, b->id);
}

/* Keep the order in which equal ones were found: they are pointers into one array. */
static int compare_pointers(const void *left, const void *right)
{
	return (left > right) - (left < right);
}

static int compare_bundles(const void *left, const void *right)
{
	const struct engine_container *a = *(struct engine_container *const *)left;
	const struct engine_container *b = *(struct engine_container *const *)right;
	int r = compare_text(a->bundle, b->bundle);

	return r ? r : compare_pointers(a, b);
}

static int compare_ids(const void *left, const void *right)
{
	const struct engine_container *a = *(struct engine_container *const *)left;
	const struct engine_container *b = *(struct engine_container *const *)right;
	int r = strcmp(a->id, b->id);

	return r ? r : compare_pointers(a, b);
}

static bool is_same_bundle(const struct engine_container *a, const struct engine_container *b)
{
	return a->bundle && b->bundle && strcmp(a->bundle, b->bundle) == 0;
}

/*
 * Docker's ids are random. Others are chosen by people, and each containerd may have its own "web".
 */
static bool is_same_docker(const struct engine_container *a, const struct engine_container *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->engine, ENGINE_DOCKER) == 0 &&
	       strcmp(b->engine, ENGINE_DOCKER) == 0;
}

/* Of duplicates the first found stays. */
static size_t drop_same(struct engine_container **all, size_t n,
			int (*order)(const void *left, const void *right),
			bool (*is_same)(const struct engine_container *a,
					const struct engine_container *b))
{
	size_t kept = 0;

	if (n)
		qsort(all, n, sizeof(struct engine_container *), order);
	for (size_t i = 0; i < n; i++) {
		if (kept && is_same(all[kept - 1], all[i]))
			engine_container_free(all[i]);
		else
			all[kept++] = all[i];
	}
	return kept;
}

/* Sorted for people, without duplicates. */
static int tidy(struct engine_list *list)
{
	struct engine_container **all = calloc(list->n + 1, sizeof(struct engine_container *));
	struct engine_container *tidied = calloc(list->n + 1, sizeof(*tidied));
	size_t n = list->n;

	if (!all || !tidied) {
		free(all);
		free(tidied);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		all[i] = &list->containers[i];
	n = drop_same(all, n, compare_bundles, is_same_bundle);
	n = drop_same(all, n, compare_ids, is_same_docker);
	for (size_t i = 0; i < n; i++)
		tidied[i] = *all[i];
	free(all);
	free(list->containers);
	*list = (struct engine_list){tidied, n};
	qsort(tidied, n, sizeof(*tidied), compare_containers);
	return 0;
}

int engine_list_read(const struct engine_roots *roots,
		     void (*complain)(const struct why *why, void *context), void *context,
		     struct engine_list *ret)
{
	/* The engine that knows more comes first: Docker's containers are also in containerd. */
	static int (*const walks[])(const struct engine_walk *) = {
		docker_walk,
		storage_walk,
		containerd_walk,
		runtime_walk,
	};
	struct reader reader = {.complain = complain, .context = context};
	const struct engine_walk walk = {roots, add_container, &reader, pass_on};
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(walks); i++)
		r = walks[i](&walk);
	if (r == 0)
		r = tidy(&reader.list);
	if (r < 0) {
		engine_list_free(&reader.list);
		return r;
	}
	*ret = reader.list;
	return 0;
}

void engine_list_free(struct engine_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		engine_container_free(&list->containers[i]);
	free(list->containers);
	*list = (struct engine_list){0};
}

char *engine_container_label(const struct engine_container *container)
{
	if (container->name)
		return text_new("%s:%s", container->engine, container->name);
	return text_new("%s:%.*s", container->engine, SHORT_ID, container->id);
}

/* "NAMESPACE/NAME": @text */
static bool is_qualified(const char *namespace, const char *name, const char *text)
{
	size_t len = namespace ? strlen(namespace) : 0;

	return len && name && strncmp(text, namespace, len) == 0 && text[len] == '/' &&
	       strcmp(text + len + 1, name) == 0;
}

/* 2: exact match; 1: prefix of its id; 0: another container */
static int match_text(const struct engine_container *container, const char *engine,
		      size_t engine_len, const char *text)
{
	if (engine &&
	    (strncmp(container->engine, engine, engine_len) != 0 || container->engine[engine_len]))
		return 0;
	if (strcmp(container->id, text) == 0 ||
	    (container->name && strcmp(container->name, text) == 0) ||
	    is_qualified(container->namespace, container->name, text) ||
	    is_qualified(container->namespace, container->id, text))
		return 2;
	return *text && strncmp(container->id, text, strlen(text)) == 0;
}

/*
 * A restarted container of a pod exists several times under the same names: keeps the attempt that
 * runs. Returns how many of the @n matches stay.
 */
static size_t keep_running_attempt(const struct engine_list *list, size_t *matches, size_t n)
{
	const struct engine_container *first = &list->containers[matches[0]];
	size_t running = 0, found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct engine_container *container = &list->containers[matches[i]];

		if (!container->name || strcmp(container->engine, first->engine) != 0 ||
		    compare_text(container->namespace, first->namespace) != 0 ||
		    compare_text(container->name, first->name) != 0)
			return n;
		if (container->pid) {
			running++;
			found = matches[i];
		}
	}
	if (running != 1)
		return n;
	matches[0] = found;
	return 1;
}

static int best_matches(const struct engine_list *list, const char *text, size_t *matches)
{
	const char *colon = strchr(text, ':');
	int best = 0;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct engine_container *container = &list->containers[i];
		int found = match_text(container, NULL, 0, text);

		if (!found && colon)
			found = match_text(container, text, (size_t)(colon - text), colon + 1);
		if (found > best)
			n = 0;
		if (found && found >= best) {
			best = found;
			matches[n++] = i;
		}
	}
	return (int)(best == 2 ? keep_running_attempt(list, matches, n) : n);
}

static int ambiguous(const struct engine_list *list, const char *text, const size_t *matches, int n,
		     struct why *why)
{
	struct text names = {""};

	for (int i = 0; i < n && i < CANDIDATES_MAX; i++) {
		const struct engine_container *container = &list->containers[matches[i]];

		text_add(&names, "%s%s:%.*s", i ? ", " : "", container->engine, SHORT_ID,
			 container->id);
		if (container->name) {
			const char *ns = container->namespace;
			const char *name =
				text("%s%s%s", ns ? ns : "", ns ? "/" : "", container->name);

			text_add(&names, " %.80s", quote(name));
		}
	}
	return why_set(why, EEXIST, "%s may be any of %d containers: %s%s", quote(text), n, names.s,
		       n > CANDIDATES_MAX ? ", ..." : "");
}

/* NULL: @text does not begin with an engine, or with an unknown one. */
static const char *unknown_engine(const char *text, struct text *ret)
{
	static const char *const engines[] = {ENGINE_NAMES, ENGINE_RUNC, ENGINE_CRUN};
	size_t len = strcspn(text, ":");

	for (size_t i = 0; i < COUNT(engines); i++) {
		if (text[len] == '\0' ||
		    (strlen(engines[i]) == len && strncmp(engines[i], text, len) == 0))
			return NULL;
	}
	return text_into(ret, "unknown engine %s (" ENGINE_LIST(", ", ", ") ", %s, %s)",
			 quote_n(text, len), ENGINE_RUNC, ENGINE_CRUN);
}

static int not_found(const char *text, struct why *why)
{
	struct text engine;

	if (unknown_engine(text, &engine))
		return why_set(why, ENOENT, "%s", engine.s);
	return why_set(why, ENOENT, "no such container: %s", quote(text));
}

int engine_list_find(const struct engine_list *list, const char *text,
		     const struct engine_container **ret, struct why *why)
{
	_cleanup_free_ size_t *matches = calloc(list->n + 1, sizeof(*matches));
	int n;

	if (!matches)
		return why_no_memory(why);
	n = best_matches(list, text, matches);
	if (n == 0)
		return not_found(text, why);
	if (n > 1)
		return ambiguous(list, text, matches, n, why);
	*ret = &list->containers[matches[0]];
	return 0;
}

const struct engine_container *engine_list_find_device(const struct engine_list *list,
						       const char *device)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *name = list->containers[i].device;

		if (name && strcmp(name, device) == 0)
			return &list->containers[i];
	}
	return NULL;
}
