/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The part of protobuf's encoding that NRI's messages need (protobuf.dev, "Encoding"). Pure, but
 * for memory. A message is a sequence of fields; a string, a list's element and an inner message
 * are all bytes with a length. Unknown fields are passed over, and of a single field that occurs
 * more than once the last one is valid, as the format demands.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that the caller owns. */
struct nri_span {
	const uint8_t *at;
	size_t len;
};

struct nri_field {
	uint32_t number;
	bool is_bytes, is_number; /* neither: a fixed-length number, which we do not use */
	uint64_t value;
	struct nri_span bytes;
};

/*
 * Takes the first field off @message: 1 and *ret; 0: there is no more; -EBADMSG: it is not valid.
 */
int nri_next(struct nri_span *message, struct nri_field *ret);

/*
 * The last field @number of its kind in all of @message: 1 and *ret; 0: there is none; -EBADMSG.
 */
int nri_find_bytes(struct nri_span message, uint32_t number, struct nri_span *ret);
int nri_find_number(struct nri_span message, uint32_t number, uint64_t *ret);

bool nri_is(struct nri_span span, const char *text);
bool nri_same(struct nri_span a, struct nri_span b);

/* Bytes that are ours, to be freed. After an @error nothing more is added. */
struct nri_buffer {
	uint8_t *at;
	size_t len, size;
	int error; /* -ENOMEM, or 0 */
};

void nri_append(struct nri_buffer *to, const void *bytes, size_t len);
void nri_put_bytes(struct nri_buffer *to, uint32_t number, struct nri_span bytes);
void nri_put_text(struct nri_buffer *to, uint32_t number, const char *text);
void nri_put_number(struct nri_buffer *to, uint32_t number, uint64_t value);
/* Frees @inner, also where it cannot be added. */
void nri_put_message(struct nri_buffer *to, uint32_t number, struct nri_buffer *inner);
void nri_buffer_free(struct nri_buffer *buffer);

static inline struct nri_span nri_span_of(const struct nri_buffer *buffer)
{
	return (struct nri_span){buffer->at, buffer->len};
}
