/* A server may list several transports where it should name one: the first is taken. */
#include "src/media/rtsp_transport.h"

#include <string.h>

/* "5000-5001", "5000" (then the next one too). */
static bool read_range(struct vg_rtsp_text value, uint32_t most, uint32_t range[2])
{
    struct vg_rtsp_text first, second;
    if (!value.at || !vg_rtsp_text_next(&value, '-', &first) ||
        !vg_rtsp_text_number(first, most, &range[0]))
        return false;
    range[1] = range[0] < most ? range[0] + 1 : most;
    return !vg_rtsp_text_next(&value, '-', &second) || second.size == 0 ||
           vg_rtsp_text_number(second, most, &range[1]);
}

static bool read_ports(struct vg_rtsp_text value, uint16_t ports[2])
{
    uint32_t range[2];
    if (!read_range(value, UINT16_MAX, range))
        return false;
    ports[0] = (uint16_t)range[0];
    ports[1] = (uint16_t)range[1];
    return true;
}

static bool read_channels(struct vg_rtsp_text value, struct vg_rtsp_transport_answer *answer)
{
    uint32_t range[2];
    if (!read_range(value, UINT8_MAX, range))
        return false;
    answer->interleaved = true;
    answer->channels[0] = (uint8_t)range[0];
    answer->channels[1] = (uint8_t)range[1];
    return true;
}

/* Eight digits of hexadecimal; what is no such number is as if not said (some write it decimal). */
static void read_ssrc(struct vg_rtsp_text value, struct vg_rtsp_transport_answer *answer)
{
    uint32_t number = 0;
    if (!value.at || value.size == 0 || value.size > 8)
        return;
    for (size_t i = 0; i < value.size; i++) {
        static const char digits[] = "0123456789abcdef";
        const char c =
            value.at[i] >= 'A' && value.at[i] <= 'F' ? (char)(value.at[i] + 32) : value.at[i];
        const char *digit = c ? strchr(digits, c) : NULL;
        if (!digit)
            return;
        number = number << 4 | (uint32_t)(digit - digits);
    }
    answer->has_ssrc = true;
    answer->ssrc = number;
}

static bool read_piece(struct vg_rtsp_text piece, struct vg_rtsp_transport_answer *answer)
{
    struct vg_rtsp_text name, value;
    vg_rtsp_text_pair(piece, &name, &value);
    if (vg_rtsp_text_is(name, "multicast"))
        answer->multicast = true;
    else if (vg_rtsp_text_is(name, "interleaved"))
        return read_channels(value, answer);
    else if (vg_rtsp_text_is(name, "server_port"))
        return read_ports(value, answer->server_ports);
    else if (vg_rtsp_text_is(name, "client_port"))
        return read_ports(value, answer->client_ports);
    else if (vg_rtsp_text_is(name, "port"))
        return read_ports(value, answer->ports);
    else if (vg_rtsp_text_is(name, "ttl"))
        return vg_rtsp_text_number(value, 255, &answer->ttl);
    else if (vg_rtsp_text_is(name, "ssrc"))
        read_ssrc(value, answer);
    else if (vg_rtsp_text_is(name, "source"))
        (void)vg_rtsp_text_copy(value, answer->source, sizeof answer->source);
    else if (vg_rtsp_text_is(name, "destination"))
        (void)vg_rtsp_text_copy(value, answer->destination, sizeof answer->destination);
    return true;
}

bool vg_rtsp_transport_read(struct vg_rtsp_text header, struct vg_rtsp_transport_answer *answer)
{
    struct vg_rtsp_text first, piece;
    *answer = (struct vg_rtsp_transport_answer){.channels = {0, 1}};
    if (!header.at || !vg_rtsp_text_next(&header, ',', &first) ||
        !vg_rtsp_text_next(&first, ';', &piece))
        return false;
    answer->tcp = vg_rtsp_text_is(piece, "RTP/AVP/TCP");
    if (!answer->tcp && !vg_rtsp_text_is(piece, "RTP/AVP") &&
        !vg_rtsp_text_is(piece, "RTP/AVP/UDP"))
        return false;
    while (vg_rtsp_text_next(&first, ';', &piece))
        if (!read_piece(piece, answer))
            return false;
    return true;
}

bool vg_rtsp_session_read(struct vg_rtsp_text header, struct vg_rtsp_session *session)
{
    struct vg_rtsp_text id, piece, name, value;
    *session = (struct vg_rtsp_session){.timeout_s = 60};
    if (!header.at || !vg_rtsp_text_next(&header, ';', &id) || id.size == 0 ||
        memchr(id.at, ' ', id.size) || !vg_rtsp_text_copy(id, session->id, sizeof session->id))
        return false;
    while (vg_rtsp_text_next(&header, ';', &piece)) {
        uint32_t seconds;
        vg_rtsp_text_pair(piece, &name, &value);
        if (vg_rtsp_text_is(name, "timeout") && vg_rtsp_text_number(value, 86400, &seconds) &&
            seconds > 0)
            session->timeout_s = seconds;
    }
    return true;
}

bool vg_rtsp_list_has(struct vg_rtsp_text header, const char *word)
{
    struct vg_rtsp_text piece;
    while (header.at && vg_rtsp_text_next(&header, ',', &piece))
        if (vg_rtsp_text_is(piece, word))
            return true;
    return false;
}
