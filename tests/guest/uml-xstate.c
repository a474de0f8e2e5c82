/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into User-mode Linux. Debian's (12 and 13) keeps a process's extended registers in a
 * buffer that ends before AMX, and a host with AMX refuses to set anything but all of them
 * (EFAULT): there, no guest reaches its init. So the rest is added here, as zeros, "not in use".
 * That is true: a process has to request AMX from its kernel first, and these guests lack that
 * request.
 */
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Not on the stack: a guest kernel's is small. One processor in the guest, one caller at a time. */
static char state[65536];

/* The host wants as many bytes as it returns. */
static size_t host_size(pid_t pid)
{
	static size_t size;
	struct iovec all = {state, sizeof(state)};

	if (size == 0 && syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) == 0)
		size = all.iov_len;
	return size;
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list args;
	long word, result;
	pid_t pid;
	void *addr, *data;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);

	if (request == PTRACE_SETREGSET && addr == (void *)NT_X86_XSTATE) {
		const struct iovec *given = data;
		struct iovec whole = {state, host_size(pid)};

		if (given->iov_len < whole.iov_len) {
			memcpy(state, given->iov_base, given->iov_len);
			memset(state + given->iov_len, 0, whole.iov_len - given->iov_len);
			return syscall(SYS_ptrace, request, pid, addr, &whole);
		}
	}
	/* The system call returns a peeked word in its argument, the function as its result. */
	if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA ||
	    request == PTRACE_PEEKUSER) {
		result = syscall(SYS_ptrace, request, pid, addr, &word);
		return result < 0 ? result : word;
	}
	return syscall(SYS_ptrace, request, pid, addr, data);
}
