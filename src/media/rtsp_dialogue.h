/* Requests and answers over one connection of RTSP: numbers (CSeq), waiting for the right answer, user
 * and password when they are asked for, answers to what the server asks, and the buffer in which
 * interleaved media comes. What a session is, the client knows (src/media/rtsp_client.h).
 *
 * User and password stay in here and are wiped at the end. One thread at a time uses it. */
#ifndef VG_MEDIA_RTSP_DIALOGUE_H
#define VG_MEDIA_RTSP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/net_link.h"
#include "src/media/rtsp_message.h"

struct vg_rtsp_dialogue;

/* user, password: borrowed until return, copied; NULL: none. VG_E_INPUT: longer than 255 bytes. */
enum vg_status vg_rtsp_dialogue_open(struct vg_rtsp_dialogue **dialogue, const char *user,
                                     const char *password, struct vg_fault *fault) VG_MUST_USE;
void vg_rtsp_dialogue_close(struct vg_rtsp_dialogue **dialogue);

/* Connects anew, to this host; what was in the buffer is lost. */
enum vg_status vg_rtsp_dialogue_connect(struct vg_rtsp_dialogue *dialogue,
                                        const struct vg_net_settings *settings,
                                        struct vg_fault *fault) VG_MUST_USE;

/* The same over a connection that came to us: takes *link, NULL: none any more. */
void vg_rtsp_dialogue_take(struct vg_rtsp_dialogue *dialogue, struct vg_net_link **link);
const struct vg_net_link *vg_rtsp_dialogue_link(const struct vg_rtsp_dialogue *dialogue);

/* Another host must not learn them. */
void vg_rtsp_dialogue_forget_credentials(struct vg_rtsp_dialogue *dialogue);

#define VG_RTSP_EXTRA_MAX 4
struct vg_rtsp_request {
    const char *method, *uri;
    struct {
        const char *name, *value; /* NULL: none */
    } extra[VG_RTSP_EXTRA_MAX];
};

/* Sends, with an answer to the challenge known, if any; *cseq: the answer's number. */
enum vg_status vg_rtsp_dialogue_send(struct vg_rtsp_dialogue *dialogue,
                                     const struct vg_rtsp_request *request,
                                     struct vg_mono_time until, uint32_t *cseq) VG_MUST_USE;

/* Sends and waits for the answer, whatever its code but 401, which is answered: once, and once more
 * when the server says that its nonce was stale. Interleaved frames that come before it stay in
 * the buffer. answer: borrows the buffer until the next call. VG_E_DENIED: 401 all the same (or
 * no credentials); VG_E_IO: what came is not RTSP; VG_E_TIMEOUT, VG_E_CLOSED, VG_E_INTERRUPTED.
 * The fault's place: the method, and the code if there was one. */
enum vg_status vg_rtsp_dialogue_exchange(struct vg_rtsp_dialogue *dialogue,
                                         const struct vg_rtsp_request *request,
                                         struct vg_mono_time until, struct vg_rtsp_message *answer,
                                         struct vg_fault *fault) VG_MUST_USE;

/* After a 401 to what was sent without waiting: whether to send it again. */
enum vg_status vg_rtsp_dialogue_challenge(struct vg_rtsp_dialogue *dialogue,
                                          const struct vg_rtsp_message *answer) VG_MUST_USE;

/* The next message or frame in the buffer; borrows it until the next call. VG_E_END: none is whole
 * yet; VG_E_IO: what came is not RTSP. */
enum vg_status vg_rtsp_dialogue_next(struct vg_rtsp_dialogue *dialogue,
                                     struct vg_rtsp_message *message) VG_MUST_USE;

/* After VG_E_IO of `next`: passes over bytes up to what may be a frame or an answer; how many. */
size_t vg_rtsp_dialogue_resync(struct vg_rtsp_dialogue *dialogue);

/* Reads what has come into the buffer, without waiting. VG_E_CLOSED, VG_E_IO. */
enum vg_status vg_rtsp_dialogue_fill(struct vg_rtsp_dialogue *dialogue) VG_MUST_USE;

/* The share of the bytes of the last fill that was taken with the messages until now, 0 to 1. */
double vg_rtsp_dialogue_taken(const struct vg_rtsp_dialogue *dialogue);

/* Answers a request of the server's: 200 to what asks nothing of us, else 501. */
enum vg_status vg_rtsp_dialogue_serve(struct vg_rtsp_dialogue *dialogue,
                                      const struct vg_rtsp_message *request) VG_MUST_USE;

/* Sends what was written by src/media/rtsp_message.h; VG_E_FULL, VG_E_INPUT of the writer. */
enum vg_status vg_rtsp_dialogue_reply(struct vg_rtsp_dialogue *dialogue,
                                      struct vg_rtsp_writer *writer) VG_MUST_USE;

/* Sends size bytes as an interleaved frame. VG_E_FULL: more than 1500, nothing was sent. */
enum vg_status vg_rtsp_dialogue_frame(struct vg_rtsp_dialogue *dialogue, uint8_t channel,
                                      const uint8_t *data, size_t size) VG_MUST_USE;

#endif
