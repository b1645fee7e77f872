/* One buffer, [start, end) of it filled. An answer that was awaited past frames is cut out from between
 * them at the next call, so that the frames are handed out as if they had come after it. */
#include "src/media/rtsp_dialogue.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/base/version.h"
#include "src/media/rtsp_auth.h"

#define BUFFER_BYTES  (128 << 10) /* any message or frame whole, and as much again of others */
#define ROOM_BYTES    (32 << 10)  /* fewer free: what is there moves to the front */
#define REQUEST_BYTES 8192
#define TEXT_SIZE     256
#define ASIDE_US      (VG_US_PER_S / 2) /* for what is written while media comes in */

static_assert(BUFFER_BYTES >= VG_RTSP_MESSAGE_MAX + ROOM_BYTES, "a message would not fit");

struct vg_rtsp_dialogue {
    struct vg_net_link *link;
    uint32_t cseq; /* of the last request */
    char user[TEXT_SIZE], password[TEXT_SIZE];
    struct vg_rtsp_challenge challenge;
    size_t start, end;
    size_t fresh;                  /* bytes that the last fill brought */
    size_t answer_at, answer_size; /* to be cut out; size 0: nothing */
    uint8_t buffer[BUFFER_BYTES];
};

/* ---- life ---- */

static enum vg_status refuse(enum vg_status status, const char *method, struct vg_fault *fault)
{
    switch ((int)status) {
    case VG_E_TIMEOUT:
        return vg_fault_set(fault, status, N_("the camera does not answer"),
                            N_("check its address, its power and the network"), "%s", method);
    case VG_E_CLOSED:
        return vg_fault_set(fault, status, N_("the camera closed the connection"),
                            N_("check how many connections it takes, and its address"), "%s",
                            method);
    case VG_E_IO:
        return vg_fault_set(fault, status, N_("the camera does not answer as RTSP wants"),
                            N_("check the address of the flux"), "%s", method);
    case VG_E_DENIED:
        return vg_fault_set(fault, status, N_("the camera refuses this user and password"),
                            N_("check them in the flux's settings"), "%s 401", method);
    default:
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", method);
    }
}

enum vg_status vg_rtsp_dialogue_open(struct vg_rtsp_dialogue **dialogue, const char *user,
                                     const char *password, struct vg_fault *fault)
{
    *dialogue = NULL;
    if (strlen(user ? user : "") >= TEXT_SIZE || strlen(password ? password : "") >= TEXT_SIZE)
        return vg_fault_set(fault, VG_E_INPUT, N_("the user or the password is too long"), NULL,
                            "%s", "");
    struct vg_rtsp_dialogue *opened = vg_alloc(sizeof *opened);
    if (!opened)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", "");
    (void)snprintf(opened->user, sizeof opened->user, "%s", user ? user : "");
    (void)snprintf(opened->password, sizeof opened->password, "%s", password ? password : "");
    vg_alloc_forget(opened->buffer, sizeof opened->buffer);
    *dialogue = opened;
    return VG_OK;
}

void vg_rtsp_dialogue_forget_credentials(struct vg_rtsp_dialogue *dialogue)
{
    OPENSSL_cleanse(dialogue->user, sizeof dialogue->user);
    OPENSSL_cleanse(dialogue->password, sizeof dialogue->password);
    dialogue->challenge.scheme = VG_RTSP_AUTH_NONE;
}

void vg_rtsp_dialogue_close(struct vg_rtsp_dialogue **dialogue)
{
    if (!*dialogue)
        return;
    vg_rtsp_dialogue_forget_credentials(*dialogue);
    vg_net_close(&(*dialogue)->link);
    vg_free(*dialogue);
    *dialogue = NULL;
}

enum vg_status vg_rtsp_dialogue_connect(struct vg_rtsp_dialogue *dialogue,
                                        const struct vg_net_settings *settings,
                                        struct vg_fault *fault)
{
    vg_net_close(&dialogue->link);
    dialogue->start = dialogue->end = dialogue->answer_size = 0;
    return vg_net_open(&dialogue->link, settings, fault);
}

void vg_rtsp_dialogue_take(struct vg_rtsp_dialogue *dialogue, struct vg_net_link **link)
{
    vg_net_close(&dialogue->link);
    dialogue->start = dialogue->end = dialogue->answer_size = 0;
    dialogue->link = *link;
    *link = NULL;
}

