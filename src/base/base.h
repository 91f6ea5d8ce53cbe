/*
 * base: what every module stands on: results, bytes in and out, the clock and
 * the randomness (both passed in), secret memory, file access as a table of
 * functions, and a small pool of threads.
 *
 * Nothing here prints or exits.
 */
#ifndef DLB_BASE_H
#define DLB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DLB_MUST_CHECK __attribute__((warn_unused_result))
#define DLB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define DLB_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ---- results ------------------------------------------------------------ */

/* One list: name, text. A text is what a person is told where nobody knows
 * anything better to say. */
#define DLB_STATUS_LIST(X)                                                     \
	X(OK, "done")                                                          \
	X(FAILED, "could not")                                                 \
	X(USAGE, "wrong usage")                                                \
	X(PARTLY, "partly done")                                               \
	X(NO_MEMORY, "out of memory")                                          \
	X(IO, "a file could not be read or written")                           \
	X(NO_SPACE, "no space left")                                           \
	X(READ_ONLY, "the medium is read-only")                                \
	X(NOT_FOUND, "not found")                                              \
	X(EXISTS, "is there already")                                          \
	X(BUSY, "in use by another process")                                   \
	X(MALFORMED, "not in the form it should have")                         \
	X(UNSUPPORTED, "of a version that this program does not know")         \
	X(CORRUPT, "damaged")                                                  \
	X(WRONG_KEY, "does not open with this key")                            \
	X(NOT_MINE, "not for this reader")                                     \
	X(FORGED, "does not verify")                                           \
	X(DUPLICATE, "is here already")                                        \
	X(FULL, "full")                                                        \
	X(EXPIRED, "has expired")                                              \
	X(REFUSED, "refused by policy")                                        \
	X(LIMIT, "beyond a limit of this program")                             \
	X(CANCELLED, "interrupted")                                            \
	X(CLOCK, "the clock contradicts what was seen before")

enum dlb_status {
#define DLB_STATUS_ENUM(name, text) DLB_##name,
	DLB_STATUS_LIST(DLB_STATUS_ENUM)
#undef DLB_STATUS_ENUM
		DLB_STATUS_COUNT
};

/* Static text of a status; never NULL. */
const char *dlb_status_text(enum dlb_status status);

/* The caller hands one in; whoever fails fills it; each level may prefix.
 * May be NULL everywhere. `msg` says what happened, to what, what to do next. */
struct dlb_error {
	enum dlb_status status;
	int sys_errno;
	char msg[512];
};

void dlb_error_clear(struct dlb_error *err);
/* Fills err (if any) and returns status, so that a caller can write
 * `return dlb_fail(err, DLB_MALFORMED, "...")`. */
enum dlb_status dlb_fail(struct dlb_error *err, enum dlb_status status,
	const char *fmt, ...) DLB_PRINTF(3, 4);
/* The same with errno, whose text is appended; ENOSPC, EDQUOT, EROFS, ENOENT,
 * EEXIST, ENOMEM become their own status, all others DLB_IO. */
enum dlb_status dlb_fail_errno(struct dlb_error *err, int sys_errno,
	const char *fmt, ...) DLB_PRINTF(3, 4);
/* Puts "prefix: " before what is there. */
void dlb_error_prefix(struct dlb_error *err, const char *fmt, ...)
	DLB_PRINTF(2, 3);

/* ---- bytes in and out (bytes.c); all integers big-endian ------------------ */

/* Reads what it is given and no more; after the first short read every later
 * one yields zeros / NULL and `failed` stays set: check once, at the end. */
struct dlb_reader {
	const uint8_t *p;
	const uint8_t *end;
	bool failed;
};

void dlb_reader_init(struct dlb_reader *r, const void *data, size_t len);
size_t dlb_reader_left(const struct dlb_reader *r);
uint8_t dlb_read_u8(struct dlb_reader *r);
uint16_t dlb_read_u16(struct dlb_reader *r);
uint32_t dlb_read_u32(struct dlb_reader *r);
uint64_t dlb_read_u64(struct dlb_reader *r);
/* Copies len bytes to out, zeros where there are not so many. */
void dlb_read_bytes(struct dlb_reader *r, void *out, size_t len);
/* A pointer into the input, NULL where there are not so many. */
const uint8_t *dlb_read_view(struct dlb_reader *r, size_t len);
/* Skips len bytes that must all be zero; fails where one is not. */
void dlb_read_zeros(struct dlb_reader *r, size_t len);
/* Nothing failed and nothing is left over. */
bool dlb_reader_done(const struct dlb_reader *r);

/* Writes into what the caller owns, never past cap; sticky as the reader. */
struct dlb_writer {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool failed;
};

