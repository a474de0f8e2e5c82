/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 256

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* --- reading --------------------------------------------------------------------------------- */

static int take(struct nri_span *from, uint64_t len, struct nri_span *ret)
{
	if (len > from->len)
		return -EBADMSG;
	*ret = (struct nri_span){from->at, (size_t)len};
	from->at += len;
	from->len -= (size_t)len;
	return 0;
}

static int take_varint(struct nri_span *from, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		struct nri_span byte;

		if (take(from, 1, &byte) < 0)
			return -EBADMSG;
		if (shift == 63 && *byte.at > 1)
			return -EBADMSG;
		value |= (uint64_t)(*byte.at & 0x7f) << shift;
		if (*byte.at < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

static int take_value(struct nri_span *from, unsigned int type, struct nri_field *field)
{
	uint64_t len;

	switch (type) {
	case WIRE_VARINT:
		field->is_number = true;
		return take_varint(from, &field->value);
	case WIRE_BYTES:
		field->is_bytes = true;
		return take_varint(from, &len) < 0 ? -EBADMSG : take(from, len, &field->bytes);
	case WIRE_FIXED64:
		return take(from, 8, &field->bytes);
	case WIRE_FIXED32:
		return take(from, 4, &field->bytes);
	default: /* groups, which proto3 does not have */
		return -EBADMSG;
	}
}

int nri_next(struct nri_span *message, struct nri_field *ret)
{
	struct nri_field field = {0};
	uint64_t tag;

	if (message->len == 0)
		return 0;
	if (take_varint(message, &tag) < 0 || tag > UINT32_MAX || tag >> 3 == 0)
		return -EBADMSG;
	field.number = (uint32_t)(tag >> 3);
	if (take_value(message, tag & 7, &field) < 0)
		return -EBADMSG;
	*ret = field;
	return 1;
}

int nri_find_bytes(struct nri_span message, uint32_t number, struct nri_span *ret)
{
	struct nri_field field;
	int r, found = 0;

	while ((r = nri_next(&message, &field)) > 0) {
		if (field.number == number && field.is_bytes) {
			*ret = field.bytes;
			found = 1;
		}
	}
	return r < 0 ? r : found;
}

int nri_find_number(struct nri_span message, uint32_t number, uint64_t *ret)
{
	struct nri_field field;
	int r, found = 0;

	while ((r = nri_next(&message, &field)) > 0) {
		if (field.number == number && field.is_number) {
			*ret = field.value;
			found = 1;
		}
	}
	return r < 0 ? r : found;
}

bool nri_same(struct nri_span a, struct nri_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool nri_is(struct nri_span span, const char *text)
{
	return nri_same(span, (struct nri_span){(const uint8_t *)text, strlen(text)});
}

/* --- writing --------------------------------------------------------------------------------- */

static int make_room(struct nri_buffer *in, size_t len)
{
	size_t size = in->size ? in->size : FIRST_SIZE;
	uint8_t *larger;

	while (size - in->len < len)
		size *= 2;
	if (size == in->size)
		return 0;
	larger = realloc(in->at, size);
	if (!larger)
		return -ENOMEM;
	in->at = larger;
	in->size = size;
	return 0;
}

void nri_append(struct nri_buffer *to, const void *bytes, size_t len)
{
	if (to->error || len == 0)
		return;
	to->error = make_room(to, len);
	if (to->error)
		return;
	memcpy(to->at + to->len, bytes, len);
	to->len += len;
}

static void put_varint(struct nri_buffer *to, uint64_t value)
{
	uint8_t bytes[10];
	size_t n = 0;

	do {
		bytes[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	nri_append(to, bytes, n);
}

void nri_put_bytes(struct nri_buffer *to, uint32_t number, struct nri_span bytes)
{
	put_varint(to, (uint64_t)number << 3 | WIRE_BYTES);
	put_varint(to, bytes.len);
	nri_append(to, bytes.at, bytes.len);
}

void nri_put_text(struct nri_buffer *to, uint32_t number, const char *text)
{
	nri_put_bytes(to, number, (struct nri_span){(const uint8_t *)text, strlen(text)});
}

void nri_put_number(struct nri_buffer *to, uint32_t number, uint64_t value)
{
	put_varint(to, (uint64_t)number << 3 | WIRE_VARINT);
	put_varint(to, value);
}

void nri_put_message(struct nri_buffer *to, uint32_t number, struct nri_buffer *inner)
{
	if (inner->error && !to->error)
		to->error = inner->error;
	nri_put_bytes(to, number, nri_span_of(inner));
	nri_buffer_free(inner);
}

void nri_buffer_free(struct nri_buffer *buffer)
{
	free(buffer->at);
	*buffer = (struct nri_buffer){0};
}
