/* A library that is loaded before a program's own, between it and the machine (LD_PRELOAD). It counts the boundaries at
 * which state leaves the process, does one chosen harm at one of them, and keeps a clock that can be moved. It knows
 * nothing of the program; the harness says by environment variables what is to happen (src/harm.rs).
 *
 * A boundary is a call that writes, syncs, renames or removes a file under TORTURE_HOME, or sends to or receives from a
 * TCP peer: the database's port is TORTURE_PG, any other one is a target. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL
#define FDS_MAX 1024
/* How long nothing must happen before the clock jumps to the next deadline, in slices of real milliseconds. */
#define SLICE_MS 3
#define QUIET_SLICES 2
/* CPU time of a slice below which the process is idle. */
#define IDLE_CPU_NS 1000000LL
/* A target that does not answer for this long of real time will not. */
#define DEAF_NS (3 * NS)
#define PROCESSES 8

/* The order is the harness's (src/harm.rs). */
enum kind { WAL_WRITE, DB_WRITE, SYNC, FILE_WRITE, RENAME, REMOVE, CREATE, PG_BEGIN, PG_COMMIT, PG_SEND, HTTP_SEND, HTTP_RECEIVE, KINDS };
enum where { BEFORE, TORN, AFTER };

/* Shared by all processes of a world, and by the harness. */
struct clock {
    _Atomic int64_t offset_ns; /* of every clock */
    _Atomic int64_t wall_ns;   /* of the wall clock alone */
    struct { _Atomic int64_t pid, asked; } process[PROCESSES];
};
/* Of one life of one process. */
struct count { _Atomic uint64_t events, struck, struck_kind, struck_ns, kinds[KINDS]; };

static struct clock no_clock, *clock_ = &no_clock;
static struct count no_count, *count_ = &no_count;
static _Atomic int64_t *asked_ = &no_clock.process[0].asked;
static const char *home, *act = "", *where_ = "before";
static size_t home_length;
static uint64_t at, kinds = ~0ULL, fail_from;
static int pg_port, fail_errno, jumps;
static int64_t step_ns;
static _Atomic int syncing;
static _Atomic char waits[FDS_MAX];

#define REAL(name) ({ static __typeof__(name) *real_; if (!real_) real_ = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); real_; })

static void *shared(const char *variable, size_t length) {
    const char *path = getenv(variable);
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0) return NULL;
    void *found = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    return found == MAP_FAILED ? NULL : found;
}

static uint64_t number(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void begin(void) {
    const char *text;
    struct clock *c = shared("TORTURE_CLOCK", sizeof *c);
    struct count *n = shared("TORTURE_COUNT", sizeof *n);
    if ((text = getenv("TORTURE_ACT"))) act = text;
    if ((text = getenv("TORTURE_WHERE"))) where_ = text;
    if ((text = getenv("TORTURE_STEP_S"))) step_ns = strtoll(text, NULL, 10) * NS;
    home = getenv("TORTURE_HOME");
    home_length = home ? strlen(home) : 0;
    pg_port = (int)number("TORTURE_PG", 0);
    at = number("TORTURE_AT", 0);
    kinds = number("TORTURE_KINDS", ~0ULL);
    fail_from = number("TORTURE_FAIL_FROM", 0);
    fail_errno = (int)number("TORTURE_FAIL_ERRNO", 0);
    jumps = (int)number("TORTURE_JUMPS", 0);
    if (n) count_ = n;
    if (!c) return;
    clock_ = c;
    for (int i = 0; i < PROCESSES; i++) {
        int64_t nobody = 0;
        if (!atomic_compare_exchange_strong(&c->process[i].pid, &nobody, getpid())) continue;
        atomic_store(&c->process[i].asked, 0);
        asked_ = &c->process[i].asked;
        break;
    }
}

/* The clocks. */

static int64_t real_ns(clockid_t id) {
    struct timespec now;
    REAL(clock_gettime)(id, &now);
    return now.tv_sec * NS + now.tv_nsec;
}

static int64_t shift(clockid_t id) {
    int64_t all = atomic_load(&clock_->offset_ns);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) return all + atomic_load(&clock_->wall_ns);
    if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME) return all;
    return 0;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int done = REAL(clock_gettime)(id, now);
    if (done != 0) return done;
    int64_t ns = now->tv_sec * NS + now->tv_nsec + shift(id);
    now->tv_sec = ns / NS;
    now->tv_nsec = ns % NS;
    return 0;
}

