#include "src/media/stagger.h"

#include <pthread.h>

#include "src/base/alloc.h"

struct turn {
    uint64_t host;   /* its hash; 0: free */
    int64_t next_us; /* the next turn is not before */
};

struct vg_stagger {
    pthread_mutex_t lock; /* of the turns */
    struct turn turn[VG_STAGGER_HOSTS_MAX];
};

enum vg_status vg_stagger_open(struct vg_stagger **stagger)
{
    *stagger = vg_alloc(sizeof **stagger);
    if (!*stagger)
        return VG_E_MEMORY;
    (void)pthread_mutex_init(&(*stagger)->lock, NULL);
    return VG_OK;
}

void vg_stagger_close(struct vg_stagger **stagger)
{
    if (!*stagger)
        return;
    (void)pthread_mutex_destroy(&(*stagger)->lock);
    vg_free(*stagger);
    *stagger = NULL;
}

/* FNV-1a, names without case. */
static uint64_t hash_of(const char *host)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *host; host++) {
        const char c = *host >= 'A' && *host <= 'Z' ? (char)(*host + ('a' - 'A')) : *host;
        hash = (hash ^ (uint8_t)c) * UINT64_C(0x100000001b3);
    }
    return hash ? hash : 1;
}

/* The host's place, or else the one whose turn lies furthest back. */
static struct turn *place_of(struct vg_stagger *stagger, uint64_t host)
{
    struct turn *oldest = &stagger->turn[0];
    for (size_t i = 0; i < VG_STAGGER_HOSTS_MAX; i++) {
        struct turn *turn = &stagger->turn[i];
        if (turn->host == host)
            return turn;
        if (turn->next_us < oldest->next_us)
            oldest = turn;
    }
    *oldest = (struct turn){.host = host};
    return oldest;
}

/* The first moment of ours from `at` on. */
static int64_t moment_of(const struct vg_stagger_pace *pace, int64_t at)
{
    if (pace->processes < 2 || pace->step_us <= 0)
        return at;
    const int64_t round_us = pace->step_us * (int64_t)pace->processes;
    const int64_t past = (at - pace->step_us * (int64_t)pace->process) % round_us;
    if (past == 0)
        return at;
    return past > 0 ? at - past + round_us : at - past;
}

int64_t vg_stagger_turn_us(struct vg_stagger *stagger, const char *host,
                           const struct vg_stagger_pace *pace, struct vg_mono_time now)
{
    (void)pthread_mutex_lock(&stagger->lock);
    struct turn *turn = place_of(stagger, hash_of(host));
    const int64_t at = moment_of(pace, turn->next_us > now.us ? turn->next_us : now.us);
    turn->next_us = at + pace->step_us;
    (void)pthread_mutex_unlock(&stagger->lock);
    return at - now.us;
}
