/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Matches containers against the configuration's rules. A pattern is a glob (fnmatch(3)) for the
 * whole text, in which * and ? also match slashes. An unknown property matches no pattern, not even
 * "*"; a rule matches if all that it names match. Pure.
 */

#include "base/why.h"
#include "oci/json.h"
#include "policy/autogrow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is known about a container. Tenants may have written all of it: it can only select a rule.
 */
struct facts {
	const char *engine; /* "docker", "podman", ...; NULL: not known */
	const struct json *const *annotations;
	size_t n_annotations;	/* objects; the first that has a key wins; some may be NULL */
	const char *ns, *image; /* NULL: not known, or no rule needs it, see policy_needs_image() */
};

enum rule_request {
	RULE_REQUEST_ALLOW,  /* the container's own request takes effect */
	RULE_REQUEST_IGNORE, /* its request is ignored */
	RULE_REQUEST_DENY,   /* a container with a request is refused */
};

struct annotation_pattern {
	const char *key, *pattern;
};

struct rule {
	const char *name;
	const char *engine, *image, *ns; /* patterns; NULL: any */
	const struct annotation_pattern *annotations;
	size_t n_annotations;
	bool has_size;
	uint64_t size_bytes; /* 0: none, not even the default */
	uint64_t max_bytes;  /* 0: the general max_size */
	enum rule_request request;
	bool has_autogrow_max;
	struct autogrow autogrow; /* 0: the general value; max_bytes only if has_autogrow_max */
	const char *file;	  /* where the rule is defined */
	unsigned int line;
};

bool match_pattern(const char *pattern, const char *text);

/*
 * An image's name may be short, as in "postgres": it is matched both as written and in full, as in
 * "docker.io/library/postgres:latest".
 */
bool match_image(const char *pattern, const char *image);

/* true; false with the reason: the first property that differs. */
bool match_rule(const struct rule *rule, const struct facts *facts, struct why *why);

/* Does @earlier certainly match everything that @later matches, so that @later is unreachable? */
bool match_covers(const struct rule *earlier, const struct rule *later);
