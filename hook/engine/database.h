/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bbolt database (engine/bolt.h) of an engine that runs. It is read without its lock, which the
 * engine holds as long as it lives. What bbolt changes it writes beside what is there, and then one
 * of the two meta pages; so what was read is whole if the meta pages are still the same after that.
 */

#include "engine/bolt.h"

struct database {
	struct bolt bolt;
	uint64_t budget;
	char *data;
	char *path;
};

/* 1 and *ret, to be freed; 0: no such file; -errno with a reason that names @path. */
int database_read(const char *path, struct database **ret, struct why *why);
void database_free(struct database *database);

/*
 * The bucket that @keys lead to, one in the other, ended by NULL. As bolt_bucket().
 */
int database_bucket(const struct database *database, const char *const keys[],
		    struct bolt_bucket *ret);

/* A copy of the text @key in @bucket, to be freed; NULL if there is none, or an empty one. */
char *database_dup_text(const struct bolt_bucket *bucket, const char *key);

/* As Go's binary.Uvarint and protobuf have it. How many bytes it takes; 0: there is none. */
size_t database_varint(struct bolt_bytes bytes, uint64_t *ret);
