/*
 * What dlb-scan gives up before it looks at a picture: time, memory, files, the
 * network, other processes. What takes over one of its libraries can compute, and
 * answer a wrong text, which a giver of pictures can do anyway.
 *
 * A filter of system calls by number (seccomp(2)) is there for x86-64 and arm64;
 * elsewhere, and where a sanitizer needs more than that, the limits are all.
 */
#include "scanner.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

static bool
limit(int what, rlim_t most)
{
	struct rlimit r = {.rlim_cur = most, .rlim_max = most};

	return setrlimit(what, &r) == 0;
}

#if defined(ARCH) && !defined(SANITIZED)
#define LOAD(field)                                                            \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
/* Goes on behind the next one where it is not that. */
#define ALLOW(call)                                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                     \
		ANSWER(SECCOMP_RET_ALLOW)

static bool
filter_calls(void)
{
	struct sock_filter rules[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		ALLOW(__NR_read),
		ALLOW(__NR_write),
		ALLOW(__NR_close),
		ALLOW(__NR_fstat),
		ALLOW(__NR_newfstatat), /* what fstat is made of */
		ALLOW(__NR_brk),
		ALLOW(__NR_mmap),
		ALLOW(__NR_munmap),
		ALLOW(__NR_mremap),
		ALLOW(__NR_madvise),
		ALLOW(__NR_futex),
		ALLOW(__NR_getrandom),
		ALLOW(__NR_clock_gettime),
		ALLOW(__NR_gettimeofday),
		ALLOW(__NR_rt_sigreturn),
		ALLOW(__NR_exit),
		ALLOW(__NR_exit_group),
		/* Denied and not killed: a library may ask and do without. */
		ANSWER(SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {
		.len = DLB_ARRAY_LEN(rules), .filter = rules};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
#else
static bool
filter_calls(void)
{
	return true;
}
#endif

bool
dlb_scan_confine(void)
{
	bool good = limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, DLB_SCAN_CPU_S)
		&& limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 0);

#ifndef SANITIZED
	good = good && limit(RLIMIT_AS, DLB_SCAN_MEMORY_MAX);
#endif
	good = good && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0
		&& prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
		&& prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	return good && filter_calls();
}
