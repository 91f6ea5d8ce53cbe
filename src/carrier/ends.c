/*
 * Descriptors that do not block. A socket is read and written with flags for each
 * call, so that nothing of it changes for who else holds it; a pipe has to be
 * switched, and a borrowed one is switched back.
 */
#include "ends_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What the kernel holds of a stream that was not sent yet, at most: what is
 * written later (an answer, a better cell) does not wait behind megabytes. */
#define UNSENT_MAX (256 * 1024)
#define PIPE_LEN (1024 * 1024)

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Only for speed: where it can not be had, things work without. */
static void
tune(int fd, bool socket)
{
	int on = 1, unsent = UNSENT_MAX;

	if (!socket) {
		(void)!fcntl(fd, F_SETPIPE_SZ, PIPE_LEN);
		return;
	}
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)!setsockopt(
		fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
}

static enum dlb_status
unblock(int fd, int *before, struct dlb_error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return dlb_fail_errno(err, errno, "the link can not be used");
	if (flags & O_NONBLOCK)
		return DLB_OK;
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return dlb_fail_errno(err, errno, "the link can not be used");
	*before = flags;
	return DLB_OK;
}

enum dlb_status
ends_init(struct ends *e, int rd, int wr, bool borrowed, struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	*e = (struct ends){.rd = rd,
		.wr = wr,
		.rd_socket = is_socket(rd),
		.wr_socket = is_socket(wr),
		.borrowed = borrowed,
		.rd_flags = -1,
		.wr_flags = -1};
	if (isatty(rd) || isatty(wr))
		s = dlb_fail(err, DLB_USAGE,
			"a terminal is no link: this end is to be started by the "
			"other one, as in `dlb meet --pipe \"ssh HOST dlb meet "
			"-\"`");
	if (s == DLB_OK)
		tune(rd, e->rd_socket);
	if (s == DLB_OK && wr != rd)
		tune(wr, e->wr_socket);
	if (s == DLB_OK && !e->rd_socket)
		s = unblock(rd, &e->rd_flags, err);
	if (s == DLB_OK && !e->wr_socket)
		s = unblock(wr, &e->wr_flags, err);
	if (s != DLB_OK)
		ends_close(e);
	return s;
}

static void
let_go(int *fd, const struct ends *e, int flags, bool close_it)
{
	if (*fd >= 0 && flags >= 0 && e->borrowed)
		(void)!fcntl(*fd, F_SETFL, flags);
	if (*fd >= 0 && close_it && !e->borrowed)
		close(*fd);
	*fd = -1;
}

void
ends_close(struct ends *e)
{
	bool same = e->rd == e->wr;

	let_go(&e->wr, e, e->wr_flags, !same);
	let_go(&e->rd, e, e->rd_flags, true);
}

void
ends_close_write(struct ends *e)
{
	if (e->wr >= 0 && e->wr_socket)
		shutdown(e->wr, SHUT_WR);
	else if (e->wr != e->rd)
		let_go(&e->wr, e, e->wr_flags, true);
}

enum ends_result
ends_read(struct ends *e, void *buf, size_t cap, size_t *got)
{
	ssize_t n;

	*got = 0;
	do
		n = e->rd_socket ? recv(e->rd, buf, cap, MSG_DONTWAIT)
				 : read(e->rd, buf, cap);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		*got = (size_t)n;
		return ENDS_MOVED;
	}
	if (n == 0)
		return ENDS_OVER;
	return errno == EAGAIN || errno == EWOULDBLOCK ? ENDS_LATER
						       : ENDS_ERROR;
}

/* write with SIGPIPE held back in this thread, and taken away where it came from
 * here: a library does not change what a process does with a signal. */
static ssize_t
write_without_signal(int fd, const void *data, size_t len)
{
	static const struct timespec none;
	sigset_t set, pending, before;
	ssize_t n;
	int failed;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigemptyset(&pending);
	sigpending(&pending);
	if (pthread_sigmask(SIG_BLOCK, &set, &before) != 0)
		return -1;
	n = write(fd, data, len);
	failed = errno;
	if (n < 0 && failed == EPIPE && !sigismember(&pending, SIGPIPE))
		(void)!sigtimedwait(&set, NULL, &none);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = failed;
	return n;
}

enum ends_result
ends_write(struct ends *e, const void *data, size_t len, size_t *done)
{
	ssize_t n;

	*done = 0;
	do
		n = e->wr_socket
			? send(e->wr, data, len, MSG_DONTWAIT | MSG_NOSIGNAL)
			: write_without_signal(e->wr, data, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0) {
		*done = (size_t)n;
		return ENDS_MOVED;
	}
	if (errno == EPIPE)
		return ENDS_OVER;
	return errno == EAGAIN || errno == EWOULDBLOCK ? ENDS_LATER
						       : ENDS_ERROR;
}
