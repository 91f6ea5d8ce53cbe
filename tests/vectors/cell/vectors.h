/*
 * The committed test vectors of docs/cell.md, section 9, made in memory: by
 * generate.c, which writes them to files, and by the test, which compares.
 *
 * Everything comes from one seed; order of draws is part of the vectors.
 */
#ifndef DLB_CELL_VECTORS_H
#define DLB_CELL_VECTORS_H

#include "fixture.h"

#define VECTORS_JSON "vectors.json"
#define VECTORS_FILES_MAX 16
#define VECTORS_BULK_MAX 10
#define VECTORS_BAD_MAX 128
#define VECTORS_PATCHES_MAX 12
#define VECTORS_NONE (-1)

/* Index of people, in order. */
enum vector_who { READER, SENDER, STRANGER, VECTORS_PEOPLE };
extern const char *const vectors_people[VECTORS_PEOPLE];

struct vector_letter {
	const char *name;
	enum vector_who reader, sender;
	size_t card_len;
	bool boxed; /* tag_key is used */
	uint8_t tag_key[DLB_KEY_LEN];
	struct dlb_stripe stripe; /* as in the head */
	uint8_t bulk_letter_key[DLB_KEY_LEN];
	struct dlb_head_random random;
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	int head_file;
	struct {
		uint8_t box_tag[DLB_BOX_TAG_LEN];
		uint8_t token_hash[DLB_HASH_LEN];
		uint8_t handle[DLB_HANDLE_LEN];
		uint8_t sha256[DLB_HASH_LEN];
		int file;         /* or VECTORS_NONE */
	} bulk[VECTORS_BULK_MAX]; /* [0] is not used */
};

enum vector_check { CHECK_COURIER, CHECK_HEAD, CHECK_BULK };

struct vector_bad {
	char name[64];
	int file;
	struct vector_patch {
		uint32_t at, len;
		uint8_t bytes[64];
	} patches[VECTORS_PATCHES_MAX];
	size_t n_patches;
	enum vector_check check;
	enum vector_who reader; /* CHECK_HEAD */
	bool without;           /* the opening key is gone */
	int letter;             /* CHECK_BULK */
	uint32_t index;
	enum dlb_status want;
};

enum {
	LETTER_SHORT,
	LETTER_LONG,
	LETTER_STRIPE,
	LETTER_SHARE,
	VECTORS_LETTERS
};

struct vectors {
	struct dlb_env_seeded seeded;
	const struct dlb_env *env;
	struct dlb_aead *aead;
	struct cell_person people[VECTORS_PEOPLE];
	uint8_t card[DLB_CARD_RIDE_MAX];
	uint8_t content[DLB_CELL_LEN];
	struct cell_forge forge;
	struct vector_letter letters[VECTORS_LETTERS];
	struct {
		char name[32];
		uint8_t cell[DLB_CELL_LEN];
		bool cover;
	} files[VECTORS_FILES_MAX];
	int n_files;
	struct vector_bad bad[VECTORS_BAD_MAX];
	size_t n_bad;
	struct dlb_buf json;
};

/* Aborts where something can not be made. */
struct vectors *vectors_new(void);
void vectors_free(struct vectors *v);

/* The parts of vectors_new. */
void vectors_need(bool ok);
int vectors_add_file(struct vectors *v, const char *name);
void vectors_make_bad(struct vectors *v);   /* bad.c */
void vectors_write_json(struct vectors *v); /* json.c */
const char *vectors_verdict(enum dlb_status status);

#endif
