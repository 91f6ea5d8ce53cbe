/*
 * Alice and five friends who keep shares of her backup, and homes in which she has her
 * letterbox again: for tests of backups.
 */
#ifndef DLB_TESTS_BACKUP_WORLD_H
#define DLB_TESTS_BACKUP_WORLD_H

#include "backup_share.h"
#include "backups.h"
#include "home_fixture.h"

#define FRIENDS 5
extern const char *const friends[FRIENDS];

struct shares {
	struct dlb_kept_share list[16];
	size_t n;
};

int64_t id_of(struct fixture *f, struct dlb_node *n, const char *name);
struct dlb_correspondent person(
	struct fixture *f, struct dlb_node *n, const char *name);
void commit(struct fixture *f, struct dlb_node *n);
/* Alice and five friends, who know and have verified each other; a stick. */
void make_world(struct fixture *f);
struct dlb_meet_result meets(struct fixture *f, const char *who);
void friends_meet(struct fixture *f);
enum dlb_status back_up(struct fixture *f, unsigned need);
void make_waiting(struct fixture *f, const char *name);
/* `who` hands what they keep for `owner`, or for alice, to the home `to`. */
unsigned gives_of(
	struct fixture *f, const char *who, const char *owner, const char *to);
unsigned gives(struct fixture *f, const char *who, const char *to);
/* Somebody who says to be alice, and whose friends bob and carol are. */
void make_rival(struct fixture *f);
bool add_share(void *ctx, const struct dlb_kept_share *share);
struct shares kept(struct fixture *f, const char *who);
enum dlb_status restore(struct fixture *f, struct dlb_node *n,
	struct dlb_restored *out, struct dlb_restoring_info *info);
uint64_t serial_of(struct fixture *f, struct dlb_node *n);
size_t letters_seen(struct dlb_node *n);
struct dlb_buf share_of(struct fixture *f, const char *who);

#endif
