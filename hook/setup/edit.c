/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/edit.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "oci/json.h"

#include <string.h>

#define BLANKS " \t\r\n"

/* A member and the places around it, as byte offsets. */
struct place {
	size_t before;	   /* after the member before it, or after the opening brace */
	size_t key, value; /* where these begin */
	size_t end;	   /* after the value */
	size_t next;	   /* where the next member's key begins, or 0 */
	bool first;
};

int edit_copy(const char *text, size_t len, struct edit_text *ret)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	ret->text = copy;
	ret->len = len;
	return 0;
}

void edit_free(struct edit_text *t)
{
	free(t->text);
	*t = (struct edit_text){0};
}

int edit_splice(struct edit_text *t, size_t start, size_t end, const char *new)
{
	size_t added = strlen(new), len = t->len - (end - start) + added;
	char *text = malloc(len + 1);

	if (!text)
		return -ENOMEM;
	memcpy(text, t->text, start);
	memcpy(text + start, new, added);
	memcpy(text + start + added, t->text + end, t->len - end);
	text[len] = '\0';
	free(t->text);
	t->text = text;
	t->len = len;
	return 0;
}

/* The first byte from @at on that is neither blank nor in @also. */
static size_t skip_blanks_and(const struct edit_text *t, size_t at, const char *also)
{
	while (at < t->len && (strchr(BLANKS, t->text[at]) || strchr(also, t->text[at])))
		at++;
	return at;
}

static void find_place(const struct edit_text *t, const struct json *object,
		       const struct json *member, struct place *ret)
{
	struct place place = {.before = object->offset, .first = true, .end = member->end};

	json_foreach (other, object) {
		if (other == member)
			break;
		place.before = other->end;
		place.first = false;
	}
	place.key = skip_blanks_and(t, place.before, ",");
	place.value = skip_blanks_and(t, member->key_end, ":");
	if (member->next)
		place.next = skip_blanks_and(t, member->end, ",");
	*ret = place;
}

static int find_object(const struct json *root, const char *parent, const struct json **ret,
		       struct why *why)
{
	int r;

	if (root->type != JSON_OBJECT)
		return why_set(why, EINVAL, "expected an object");
	if (!parent) {
		*ret = root;
		return 0;
	}
	r = json_member(root, parent, JSON_OBJECT, ret, why);
	return r == 0 ? why_set(why, EINVAL, "there is no %s", quote(parent)) : r < 0 ? r : 0;
}

static const struct json *find_member(const struct json *object, const char *key)
{
	json_foreach (member, object) {
		if (member->key_len == strlen(key) &&
		    memcmp(member->key, key, member->key_len) == 0)
			return member;
	}
	return NULL;
}

/* The object, and its member @key or NULL. The caller frees *ret_doc in any case. */
static int find_both(const struct edit_text *t, const char *parent, const char *key,
		     struct json_doc **ret_doc, const struct json **ret_object,
		     const struct json **ret_member, struct why *why)
{
	int r = json_parse(t->text, t->len, ret_doc, why);

	if (r == 0)
		r = find_object(json_root(*ret_doc), parent, ret_object, why);
	if (r == 0 && *ret_object)
		*ret_member = find_member(*ret_object, key);
	return r;
}

/*
 * The text before the key of a new last member: a comma, and the blanks before the last one's key.
 * The first member of an empty object gets a line of its own.
 */
static char *lead(const struct edit_text *t, const struct json *object, size_t *ret_at)
{
	const struct json *last = NULL;
	struct place place;
	size_t blanks;
	json_foreach (member, object)
		last = member;
	if (!last) {
		*ret_at = object->offset;
		return strdup("\n  ");
	}
	find_place(t, object, last, &place);
	*ret_at = last->end;
	for (blanks = place.key; blanks > 0 && strchr(BLANKS, t->text[blanks - 1]);) {
		blanks--;
		if (t->text[blanks] == '\n')
			break; /* do not repeat an empty line before that */
	}
	if (blanks > 0 && t->text[blanks] == '\n' && t->text[blanks - 1] == '\r')
		blanks--;
	return text_new(",%.*s", (int)(place.key - blanks), t->text + blanks);
}

int edit_add(struct edit_text *t, const char *parent, const char *key, const char *value,
	     struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	_cleanup_free_ char *before = NULL, *new = NULL;
	const struct json *object = NULL, *there = NULL;
	size_t at = 0;
	int r = find_both(t, parent, key, &doc, &object, &there, why);

	if (r < 0 || !object)
		return r;
	if (there)
		return why_set(why, EINVAL, "%s exists already", quote(key));
	before = lead(t, object, &at);
	new = before ? text_new("%s\"%s\": %s%s", before, key, value,
				t->text[at] == '}' && !object->first ? "\n" : "")
		     : NULL;
	if (!new)
		return why_no_memory(why);
	r = edit_splice(t, at, at, new);
	return r < 0 ? why_no_memory(why) : 0;
}

/* Finds the member @key of the object @parent. -EINVAL: it does not exist. */
static int locate(const struct edit_text *t, const char *parent, const char *key, struct place *ret,
		  struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *object = NULL, *member = NULL;
	int r = find_both(t, parent, key, &doc, &object, &member, why);

	if (r < 0 || !object)
		return r;
	if (!member)
		return why_set(why, EINVAL, "there is no %s", quote(key));
	find_place(t, object, member, ret);
	return 0;
}

int edit_set(struct edit_text *t, const char *parent, const char *key, const char *value,
	     struct why *why)
{
	struct place place = {0};
	int r = locate(t, parent, key, &place, why);

	if (r < 0)
		return r;
	return edit_splice(t, place.value, place.end, value) < 0 ? why_no_memory(why) : 0;
}

int edit_remove(struct edit_text *t, const char *parent, const char *key, struct why *why)
{
	struct place place = {0};
	int r = locate(t, parent, key, &place, why);

	if (r < 0)
		return r;
	if (place.first && place.next)
		r = edit_splice(t, place.key, place.next, "");
	else
		r = edit_splice(t, place.before, place.end, "");
	return r < 0 ? why_no_memory(why) : 0;
}
