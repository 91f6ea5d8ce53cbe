/*
 * An author, whom bob follows, and who has the author's card and means harm.
 */
#ifndef DLB_TESTS_BULLETINS_WORLD_H
#define DLB_TESTS_BULLETINS_WORLD_H

#include "home_fixture.h"
#include "node_bulletins.h"

struct listing {
	size_t n;
	struct dlb_bulletin_row rows[128];
};

enum harm {
	SOUND,
	SIGNED_BY_ANOTHER,
	ANOTHERS,
	SENT_BY_ANOTHER,
	AT_ANOTHER_SLOT,
	ON_ANOTHER_DAY,
	POSTED_ON_ANOTHER_DAY,
	WITH_ANOTHER_ID,
	OF_ANOTHER_WEEK,
	OF_ANOTHER_STRIPE,
	WITH_OTHER_WORDS,
	WITH_MORE_WORDS,
	WITHOUT_A_KIND,
	NO_BULLETIN,
	HARMS,
};

struct forger {
	struct dlb_identity alice, mallory;
	uint8_t alice_sk[64], mallory_sk[64], key[DLB_KEY_LEN];
	struct dlb_bulletin_reader reader;
	uint8_t cell[DLB_CELL_LEN];
};

void card_of(struct fixture *f, const char *who, bool is_short,
	struct dlb_card *card);
uint64_t follow(struct fixture *f, struct dlb_node *n, const char *whom,
	struct dlb_author *a);
int64_t post(struct fixture *f, struct dlb_node *n, const char *title,
	const void *body, size_t len);
struct dlb_meet_result meets(
	struct fixture *f, const char *who, const char *stick);
size_t bulletins(struct dlb_node *n, struct listing *l);
void author_and_follower(struct fixture *f);
struct dlb_node *bob_meets(struct fixture *f);
uint32_t held(struct dlb_node *n);
void forger_init(struct forger *m, struct fixture *f, const char *author);
void forge(struct forger *m, struct fixture *f, uint8_t slot, enum harm harm);
void insert(struct fixture *f, struct dlb_node *n, const uint8_t *cell);

#endif
