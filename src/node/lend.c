/*
 * The socket of a home. The borrower says nothing; it connects, reads 33 bytes
 * (GIVEN and the key, or REFUSED and zeros), and is done when it disconnects.
 */
#include "lend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_LEN (1 + DLB_KEY_LEN)
#define GIVEN 1
#define REFUSED 2

struct dlb_lender {
	int home_fd; /* the directory */
	int listen_fd;
	int line[DLB_LEND_LINE_MAX]; /* the first one is served */
	size_t line_n;
	bool asked; /* WANTED was said for the first one */
	bool lent;
};

/* A path to the socket that always fits: a home's may be longer than sun_path. */
static void
address_of(struct sockaddr_un *a, int home_fd)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	snprintf(a->sun_path, sizeof(a->sun_path),
		"/proc/self/fd/%d/" DLB_LEND_FILE, home_fd);
}

/* ---- the lender -------------------------------------------------------------------- */

static enum dlb_status
listen_in(struct dlb_lender *l, struct dlb_error *err)
{
	struct sockaddr_un a;
	mode_t mask;
	int rc;

	address_of(&a, l->home_fd);
	if (unlinkat(l->home_fd, DLB_LEND_FILE, 0) != 0 && errno != ENOENT)
		return dlb_fail_errno(
			err, errno, "an old socket can not be removed");
	l->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->listen_fd < 0)
		return dlb_fail_errno(err, errno, "no socket can be made");
	mask = umask(077);
	rc = bind(l->listen_fd, (const struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (rc != 0 || listen(l->listen_fd, DLB_LEND_LINE_MAX) != 0)
		return dlb_fail_errno(
			err, errno, "no socket can be made in the home");
	return DLB_OK;
}

enum dlb_status
dlb_lender_new(struct dlb_lender **out, const char *home, struct dlb_error *err)
{
	struct dlb_lender *l = calloc(1, sizeof(*l));
	enum dlb_status st;

	*out = NULL;
	if (!l)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	l->listen_fd = -1;
	l->home_fd = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	st = l->home_fd < 0
		? dlb_fail_errno(err, errno, "can not open %s", home)
		: listen_in(l, err);
	if (st != DLB_OK) {
		dlb_lender_free(l);
		return st;
	}
	*out = l;
	return DLB_OK;
}

void
dlb_lender_free(struct dlb_lender *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->line_n; i++)
		close(l->line[i]);
	if (l->listen_fd >= 0) {
		close(l->listen_fd);
		unlinkat(l->home_fd, DLB_LEND_FILE, 0);
	}
	if (l->home_fd >= 0)
		close(l->home_fd);
	free(l);
}

unsigned
dlb_lender_poll(
	const struct dlb_lender *l, struct pollfd out[static DLB_LEND_FDS_MAX])
{
	unsigned n = 0;

	if (l->line_n < DLB_LEND_LINE_MAX)
		out[n++] =
			(struct pollfd){.fd = l->listen_fd, .events = POLLIN};
	for (size_t i = 0; i < l->line_n; i++)
		out[n++] = (struct pollfd){.fd = l->line[i], .events = POLLIN};
	return n;
}

static bool
same_user(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0
		&& who.uid == geteuid();
}

static void
accept_all(struct dlb_lender *l)
{
	while (l->line_n < DLB_LEND_LINE_MAX) {
		int fd = accept4(
			l->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (same_user(fd))
			l->line[l->line_n++] = fd;
		else
			close(fd);
	}
}

/* A borrower says nothing: whatever can be read is the end of it. */
static bool
is_gone(int fd)
{
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	return n >= 0
		|| (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void
send_away(struct dlb_lender *l, size_t i)
{
	close(l->line[i]);
	memmove(l->line + i, l->line + i + 1,
		(--l->line_n - i) * sizeof(*l->line));
	if (i == 0)
		l->asked = false;
}

enum dlb_lend_event
dlb_lender_step(struct dlb_lender *l)
{
	accept_all(l);
	/* From the end, so that the first one keeps its place meanwhile. */
	for (size_t i = l->line_n; i-- > 0;) {
		bool was_lent = l->lent && i == 0;

		if (!is_gone(l->line[i]))
			continue;
		send_away(l, i);
		if (was_lent) {
			l->lent = false;
			return DLB_LEND_BACK;
		}
	}
	if (l->line_n == 0 || l->asked)
		return DLB_LEND_NONE;
	l->asked = true;
	return DLB_LEND_WANTED;
}

static bool
answer(struct dlb_lender *l, uint8_t what, const uint8_t *key)
{
	uint8_t bytes[ANSWER_LEN] = {what};
	bool sent;

	if (key)
		memcpy(bytes + 1, key, DLB_KEY_LEN);
	sent = send(l->line[0], bytes, sizeof(bytes), MSG_NOSIGNAL)
		== (ssize_t)sizeof(bytes);
	dlb_wipe(bytes, sizeof(bytes));
	return sent;
}

void
dlb_lender_give(struct dlb_lender *l, const uint8_t key[static DLB_KEY_LEN])
{
	/* Who went away meanwhile is noticed by the next step: BACK. */
	l->lent = true;
	if (l->line_n > 0 && answer(l, GIVEN, key))
		return;
	if (l->line_n > 0)
		shutdown(l->line[0], SHUT_RDWR);
}

void
dlb_lender_refuse(struct dlb_lender *l)
{
	if (l->line_n == 0)
		return;
	answer(l, REFUSED, NULL);
	send_away(l, 0);
}

/* ---- the borrower ---------------------------------------------------------------------- */

static int
connect_to(const char *home)
{
	struct sockaddr_un a;
	int home_fd = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (home_fd < 0 || fd < 0)
		goto fail;
	address_of(&a, home_fd);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0
		|| !same_user(fd))
		goto fail;
	close(home_fd);
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	if (home_fd >= 0)
		close(home_fd);
	return -1;
}

bool
dlb_lender_there(const char *home)
{
	int fd = connect_to(home);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

enum dlb_status
dlb_borrow(const char *home, unsigned wait_ms, uint8_t key[static DLB_KEY_LEN],
	int *fd, struct dlb_error *err)
{
	struct pollfd p = {.events = POLLIN};
	uint8_t bytes[ANSWER_LEN] = {0};
	enum dlb_status st = DLB_BUSY;

	dlb_wipe(key, DLB_KEY_LEN);
	*fd = p.fd = connect_to(home);
	if (p.fd < 0)
		return DLB_NOT_FOUND;
	if (poll(&p, 1, (int)wait_ms) == 1
		&& recv(p.fd, bytes, sizeof(bytes), MSG_WAITALL)
			== (ssize_t)sizeof(bytes)
		&& bytes[0] == GIVEN) {
		memcpy(key, bytes + 1, DLB_KEY_LEN);
		st = DLB_OK;
	}
	dlb_wipe(bytes, sizeof(bytes));
	if (st == DLB_OK)
		return DLB_OK;
	close(p.fd);
	*fd = -1;
	return dlb_fail(err, st,
		"`dlb serve` has this home and did not lend it; try again, or end "
		"it");
}
