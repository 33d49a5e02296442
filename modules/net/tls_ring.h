/* A ring of ciphertext over storage that its owner holds. One that runs empty begins at 0 again, so that most copies are whole. */
#ifndef FLETCHER_TLS_RING_H
#define FLETCHER_TLS_RING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	uint8_t *bytes;
	size_t size;
	size_t first; /* where reading goes on */
	size_t used;
} TlsRing;

static inline void tlsRingClear(TlsRing *ring)
{
	ring->first = 0;
	ring->used = 0;
}

static inline size_t tlsRingFree(const TlsRing *ring)
{
	return ring->size - ring->used;
}

/* Takes what fits. */
static inline size_t tlsRingWrite(TlsRing *ring, const uint8_t *data, size_t length)
{
	size_t space = tlsRingFree(ring);
	if (length > space) length = space;
	if (length == 0) return 0;
	size_t at = ring->first + ring->used;
	if (at >= ring->size) at -= ring->size;
	size_t whole = ring->size - at;
	if (whole > length) whole = length;
	memcpy(ring->bytes + at, data, whole);
	memcpy(ring->bytes, data + whole, length - whole);
	ring->used += length;
	return length;
}

static inline size_t tlsRingRead(TlsRing *ring, uint8_t *data, size_t size)
{
	if (size > ring->used) size = ring->used;
	if (size == 0) return 0;
	size_t whole = ring->size - ring->first;
	if (whole > size) whole = size;
	memcpy(data, ring->bytes + ring->first, whole);
	memcpy(data + whole, ring->bytes, size - whole);
	ring->used -= size;
	ring->first += size;
	if (ring->first >= ring->size) ring->first -= ring->size;
	if (ring->used == 0) ring->first = 0;
	return size;
}

#endif