void dlb_writer_init(struct dlb_writer *w, void *buf, size_t cap);
void dlb_write_u8(struct dlb_writer *w, uint8_t v);
void dlb_write_u16(struct dlb_writer *w, uint16_t v);
void dlb_write_u32(struct dlb_writer *w, uint32_t v);
void dlb_write_u64(struct dlb_writer *w, uint64_t v);
void dlb_write_bytes(struct dlb_writer *w, const void *data, size_t len);
void dlb_write_zeros(struct dlb_writer *w, size_t len);

/* A byte buffer that grows and is wiped when freed; `data` is owned by it. */
struct dlb_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

enum dlb_status dlb_buf_reserve(struct dlb_buf *b, size_t cap) DLB_MUST_CHECK;
enum dlb_status dlb_buf_append(
	struct dlb_buf *b, const void *data, size_t len) DLB_MUST_CHECK;
void dlb_buf_free(struct dlb_buf *b);

/* ---- text (text.c) -------------------------------------------------------- */

/* Hexadecimal, lower case; out gets 2 * len + 1 bytes. */
void dlb_hex(char *out, const void *data, size_t len);
enum dlb_status dlb_unhex(uint8_t *out, size_t out_len, const char *hex)
	DLB_MUST_CHECK;
/* Well-formed UTF-8 (no overlong form, no surrogate), len bytes. */
bool dlb_utf8_valid(const void *s, size_t len);
/* A copy that is safe to print to a terminal: control characters, bidi
 * overrides and broken UTF-8 become '?'; always terminated. Returns out. */
char *dlb_printable(char *out, size_t out_cap, const void *s, size_t len);

/* ---- time, randomness (env.c) ---------------------------------------------- */

/* All time and all randomness come from here, so that tests and the simulator
 * own them. Functions may be called from any thread. */
struct dlb_env {
	void *ctx;
	/* Milliseconds since 1970-01-01 UTC. */
	int64_t (*now_ms)(void *ctx);
	/* Milliseconds of a clock that never goes back. */
	int64_t (*monotonic_ms)(void *ctx);
	/* Fills out with len random bytes; can not fail. */
	void (*random)(void *ctx, void *out, size_t len);
};

/* The system's clock and libsodium's generator. */
const struct dlb_env *dlb_env_system(void);
/* Deterministic: ChaCha20 on a seed and a clock that the test sets. Not for use
 * by two threads at once where the order of draws matters. */
struct dlb_env_seeded {
	struct dlb_env env;
	int64_t now_ms;
	uint8_t key[32];
	uint64_t counter;
};
void dlb_env_seeded_init(
	struct dlb_env_seeded *e, uint64_t seed, int64_t now_ms);
int64_t dlb_now_ms(const struct dlb_env *env);
void dlb_random(const struct dlb_env *env, void *out, size_t len);
/* Uniform in [0, bound); bound > 0. */
uint32_t dlb_random_below(const struct dlb_env *env, uint32_t bound);

/* The calendar of the formats. Weeks count from Monday 2024-01-01 00:00 UTC,
 * months from January 2024, quarters from the first of 2024; a time before
 * counts as 0, one past the last number as that. */
#define DLB_EPOCH_MS 1704067200000LL
#define DLB_WEEK_MS (7LL * 86400 * 1000)
#define DLB_DAY_MS (86400LL * 1000)
uint16_t dlb_week_of(int64_t ms);
uint16_t dlb_month_of(int64_t ms);
uint16_t dlb_quarter_of(int64_t ms);
int64_t dlb_week_start_ms(uint16_t week);
/* "YYYY-MM-DD" and "YYYY-MM-DD HH:MM", UTC; out 11 and 17 bytes. */
void dlb_date_text(char out[11], int64_t ms);
void dlb_time_text(char out[17], int64_t ms);

/* ---- secret memory (secret.c) ---------------------------------------------- */

/* Call once before anything else: libsodium, no core dumps. */
enum dlb_status dlb_base_init(void) DLB_MUST_CHECK;
/* Guarded, locked where the limits allow; zeroed; wiped by the free. */
void *dlb_secret_new(size_t len) DLB_MUST_CHECK;
void dlb_secret_free(void *p);
void dlb_wipe(void *p, size_t len);
bool dlb_equal(const void *a, const void *b, size_t len); /* constant time */

/* ---- files as a table of functions (file.h's shape; file_posix.c) ---------- */

/* A file that is read and written at offsets. One object, one owner; read_at
 * and write_at may be called by several threads at once for ranges that do not
 * overlap. Every function returns DLB_OK or fills err. */
struct dlb_file {
	const struct dlb_file_ops *ops;
};

