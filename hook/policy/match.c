/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/match.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"

#include <fnmatch.h>
#include <string.h>

bool match_pattern(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, 0) == 0;
}

/* After the last slash, because a registry may have a port. */
static bool has_tag(const char *image)
{
	const char *slash = strrchr(image, '/');

	return strpbrk(slash ? slash : image, ":@") != NULL;
}

/* As in "docker.io/...", "registry:5000/..." or "localhost/...": all others are on Docker Hub. */
static bool has_registry(const char *image)
{
	size_t len = strcspn(image, "/");

	return image[len] &&
	       (memchr(image, '.', len) || memchr(image, ':', len) ||
		(len == strlen("localhost") && strncmp(image, "localhost", len) == 0));
}

static char *full_image(const char *image)
{
	return text_new("%s%s%s%s", has_registry(image) ? "" : "docker.io/",
			strchr(image, '/') ? "" : "library/", image,
			has_tag(image) ? "" : ":latest");
}

bool match_image(const char *pattern, const char *image)
{
	_cleanup_free_ char *full = NULL;

	if (match_pattern(pattern, image))
		return true;
	full = full_image(image);
	return full && match_pattern(pattern, full);
}

static bool match_one(const char *what, const char *pattern, const char *text, bool image,
		      struct why *why)
{
	if (text && (image ? match_image(pattern, text) : match_pattern(pattern, text)))
		return true;
	if (text)
		why_set(why, 0, "%s %s does not match %s", what, quote(text), quote(pattern));
	else
		why_set(why, 0, "%s is not known", what);
	return false;
}

static bool match_annotation(const struct annotation_pattern *wanted, const struct facts *facts,
			     struct why *why)
{
	const char *annotation = text("annotation %s", quote(wanted->key)), *value = NULL;
	struct why unused;
	int r = 0;

	for (size_t i = 0; i < facts->n_annotations && r == 0; i++) {
		if (facts->annotations[i])
			r = json_string(facts->annotations[i], wanted->key, &value, &unused);
	}
	if (r > 0)
		return match_one(annotation, wanted->pattern, value, false, why);
	if (r < 0)
		why_set(why, 0, "%s cannot be read", annotation);
	else
		why_set(why, 0, "it has no %s", annotation);
	return false;
}

bool match_rule(const struct rule *rule, const struct facts *facts, struct why *why)
{
	if (rule->engine && !match_one("engine", rule->engine, facts->engine, false, why))
		return false;
	for (size_t i = 0; i < rule->n_annotations; i++) {
		if (!match_annotation(&rule->annotations[i], facts, why))
			return false;
	}
	if (rule->ns && !match_one("namespace", rule->ns, facts->ns, false, why))
		return false;
	return !rule->image || match_one("image", rule->image, facts->image, true, why);
}

static bool is_literal(const char *pattern)
{
	return !strpbrk(pattern, "*?[\\");
}

/*
 * If * is the only wildcard in @earlier, and it matches the text of @later, then it matches
 * everything that @later matches. That does not hold for [...], which matches less than its text.
 */
static bool covers(const char *earlier, const char *later)
{
	if (!earlier)
		return true;
	if (!later)
		return false;
	if (strcmp(earlier, later) == 0 || strcmp(earlier, "*") == 0)
		return true;
	return (is_literal(later) || (!strpbrk(earlier, "?[\\") && !strchr(later, '['))) &&
	       match_pattern(earlier, later);
}

static const char *pattern_of(const struct rule *rule, const char *key)
{
	for (size_t i = 0; i < rule->n_annotations; i++) {
		if (strcmp(rule->annotations[i].key, key) == 0)
			return rule->annotations[i].pattern;
	}
	return NULL;
}

bool match_covers(const struct rule *earlier, const struct rule *later)
{
	if (!covers(earlier->engine, later->engine) || !covers(earlier->image, later->image) ||
	    !covers(earlier->ns, later->ns))
		return false;
	for (size_t i = 0; i < earlier->n_annotations; i++) {
		const struct annotation_pattern *wanted = &earlier->annotations[i];

		if (!covers(wanted->pattern, pattern_of(later, wanted->key)))
			return false;
	}
	return true;
}
