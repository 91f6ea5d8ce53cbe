/*
 * The list of verbs, and finding one.
 */
#include "cli.h"

#include <string.h>

const struct cli_verb *const cli_verbs[] = {&cli_init, &cli_card, &cli_know,
	&cli_verify, &cli_people, &cli_send, &cli_resend, &cli_recall,
	&cli_meet, &cli_inbox, &cli_outbox, &cli_read, &cli_delete, &cli_backup,
	&cli_backup_list, &cli_backup_give, &cli_backup_forget, &cli_restore,
	&cli_bulletins, &cli_bulletin, &cli_bulletin_post, &cli_bulletin_follow,
	&cli_bulletin_unfollow, &cli_bulletin_read, &cli_bulletin_prove,
	&cli_bulletin_check, &cli_box, &cli_box_create, &cli_box_list,
	&cli_box_share, &cli_box_add, &cli_box_place, &cli_box_forget,
	&cli_brief, &cli_trip, &cli_node, &cli_node_pair, &cli_node_list,
	&cli_node_vet, &cli_node_forget, &cli_roster, &cli_roster_list,
	&cli_roster_add, &cli_roster_revoke, &cli_roster_remove,
	&cli_roster_publish, &cli_roster_trust, &cli_roster_forget,
	&cli_roster_export, &cli_roster_import, &cli_serve, &cli_nearby,
	&cli_status, &cli_satchel, &cli_exposure, &cli_audit, &cli_audit_verify,
	&cli_audit_export, &cli_audit_on, &cli_audit_off, &cli_keys,
	&cli_unlock, &cli_lock, &cli_doctor, &cli_help};
const size_t cli_verbs_n = DLB_ARRAY_LEN(cli_verbs);

static const struct cli_option home_options[] = {
	{"passphrase-file", 0, "FILE", "the home's passphrase, from a file"},
	{"passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"key-file", 0, "FILE", "the home's key file"},
	{"wait", 0, "SECONDS", "for another dlb at work here (default 10)"},
};
static const struct cli_option named_home_options[] = {
	{"home-passphrase-file", 0, "FILE",
		"the home's passphrase, from a file"},
	{"home-passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"home-key-file", 0, "FILE", "the home's key file"},
	{"wait", 0, "SECONDS", "for another dlb at work here (default 10)"},
};
static const struct cli_option common_options[] = {
	{"quiet", 'q', NULL, "say only what was asked for, and errors"},
	{"help", 'h', NULL, "show this"},
};

void
cli_verb_options(const struct cli_verb *verb,
	struct cli_option_set sets[static CLI_OPTION_SETS_MAX])
{
	memset(sets, 0, CLI_OPTION_SETS_MAX * sizeof(*sets));
	sets[0].options = verb->options;
	sets[0].n = verb->options_n;
	if (verb->flags & CLI_MAKES_LOCK) {
		sets[1].options = named_home_options;
		sets[1].n = DLB_ARRAY_LEN(named_home_options);
	} else if (verb->flags & CLI_OPENS_HOME) {
		sets[1].options = home_options;
		sets[1].n = DLB_ARRAY_LEN(home_options);
	}
	sets[2].options = common_options;
	sets[2].n = DLB_ARRAY_LEN(common_options);
}

/* Is name "first", or "first second"? */
static bool
is_named(const char *name, const char *first, const char *second)
{
	size_t len = strlen(first);

	if (strncmp(name, first, len) != 0)
		return false;
	return second ? name[len] == ' ' && strcmp(name + len + 1, second) == 0
		      : name[len] == '\0';
}

const struct cli_verb *
cli_verb_find(int argc, char *const *argv, int *used)
{
	*used = 2;
	for (size_t i = 0; argc >= 2 && i < cli_verbs_n; i++)
		if (is_named(cli_verbs[i]->name, argv[0], argv[1]))
			return cli_verbs[i];
	*used = 1;
	for (size_t i = 0; argc >= 1 && i < cli_verbs_n; i++)
		if (is_named(cli_verbs[i]->name, argv[0], NULL))
			return cli_verbs[i];
	*used = 0;
	return NULL;
}

const char *
cli_verb_nearest(const char *word)
{
	const char *nearest = NULL;
	size_t best = 3;

	for (size_t i = 0; i < cli_verbs_n; i++) {
		const char *name = cli_verbs[i]->name;
		const char *space = strchr(name, ' ');
		size_t d = cli_distance(word, name, 2);

		/* "share" alone means "box share". */
		if (space && strcmp(word, space + 1) == 0)
			d = 2;
		if (d < best && 2 * d <= strlen(word)) {
			best = d;
			nearest = name;
		}
	}
	return nearest;
}
