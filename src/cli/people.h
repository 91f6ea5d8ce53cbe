/*
 * people: whom verbs speak of: cards that come in, names, fingerprints.
 */
#ifndef DLB_CLI_PEOPLE_H
#define DLB_CLI_PEOPLE_H

#include "cli.h"
#include "node.h"

/* Reads a card (a file, "-" for standard input, or its text), adds or renews the
 * correspondent, commits, and says what came of it and which words to compare. name
 * may be NULL. */
enum dlb_status cli_know_card(struct dlb_correspondent *out, struct cli *c,
	struct dlb_node *n, const char *file, const char *name,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The same with the card that came with a stranger's letter. */
enum dlb_status cli_know_sender(struct cli *c, struct dlb_node *n,
	int64_t number, const char *name, struct dlb_error *err) DLB_MUST_CHECK;
/* A correspondent's name, or a card's file or text, which is then known. */
enum dlb_status cli_who(struct dlb_correspondent *out, struct cli *c,
	struct dlb_node *n, const char *who, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Prints groups of words ("one two - three"), indented, a line each. */
void cli_print_groups(const char *words);
/* Prints the words of a fingerprint, indented, in lines that fit a terminal. */
void cli_print_fingerprint(const struct dlb_identity *identity);
/* The name of who sent a letter, "stranger" where it is none. */
void cli_sender(char out[static DLB_PERSON_NAME_MAX + 1],
	struct dlb_letterbox *l, const struct dlb_in_letter *letter);

#endif
