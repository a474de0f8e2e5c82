/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json-write.h"

#include "base/quote.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <yajl/yajl_gen.h>

/* The writer is just a yajl_gen. */
static yajl_gen gen_of(struct json_writer *w)
{
	return (yajl_gen)w;
}

/* yajl's own check accepts overlong forms and surrogates. */
static void write_text(struct json_writer *w, const char *text)
{
	const char *safe = utf8_is_valid(text) ? text : quote(text);

	yajl_gen_string(gen_of(w), (const unsigned char *)safe, strlen(safe));
}

static void write_key(struct json_writer *w, const char *key)
{
	if (key)
		write_text(w, key);
}

struct json_writer *json_writer_begin(void)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (gen)
		yajl_gen_map_open(gen);
	return (struct json_writer *)gen;
}

void json_write_object(struct json_writer *w, const char *key)
{
	if (!w)
		return;
	write_key(w, key);
	yajl_gen_map_open(gen_of(w));
}

void json_write_close(struct json_writer *w)
{
	if (w)
		yajl_gen_map_close(gen_of(w));
}

void json_write_array(struct json_writer *w, const char *key)
{
	if (!w)
		return;
	write_key(w, key);
	yajl_gen_array_open(gen_of(w));
}

void json_write_array_close(struct json_writer *w)
{
	if (w)
		yajl_gen_array_close(gen_of(w));
}

void json_write_string(struct json_writer *w, const char *key, const char *value)
{
	if (!w)
		return;
	write_key(w, key);
	if (value)
		write_text(w, value);
	else
		yajl_gen_null(gen_of(w));
}

void json_write_u64(struct json_writer *w, const char *key, uint64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, value);

	if (!w)
		return;
	write_key(w, key);
	yajl_gen_number(gen_of(w), digits, (size_t)n);
}

void json_write_u64_if(struct json_writer *w, const char *key, bool known, uint64_t value)
{
	if (known)
		json_write_u64(w, key, value);
	else
		json_write_string(w, key, NULL);
}

void json_write_known_u64(struct json_writer *w, const char *key, uint64_t value)
{
	json_write_u64_if(w, key, value != 0, value);
}

void json_write_bool(struct json_writer *w, const char *key, bool value)
{
	if (!w)
		return;
	write_key(w, key);
	yajl_gen_bool(gen_of(w), value);
}

int json_writer_end(struct json_writer *w, FILE *out)
{
	const unsigned char *text;
	size_t len;
	int r = 0;

	if (!w)
		return -ENOMEM;
	if (yajl_gen_map_close(gen_of(w)) != yajl_gen_generation_complete &&
	    yajl_gen_get_buf(gen_of(w), &text, &len) == yajl_gen_status_ok) {
		if (fwrite(text, 1, len, out) != len || fputc('\n', out) == EOF || fflush(out) != 0)
			r = -EIO;
	} else {
		r = -ENOMEM;
	}
	yajl_gen_free(gen_of(w));
	return r;
}