/* Threads that wait for a moment of the moved clock wait for it on the real one. */
long syscall(long call, ...) {
    va_list list;
    va_start(list, call);
    long a[6];
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    struct timespec moved;
    if (call == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && a[3]) {
        const struct timespec *due = (const struct timespec *)a[3];
        int64_t ns = due->tv_sec * NS + due->tv_nsec - shift(a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC);
        if (ns < 0) ns = 0;
        moved.tv_sec = ns / NS;
        moved.tv_nsec = ns % NS;
        a[3] = (long)&moved;
    }
    return REAL(syscall)(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int somebody_waits_for_an_answer(void) {
    if (atomic_load(asked_) > 0) return 1;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = (pid_t)atomic_load(&clock_->process[i].pid);
        if (pid > 0 && atomic_load(&clock_->process[i].asked) > 0 && kill(pid, 0) == 0) return 1;
    }
    return 0;
}

/* Whether another thread runs, or would if it had a processor, or waits for a disk (proc(5), the state in `stat`). */
static int somebody_works(void) {
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return 1;
    int works = 0;
    pid_t own = gettid();
    for (struct dirent *thread; !works && (thread = readdir(threads));) {
        char path[64], line[512];
        if (thread->d_name[0] == '.' || atoi(thread->d_name) == own) continue;
        snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread->d_name);
        int fd = (int)REAL(syscall)(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        if (fd < 0) continue;
        ssize_t length = read(fd, line, sizeof line - 1);
        REAL(close)(fd);
        line[length > 0 ? length : 0] = 0;
        const char *name_end = strrchr(line, ')');
        works = name_end && (name_end[2] == 'R' || name_end[2] == 'D');
    }
    closedir(threads);
    return works;
}

/* When there is nothing to do but to wait, the clock jumps to the end of the wait. */
int epoll_wait(int poll, struct epoll_event *events, int most, int timeout) {
    if (!jumps || timeout <= 0) return REAL(epoll_wait)(poll, events, most, timeout);
    int64_t began = real_ns(CLOCK_MONOTONIC);
    int64_t due = began + shift(CLOCK_MONOTONIC) + timeout * 1000000LL;
    int64_t cpu = real_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int quiet = 0;;) {
        int found = REAL(epoll_wait)(poll, events, most, timeout < SLICE_MS ? timeout : SLICE_MS);
        int64_t now = real_ns(CLOCK_MONOTONIC), used = real_ns(CLOCK_PROCESS_CPUTIME_ID);
        int64_t left = due - now - shift(CLOCK_MONOTONIC);
        if (found != 0 || left <= 0) return found;
        int deaf = now - began > DEAF_NS;
        int busy = atomic_load(&syncing) > 0 || used - cpu > IDLE_CPU_NS || (!deaf && somebody_waits_for_an_answer()) || somebody_works();
        quiet = busy ? 0 : quiet + 1;
        cpu = used;
        if (quiet >= QUIET_SLICES) {
            atomic_fetch_add(&clock_->offset_ns, left);
            return 0;
        }
    }
}

/* The harm. */

static void strike(int kind, int fd) {
    atomic_store(&count_->struck_kind, (uint64_t)kind);
    atomic_store(&count_->struck_ns, (uint64_t)(real_ns(CLOCK_REALTIME) + shift(CLOCK_REALTIME)));
    atomic_store(&count_->struck, 1);
    if (!strcmp(act, "kill")) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    if (!strcmp(act, "stop")) kill(getpid(), SIGSTOP);
    if (!strcmp(act, "cut")) shutdown(fd, SHUT_RDWR);
    if (!strcmp(act, "step")) atomic_fetch_add(&clock_->wall_ns, step_ns);
}

/* Counts a boundary, and answers whether it is the chosen one. */
static int chosen(int kind) {
    atomic_fetch_add(&count_->kinds[kind], 1);
    if (!(kinds >> kind & 1)) return 0;
    return atomic_fetch_add(&count_->events, 1) + 1 == at;
}

static int is(const char *where) { return !strcmp(where_, where); }

/* What a descriptor is: a kind of boundary for a write to it, or -1. */
static int kind_of_file(int fd) {
    char link[32], path[4096];
    if (!home) return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return -1;
    path[length] = 0;
    if (strncmp(path, home, home_length)) return -1;
    /* Shared memory that happens to have a name: nothing is kept in it. */
    if (strstr(path, ".db-shm")) return -1;
    if (strstr(path, ".db-wal")) return WAL_WRITE;
    if (strstr(path, ".db")) return DB_WRITE;
    return FILE_WRITE;
}

static int port_of(int fd) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &length) || peer.sin_family != AF_INET) return -1;
    return ntohs(peer.sin_port);
}

static int kind_of_send(int port, const void *bytes, size_t length) {
    if (port != pg_port) return HTTP_SEND;
    if (memmem(bytes, length, "COMMIT", 6)) return PG_COMMIT;
    if (memmem(bytes, length, "BEGIN", 5)) return PG_BEGIN;
    return PG_SEND;
}

static void ask(int fd, int is_asked) {
    if (fd < 0 || fd >= FDS_MAX) return;
    if (atomic_exchange(&waits[fd], (char)is_asked) != is_asked) atomic_fetch_add(asked_, is_asked ? 1 : -1);
}

