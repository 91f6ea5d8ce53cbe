/*
 * SQLite's memory: wiped whenever it is given back, as it holds the private
 * state in clear.
 *
 * A block has its length before it. SQLite takes this for the whole process, the
 * first time it is used here; where someone used SQLite before, it keeps what it
 * has.
 */
#include "db_memory_internal.h"

#include "base.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* Keeps what follows aligned as malloc does. */
union head {
	size_t len;
	max_align_t align;
};

static void *
memory_malloc(int len)
{
	union head *h;

	if (len <= 0)
		return NULL;
	h = malloc(sizeof(*h) + (size_t)len);
	if (!h)
		return NULL;
	h->len = (size_t)len;
	return h + 1;
}

static void
memory_free(void *p)
{
	union head *h = p;

	if (!h)
		return;
	h--;
	dlb_wipe(h + 1, h->len);
	free(h);
}

static int
memory_size(void *p)
{
	const union head *h = p;

	return h ? (int)h[-1].len : 0;
}

static void *
memory_realloc(void *p, int len)
{
	size_t old = (size_t)memory_size(p);
	void *q;

	/* The heap may move it, so that it can not shrink or grow in place. */
	q = memory_malloc(len);
	if (!q)
		return NULL;
	if (p)
		memcpy(q, p, old < (size_t)len ? old : (size_t)len);
	memory_free(p);
	return q;
}

static int
memory_roundup(int len)
{
	return (len + 7) & ~7;
}

static int
memory_init(void *data)
{
	(void)data;
	return SQLITE_OK;
}

static void
memory_shutdown(void *data)
{
	(void)data;
}

static void
configure(void)
{
	static const sqlite3_mem_methods methods = {
		.xMalloc = memory_malloc,
		.xFree = memory_free,
		.xRealloc = memory_realloc,
		.xSize = memory_size,
		.xRoundup = memory_roundup,
		.xInit = memory_init,
		.xShutdown = memory_shutdown,
	};

	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	/* Counting each block costs a lock, and nobody asks. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void
dlb_db_memory_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, configure);
}
