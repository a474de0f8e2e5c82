/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rules of the configuration: which containers does one mean?
 *
 * A pattern is a glob (fnmatch(3)) for the whole text, in which * and ? match slashes, too. What is
 * not known of a container matches no pattern, not even "*"; what a rule does not mention matches.
 * Pure.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a container. Tenants may have written all of it: it only selects a rule. */
struct facts {
	const char *engine; /* "docker", "podman", ...; NULL: not known */
	const struct json *const *annotations;
	size_t n_annotations;	/* objects, the first that has a key counts; some may be NULL */
	const char *ns, *image; /* NULL: not known; or no rule needs it, see policy_needs_image() */
};

enum rule_request {
	RULE_REQUEST_ALLOW,  /* the container's own request counts */
	RULE_REQUEST_IGNORE, /* it is not looked at */
	RULE_REQUEST_DENY,   /* a container that has one is refused */
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
	uint64_t max_bytes;  /* 0: as for all */
	enum rule_request request;
	const char *file; /* where it stands */
	unsigned int line;
};

bool match_pattern(const char *pattern, const char *text);

/*
 * An image's name may be short, as in "postgres": it is matched as it is and in full, as in
 * "docker.io/library/postgres:latest".
 */
bool match_image(const char *pattern, const char *image);

/* true; false with the reason: the first thing that differs. */
bool match_rule(const struct rule *rule, const struct facts *facts, struct why *why);

/* Is all that @later means surely meant by @earlier, so that @later can never be reached? */
bool match_covers(const struct rule *earlier, const struct rule *later);
