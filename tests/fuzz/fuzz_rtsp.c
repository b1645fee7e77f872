/* What a camera sends, any bytes: messages one after the other, then what their headers say. Never: a
 * piece outside the bytes, a walk that does not end, a text without its end, a number out of range. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/media/rtsp_auth.h"
#include "src/media/rtsp_message.h"
#include "src/media/rtsp_transport.h"
#include "src/media/rtsp_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
    if (!good)
        abort();
}

static void within(struct vg_rtsp_text text, const uint8_t *data, size_t size)
{
    const uint8_t *at = (const uint8_t *)text.at;
    must(!at || (at >= data && text.size <= size && at + text.size <= data + size));
}

static void read_challenge(const struct vg_rtsp_message *message)
{
    char value[VG_RTSP_AUTH_VALUE_SIZE];
    const struct vg_rtsp_credentials given = {"user", "secret", "PLAY", "rtsp://h/x", "0011"};
    struct vg_rtsp_challenge challenge = vg_rtsp_challenge_read(message);
    must(memchr(challenge.realm, 0, sizeof challenge.realm) != NULL);
    must(memchr(challenge.nonce, 0, sizeof challenge.nonce) != NULL);
    must(challenge.scheme < VG_RTSP_AUTH_MD5 || challenge.nonce[0] != '\0');
    if (vg_rtsp_challenge_answer(&challenge, &given, value, sizeof value) == VG_OK)
        must(strpbrk(value, "\r\n") == NULL);
    must(!vg_rtsp_challenge_holds(&challenge, &given,
                                  vg_rtsp_header_find(message, "Authorization", 0)));
}

static void read_headers(const struct vg_rtsp_message *message)
{
    struct vg_rtsp_transport_answer transport;
    struct vg_rtsp_session session;
    struct vg_rtsp_url url;
    char text[VG_RTSP_URL_SIZE], joined[2 * VG_RTSP_URL_SIZE];
    (void)vg_rtsp_transport_read(vg_rtsp_header_find(message, "Transport", 0), &transport);
    must(memchr(transport.source, 0, sizeof transport.source) != NULL && transport.ttl <= 255);
    if (vg_rtsp_session_read(vg_rtsp_header_find(message, "Session", 0), &session))
        must(session.id[0] != '\0' && strpbrk(session.id, " \r\n") == NULL &&
             session.timeout_s >= 1 && session.timeout_s <= 86400);
    (void)vg_rtsp_list_has(vg_rtsp_header_find(message, "Public", 0), "GET_PARAMETER");
    if (vg_rtsp_text_copy(vg_rtsp_header_find(message, "Location", 0), text, sizeof text) &&
        vg_rtsp_url_read(text, &url) == VG_OK) {
        must(url.host[0] != '\0' && url.port > 0 && url.authority <= strlen(url.text));
        must(vg_rtsp_url_join(url.text, text, joined, sizeof joined) == VG_OK);
    }
    read_challenge(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_rtsp_message message;
    for (;;) {
        const enum vg_rtsp_progress progress = vg_rtsp_message_read(data, size, &message);
        if (progress == VG_RTSP_INCOMPLETE)
            break;
        if (progress == VG_RTSP_WRONG) {
            const size_t skipped = vg_rtsp_message_resync(data, size);
            must(skipped > 0 && skipped <= size);
            data += skipped;
            size -= skipped;
            continue;
        }
        must(message.size > 0 && message.size <= size);
        within(message.body, data, message.size);
        must(message.header_count <= VG_RTSP_HEADERS_MAX);
        for (size_t i = 0; i < message.header_count; i++) {
            within(message.headers[i].name, data, message.size);
            within(message.headers[i].value, data, message.size);
        }
        if (message.kind == VG_RTSP_RESPONSE)
            must(message.code >= 100 && message.code <= 999);
        if (message.kind != VG_RTSP_FRAME)
            read_headers(&message);
        data += message.size;
        size -= message.size;
    }
    return 0;
}
