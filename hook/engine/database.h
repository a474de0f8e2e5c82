/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bbolt database (engine/bolt.h) of a running engine. It is read without its lock, which the
 * engine holds as long as it runs. bbolt never overwrites data in use: it writes changed pages
 * elsewhere and then one of the two meta pages. So what was read is consistent if the meta pages
 * are still the same afterwards.
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

/* The nested bucket that @keys, ended by NULL, lead to. Like bolt_bucket(). */
int database_bucket(const struct database *database, const char *const keys[],
		    struct bolt_bucket *ret);

/* A copy of the text @key in @bucket, to be freed; NULL if missing or empty. */
char *database_dup_text(const struct bolt_bucket *bucket, const char *key);

/* Reads a varint, as in Go's binary.Uvarint and protobuf. Returns its length; 0: not a varint. */
size_t database_varint(struct bolt_bytes bytes, uint64_t *ret);