struct dlb_file_ops {
	/* All len bytes or an error (DLB_CORRUPT when the file is shorter). */
	enum dlb_status (*read_at)(struct dlb_file *f, void *out, size_t len,
		uint64_t offset, struct dlb_error *err);
	enum dlb_status (*write_at)(struct dlb_file *f, const void *data,
		size_t len, uint64_t offset, struct dlb_error *err);
	/* What was written before is on the medium when this returns. */
	enum dlb_status (*sync)(struct dlb_file *f, struct dlb_error *err);
	enum dlb_status (*size)(
		struct dlb_file *f, uint64_t *out, struct dlb_error *err);
	/* Grows or cuts; what is new reads as zeros and takes no space. */
	enum dlb_status (*resize)(
		struct dlb_file *f, uint64_t len, struct dlb_error *err);
	/* Asks the kernel to start writing back / to read ahead; may be NULL. */
	void (*hint_flush)(struct dlb_file *f, uint64_t offset, uint64_t len);
	void (*hint_read)(struct dlb_file *f, uint64_t offset, uint64_t len);
	void (*close)(struct dlb_file *f);
};

enum dlb_open_mode {
	DLB_OPEN_READ,
	DLB_OPEN_WRITE,  /* must exist */
	DLB_OPEN_CREATE, /* must not exist; mode 0600 */
};

/* Where files live: the disk, or a test's memory. Paths are of the process. */
struct dlb_fs {
	const struct dlb_fs_ops *ops;
};

struct dlb_fs_ops {
	/* lock: an exclusive advisory lock for the life of the object; DLB_BUSY
	 * where another holds it. Never follows a link at the last component. */
	enum dlb_status (*open)(struct dlb_fs *fs, struct dlb_file **out,
		const char *path, enum dlb_open_mode mode, bool lock,
		struct dlb_error *err);
	enum dlb_status (*remove)(
		struct dlb_fs *fs, const char *path, struct dlb_error *err);
	/* Replaces `to`; the directory is synced. */
	enum dlb_status (*rename)(struct dlb_fs *fs, const char *from,
		const char *to, struct dlb_error *err);
	/* DLB_NOT_FOUND without a message where there is none. */
	enum dlb_status (*stat)(struct dlb_fs *fs, const char *path,
		uint64_t *size, bool *is_dir, struct dlb_error *err);
	/* Makes what was created or removed in this directory durable. */
	enum dlb_status (*sync_dir)(
		struct dlb_fs *fs, const char *dir, struct dlb_error *err);
	enum dlb_status (*free_space)(struct dlb_fs *fs, const char *dir,
		uint64_t *out, struct dlb_error *err);
};

struct dlb_fs *dlb_fs_posix(void); /* static */

/* Files below this length each, for FAT. A multiple of 64 KiB. */
#define DLB_SPAN_LEN 0xffff0000ULL
/* Several files as one: path, path.1, path.2, ... each of span_len but the
 * last (tests pass a small one). Opens as many as there are; creates as many as
 * total_len needs, and removes them again where that fails. */
enum dlb_status dlb_span_open(struct dlb_file **out, struct dlb_fs *fs,
	const char *path, bool writable, uint64_t span_len,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_span_create(struct dlb_file **out, struct dlb_fs *fs,
	const char *path, uint64_t total_len, uint64_t span_len,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_span_remove(struct dlb_fs *fs, const char *path,
	struct dlb_error *err) DLB_MUST_CHECK;

/* A whole small file at once: at most max bytes, else DLB_LIMIT. */
enum dlb_status dlb_file_load(struct dlb_buf *out, struct dlb_fs *fs,
	const char *path, size_t max, struct dlb_error *err) DLB_MUST_CHECK;
/* Writes path.new, syncs, renames, syncs the directory; removes path.new where
 * that fails. Mode 0600. */
enum dlb_status dlb_file_replace(struct dlb_fs *fs, const char *path,
	const void *data, size_t len, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- threads (pool.c) -------------------------------------------------------- */

/* Calls fn(ctx, i, worker) for each i in [0, n), in any order, on all cores
 * including the caller's; returns when all are done. worker < dlb_pool_width().
 * The threads are made at the first use and wait between uses. */
typedef void (*dlb_pool_fn)(void *ctx, size_t i, unsigned worker);
void dlb_pool_run(size_t n, dlb_pool_fn fn, void *ctx);
unsigned dlb_pool_width(void);
/* 0: as many as cores. Before the first use; tests pass 1. */
void dlb_pool_limit(unsigned width);

/* ---- progress and interruption ------------------------------------------------ */

/* What takes long reports here and stops when told to. May be NULL. */
struct dlb_progress {
	void *ctx;
	/* what: a few words, static; total 0 where it is not known. Returns
	 * false to stop: the work ends with DLB_CANCELLED, everything as sound
	 * as after a crash. */
	bool (*step)(void *ctx, const char *what, uint64_t done, uint64_t total);
};
bool dlb_progress_step(const struct dlb_progress *p, const char *what,
	uint64_t done, uint64_t total);

#endif