const struct vg_net_link *vg_rtsp_dialogue_link(const struct vg_rtsp_dialogue *dialogue)
{
    return dialogue->link;
}

/* ---- the buffer ---- */

static void cut_out(struct vg_rtsp_dialogue *dialogue, size_t at, size_t size)
{
    if (at == dialogue->start) {
        dialogue->start += size;
        return;
    }
    memmove(dialogue->buffer + at, dialogue->buffer + at + size, dialogue->end - at - size);
    dialogue->end -= size;
}

static void forget_answer(struct vg_rtsp_dialogue *dialogue)
{
    if (dialogue->answer_size > 0)
        cut_out(dialogue, dialogue->answer_at, dialogue->answer_size);
    dialogue->answer_size = 0;
}

/* Moves what is there to the front where room is short; returns by how much. */
static size_t make_room(struct vg_rtsp_dialogue *dialogue)
{
    const size_t moved = dialogue->start;
    if (dialogue->start == dialogue->end) {
        dialogue->start = dialogue->end = 0;
    } else if (moved > 0 && BUFFER_BYTES - dialogue->end < ROOM_BYTES) {
        memmove(dialogue->buffer, dialogue->buffer + moved, dialogue->end - moved);
        dialogue->start = 0;
        dialogue->end -= moved;
    }
    return moved - dialogue->start;
}

enum vg_status vg_rtsp_dialogue_fill(struct vg_rtsp_dialogue *dialogue)
{
    size_t got;
    forget_answer(dialogue);
    (void)make_room(dialogue);
    if (dialogue->end == BUFFER_BYTES) /* the caller has not taken what is there */
        return VG_OK;
    const enum vg_status status = vg_net_read(dialogue->link, dialogue->buffer + dialogue->end,
                                              BUFFER_BYTES - dialogue->end, &got);
    dialogue->end += got;
    dialogue->fresh = got;
    return status;
}

double vg_rtsp_dialogue_taken(const struct vg_rtsp_dialogue *dialogue)
{
    const size_t left = dialogue->end - dialogue->start;
    return left < dialogue->fresh ? 1 - (double)left / (double)dialogue->fresh
                                  : dialogue->fresh == 0;
}

enum vg_status vg_rtsp_dialogue_next(struct vg_rtsp_dialogue *dialogue,
                                     struct vg_rtsp_message *message)
{
    forget_answer(dialogue);
    switch (vg_rtsp_message_read(dialogue->buffer + dialogue->start,
                                 dialogue->end - dialogue->start, message)) {
    case VG_RTSP_COMPLETE:
        dialogue->start += message->size;
        return VG_OK;
    case VG_RTSP_INCOMPLETE:
        return VG_E_END;
    case VG_RTSP_WRONG:
        break;
    }
    return VG_E_IO;
}

size_t vg_rtsp_dialogue_resync(struct vg_rtsp_dialogue *dialogue)
{
    const size_t skipped =
        vg_rtsp_message_resync(dialogue->buffer + dialogue->start, dialogue->end - dialogue->start);
    dialogue->start += skipped;
    return skipped;
}

/* ---- sending ---- */

static enum vg_status authorise(struct vg_rtsp_dialogue *dialogue,
                                const struct vg_rtsp_request *request,
                                struct vg_rtsp_writer *writer)
{
    static const char digits[] = "0123456789abcdef";
    char value[VG_RTSP_AUTH_VALUE_SIZE], cnonce[33];
    uint8_t random[16];
    if (dialogue->challenge.scheme == VG_RTSP_AUTH_NONE)
        return VG_OK;
    vg_random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        cnonce[i * 2] = digits[random[i] >> 4];
        cnonce[i * 2 + 1] = digits[random[i] & 15];
    }
    cnonce[32] = '\0';
    const struct vg_rtsp_credentials credentials = {.user = dialogue->user,
                                                    .password = dialogue->password,
                                                    .method = request->method,
                                                    .uri = request->uri,
                                                    .cnonce = cnonce};
    const enum vg_status status =
        vg_rtsp_challenge_answer(&dialogue->challenge, &credentials, value, sizeof value);
    if (status == VG_OK)
        vg_rtsp_write_header(writer, "Authorization", value);
    OPENSSL_cleanse(value, sizeof value);
    return status;
}