/* Whether this write fails because the disk is full or broken. */
static int fails(int kind) {
    static _Atomic uint64_t writes;
    if (!fail_errno || (kind != WAL_WRITE && kind != DB_WRITE)) return 0;
    if (atomic_fetch_add(&writes, 1) + 1 < fail_from) return 0;
    atomic_store(&count_->struck, 1);
    errno = fail_errno;
    return 1;
}

#define WRITING(kind, fd, length, whole, half)                       \
    ({                                                               \
        int kind_ = (kind), now_ = chosen(kind_);                    \
        ssize_t done_;                                               \
        if (now_ && is("before")) strike(kind_, fd);                 \
        if (now_ && is("torn") && (length) > 1) { (void)(half); strike(kind_, fd); } \
        done_ = (whole);                                             \
        if (now_ && (is("after") || (is("torn") && (length) < 2))) { int kept_ = errno; strike(kind_, fd); errno = kept_; } \
        done_;                                                       \
    })

ssize_t write(int fd, const void *bytes, size_t length) {
    int kind = kind_of_file(fd);
    if (kind < 0) return REAL(write)(fd, bytes, length);
    if (fails(kind)) return -1;
    return WRITING(kind, fd, length, REAL(write)(fd, bytes, length), REAL(write)(fd, bytes, length / 2));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t place) {
    int kind = kind_of_file(fd);
    if (kind < 0) return REAL(pwrite64)(fd, bytes, length, place);
    if (fails(kind)) return -1;
    return WRITING(kind, fd, length, REAL(pwrite64)(fd, bytes, length, place), REAL(pwrite64)(fd, bytes, length / 2, place));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t place) { return pwrite64(fd, bytes, length, place); }

static int synced(int fd, int (*real)(int)) {
    if (kind_of_file(fd) < 0) return real(fd);
    atomic_fetch_add(&syncing, 1);
    int done = (int)WRITING(SYNC, fd, 0, real(fd), 0);
    atomic_fetch_sub(&syncing, 1);
    return done;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

static int at_home(const char *path) { return home && path && !strncmp(path, home, home_length); }

int rename(const char *from, const char *to) {
    if (!at_home(to)) return REAL(rename)(from, to);
    return (int)WRITING(RENAME, -1, 0, REAL(rename)(from, to), 0);
}

int unlink(const char *path) {
    if (!at_home(path)) return REAL(unlink)(path);
    return (int)WRITING(REMOVE, -1, 0, REAL(unlink)(path), 0);
}

int mkdir(const char *path, mode_t mode) {
    if (!at_home(path)) return REAL(mkdir)(path, mode);
    return (int)WRITING(CREATE, -1, 0, REAL(mkdir)(path, mode), 0);
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (!(flags & O_CREAT) || !at_home(path) || !access(path, F_OK)) return REAL(open64)(path, flags, mode);
    return (int)WRITING(CREATE, -1, 0, REAL(open64)(path, flags, mode), 0);
}

static ssize_t sent(int fd, const void *bytes, size_t length, int flags, ssize_t (*real)(int, const void *, size_t, int)) {
    int port = port_of(fd);
    if (port < 0) return real(fd, bytes, length, flags);
    ask(fd, 1);
    return WRITING(kind_of_send(port, bytes, length), fd, length, real(fd, bytes, length, flags), real(fd, bytes, length / 2, flags));
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) { return sent(fd, bytes, length, flags, REAL(send)); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    int port = port_of(fd);
    if (port < 0) return REAL(writev)(fd, parts, count);
    ask(fd, 1);
    return WRITING(kind_of_send(port, parts[0].iov_base, parts[0].iov_len), fd, 2, REAL(writev)(fd, parts, count),
                   REAL(send)(fd, parts[0].iov_base, parts[0].iov_len / 2, MSG_NOSIGNAL));
}

/* PostgreSQL has answered when it says ReadyForQuery, the last of what it sends (protocol 3.0, message formats). */
static int is_ready(const void *bytes, size_t length) {
    return length >= 6 && !memcmp((const char *)bytes + length - 6, "Z\0\0\0\5", 5);
}

static ssize_t received(int fd, const void *bytes, size_t length, ssize_t done) {
    int kept = errno, port = port_of(fd);
    if (port >= 0 && done >= 0) {
        size_t came = (size_t)done < length ? (size_t)done : length;
        ask(fd, port == pg_port && done > 0 && !is_ready(bytes, came));
        if (port != pg_port && done > 0 && chosen(HTTP_RECEIVE)) strike(HTTP_RECEIVE, fd);
    }
    errno = kept;
    return done;
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    return received(fd, bytes, length, REAL(recv)(fd, bytes, length, flags));
}

ssize_t readv(int fd, const struct iovec *parts, int count) {
    return received(fd, parts[0].iov_base, parts[0].iov_len, REAL(readv)(fd, parts, count));
}

int close(int fd) {
    ask(fd, 0);
    return REAL(close)(fd);
}