enum vg_status vg_rtsp_dialogue_send(struct vg_rtsp_dialogue *dialogue,
                                     const struct vg_rtsp_request *request,
                                     struct vg_mono_time until, uint32_t *cseq)
{
    char text[REQUEST_BYTES], agent[64];
    (void)snprintf(agent, sizeof agent, "Vigie/%s", vg_version());
    *cseq = ++dialogue->cseq;
    struct vg_rtsp_writer writer =
        vg_rtsp_write_request(text, sizeof text, request->method, request->uri, *cseq);
    vg_rtsp_write_header(&writer, "User-Agent", agent);
    for (size_t i = 0; i < VG_RTSP_EXTRA_MAX; i++)
        if (request->extra[i].name)
            vg_rtsp_write_header(&writer, request->extra[i].name, request->extra[i].value);
    enum vg_status status = authorise(dialogue, request, &writer);
    if (status == VG_OK)
        status = vg_rtsp_write_end(&writer);
    if (status == VG_OK)
        status = vg_net_write(dialogue->link, text, writer.used, until);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

enum vg_status vg_rtsp_dialogue_serve(struct vg_rtsp_dialogue *dialogue,
                                      const struct vg_rtsp_message *request)
{
    static const char *const harmless[] = {"OPTIONS",  "GET_PARAMETER", "SET_PARAMETER",
                                           "ANNOUNCE", "TEARDOWN",      "PLAY_NOTIFY"};
    char text[1024];
    uint32_t code = 501;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (vg_rtsp_text_is(request->method, harmless[i]))
            code = 200;
    struct vg_rtsp_text cseq = vg_rtsp_header_find(request, "CSeq", 0);
    if (cseq.size > 32)
        cseq.at = NULL;
    struct vg_rtsp_writer writer = vg_rtsp_write_response(
        text, sizeof text, code, code == 200 ? "OK" : "Not Implemented", cseq);
    if (vg_rtsp_text_is(request->method, "OPTIONS"))
        vg_rtsp_write_header(&writer, "Public", "OPTIONS, GET_PARAMETER, SET_PARAMETER, ANNOUNCE");
    const enum vg_status status = vg_rtsp_dialogue_reply(dialogue, &writer);
    /* a request so wrong has no answer */
    return status == VG_E_INPUT || status == VG_E_FULL ? VG_OK : status;
}

enum vg_status vg_rtsp_dialogue_reply(struct vg_rtsp_dialogue *dialogue,
                                      struct vg_rtsp_writer *writer)
{
    const enum vg_status status = vg_rtsp_write_end(writer);
    if (status)
        return status;
    return vg_net_write(dialogue->link, writer->text, writer->used,
                        (struct vg_mono_time){vg_mono_now().us + ASIDE_US});
}

enum vg_status vg_rtsp_dialogue_frame(struct vg_rtsp_dialogue *dialogue, uint8_t channel,
                                      const uint8_t *data, size_t size)
{
    uint8_t frame[VG_RTSP_FRAME_HEAD + 1500] = {'$', channel, (uint8_t)(size >> 8), (uint8_t)size};
    if (size > sizeof frame - VG_RTSP_FRAME_HEAD)
        return VG_E_FULL;
    memcpy(frame + VG_RTSP_FRAME_HEAD, data, size);
    return vg_net_write(dialogue->link, frame, VG_RTSP_FRAME_HEAD + size,
                        (struct vg_mono_time){vg_mono_now().us + ASIDE_US});
}

/* ---- answers ---- */

/* One without a number is taken for the one awaited. */
static bool answers(const struct vg_rtsp_message *message, uint32_t cseq)
{
    uint32_t said;
    const struct vg_rtsp_text text = vg_rtsp_header_find(message, "CSeq", 0);
    if (message->kind != VG_RTSP_RESPONSE || message->code < 200)
        return false;
    return !text.at || (vg_rtsp_text_number(text, UINT32_MAX, &said) && said == cseq);
}

/* What the reader met at `at`, which was not the answer. */
static enum vg_status pass_over(struct vg_rtsp_dialogue *dialogue,
                                const struct vg_rtsp_message *message, size_t *at)
{
    enum vg_status status = VG_OK;
    if (message->kind == VG_RTSP_FRAME) {
        *at += message->size;
        return VG_OK;
    }
    if (message->kind == VG_RTSP_REQUEST)
        status = vg_rtsp_dialogue_serve(dialogue, message);
    const bool first = *at == dialogue->start;
    cut_out(dialogue, *at, message->size);
    *at = first ? dialogue->start : *at;
    return status;
}

/* Waits and reads; when frames fill the buffer before an answer comes, they are given up. */
static enum vg_status read_on(struct vg_rtsp_dialogue *dialogue, struct vg_mono_time until,
                              size_t *at)
{
    size_t got;
    enum vg_status status = vg_net_wait(dialogue->link, until);
    if (status == VG_OK && vg_mono_now().us >= until.us)
        status = VG_E_TIMEOUT;
    if (status)
        return status;
    *at -= make_room(dialogue);
    if (BUFFER_BYTES - dialogue->end < ROOM_BYTES) {
        dialogue->start = *at;
        *at -= make_room(dialogue);
    }
    status = vg_net_read(dialogue->link, dialogue->buffer + dialogue->end,
                         BUFFER_BYTES - dialogue->end, &got);
    dialogue->end += got;
    return status;
}

static enum vg_status await(struct vg_rtsp_dialogue *dialogue, uint32_t cseq,
                            struct vg_mono_time until, struct vg_rtsp_message *answer)
{
    enum vg_status status = VG_OK;
    size_t at = dialogue->start;
    while (status == VG_OK) {
        switch (vg_rtsp_message_read(dialogue->buffer + at, dialogue->end - at, answer)) {
        case VG_RTSP_WRONG:
            return VG_E_IO;
        case VG_RTSP_INCOMPLETE:
            status = read_on(dialogue, until, &at);
            break;
        case VG_RTSP_COMPLETE:
            if (answers(answer, cseq)) {
                dialogue->answer_at = at;
                dialogue->answer_size = answer->size;
                return VG_OK;
            }
            status = pass_over(dialogue, answer, &at);
            break;
        }
    }
    return status;
}

enum vg_status vg_rtsp_dialogue_challenge(struct vg_rtsp_dialogue *dialogue,
                                          const struct vg_rtsp_message *answer)
{
    const struct vg_rtsp_challenge offered = vg_rtsp_challenge_read(answer);
    /* who once hashed the password must not be talked into showing it */
    const bool weaker =
        offered.scheme == VG_RTSP_AUTH_BASIC && dialogue->challenge.scheme > VG_RTSP_AUTH_BASIC;
    if (dialogue->user[0] == '\0' || offered.scheme == VG_RTSP_AUTH_NONE || weaker)
        return VG_E_DENIED;
    dialogue->challenge = offered;
    return VG_OK;
}

enum vg_status vg_rtsp_dialogue_exchange(struct vg_rtsp_dialogue *dialogue,
                                         const struct vg_rtsp_request *request,
                                         struct vg_mono_time until, struct vg_rtsp_message *answer,
                                         struct vg_fault *fault)
{
    uint32_t cseq;
    /* sent as it is; with the new nonce; once more if that is called stale already */
    for (int sent = 0; sent < 3; sent++) {
        forget_answer(dialogue);
        enum vg_status status = vg_rtsp_dialogue_send(dialogue, request, until, &cseq);
        if (status == VG_OK)
            status = await(dialogue, cseq, until, answer);
        if (status == VG_E_DENIED) /* TLS 1.3 says so only now */
            return vg_fault_set(fault, status,
                                N_("the camera refuses our certificate, or wants one"),
                                N_("give the certificate and key made for Vigie"), "%s", "TLS");
        if (status)
            return refuse(status, request->method, fault);
        if (answer->code != 401)
            return VG_OK;
        status = vg_rtsp_dialogue_challenge(dialogue, answer);
        if (status == VG_OK && sent == 1 && !dialogue->challenge.stale)
            status = VG_E_DENIED;
        if (status)
            return refuse(status, request->method, fault);
    }
    return refuse(VG_E_DENIED, request->method, fault);
}
