#include "src/energy/snmp_message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"
#include "src/energy/watts_text.h"

enum tag {
    TAG_INTEGER = 0x02,
    TAG_TEXT = 0x04,
    TAG_NULL = 0x05,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30,
    TAG_COUNTER32 = 0x41,
    TAG_GAUGE32 = 0x42,
    TAG_TICKS = 0x43,
    TAG_COUNTER64 = 0x46,
    TAG_GET = 0xa0,
    TAG_RESPONSE = 0xa2
};

enum vg_status vg_snmp_oid_parse(const char *text, struct vg_snmp_oid *oid)
{
    oid->count = 0;
    text += text[0] == '.';
    for (;;) {
        char *end;
        errno = 0;
        const unsigned long id = strtoul(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || errno || id > UINT32_MAX ||
            oid->count == VG_SNMP_OID_MAX)
            return VG_E_INPUT;
        oid->id[oid->count++] = (uint32_t)id;
        if (*end == '\0')
            break;
        if (*end != '.')
            return VG_E_INPUT;
        text = end + 1;
    }
    const bool begins = oid->count >= 2 && oid->id[0] <= 2 && oid->id[1] < 40;
    return begins ? VG_OK : VG_E_INPUT;
}

/* ---- writing, from the end to the beginning: lengths are then known ---- */

struct writer {
    uint8_t *out;
    size_t at; /* the message stands at out + at */
    bool full;
};

static void put(struct writer *w, const void *bytes, size_t size)
{
    if (size > w->at) {
        w->full = true;
        return;
    }
    w->at -= size;
    memcpy(w->out + w->at, bytes, size);
}

static void put_byte(struct writer *w, unsigned byte)
{
    const uint8_t b = (uint8_t)byte;
    put(w, &b, 1);
}

/* What was put since the message began at `end` becomes the content of a tag. */
static void wrap(struct writer *w, size_t end, enum tag tag)
{
    const size_t size = end - w->at;
    put_byte(w, size & 0xff);
    if (size > 0xff)
        put_byte(w, (unsigned)(size >> 8));
    if (size > 0x7f)
        put_byte(w, size > 0xff ? 0x82 : 0x81);
    put_byte(w, tag);
}

static void put_integer(struct writer *w, int32_t value)
{
    const size_t end = w->at;
    do {
        put_byte(w, (unsigned)value & 0xff);
        value >>= 8;
    } while (value > 0 && !w->full);
    if (!w->full && w->out[w->at] & 0x80)
        put_byte(w, 0); /* else it would be negative */
    wrap(w, end, TAG_INTEGER);
}

static void put_id(struct writer *w, uint32_t id)
{
    unsigned more = 0;
    do {
        put_byte(w, (id & 0x7f) | more);
        more = 0x80;
        id >>= 7;
    } while (id > 0);
}

static void put_oid(struct writer *w, const struct vg_snmp_oid *oid)
{
    const size_t end = w->at;
    for (uint32_t i = oid->count; i > 2; i--)
        put_id(w, oid->id[i - 1]);
    put_id(w, oid->id[0] * 40 + oid->id[1]);
    wrap(w, end, TAG_OID);
}

enum vg_status vg_snmp_get_write(const struct vg_snmp_get *get, uint8_t *out, size_t size,
                                 size_t *used)
{
    struct writer w = {out, size, false};
    *used = 0;
    if (get->oid.count < 2 || get->oid.count > VG_SNMP_OID_MAX || get->request < 0)
        return VG_E_CALL;
    put_byte(&w, 0);
    put_byte(&w, TAG_NULL);
    put_oid(&w, &get->oid);
    wrap(&w, size, TAG_SEQUENCE);
    wrap(&w, size, TAG_SEQUENCE);
    put_integer(&w, 0);
    put_integer(&w, 0);
    put_integer(&w, get->request);
    wrap(&w, size, TAG_GET);
    const size_t end = w.at;
    put(&w, get->community, strlen(get->community));
    wrap(&w, end, TAG_TEXT);
    put_integer(&w, get->version == VG_SNMP_V2C);
    wrap(&w, size, TAG_SEQUENCE);
    if (w.full)
        return VG_E_FULL;
    *used = size - w.at;
    memmove(out, out + w.at, *used);
    return VG_OK;
}

/* ---- reading ---- */

struct piece {
    const uint8_t *data;
    size_t size;
};

/* Takes the next thing of `from`: its tag and content. False: there is none that is whole. */
static bool take(struct piece *from, unsigned *tag, struct piece *content)
{
    size_t head = 2, length;
    if (from->size < 2)
        return false;
    *tag = from->data[0];
    length = from->data[1];
    if (length > 0x80) {
        const size_t bytes = length & 0x7f;
        if (bytes > 4 || from->size < 2 + bytes)
            return false;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | from->data[2 + i];
        head += bytes;
    } else if (length == 0x80) {
        return false;
    }
    if (length > from->size - head)
        return false;
    *content = (struct piece){from->data + head, length};
    from->data += head + length;
    from->size -= head + length;
    return true;
}

static bool take_tag(struct piece *from, unsigned wanted, struct piece *content)
{
    unsigned tag;
    return take(from, &tag, content) && tag == wanted;
}

/* Of two's complement, up to 8 bytes; unsigned ones of 8 bytes have a zero before them or are 2^63
 * at most in what they count. */
static bool number_of(struct piece p, bool is_signed, double *value)
{
    double sum = 0;
    if (p.size == 0 || p.size > 9 || (p.size == 9 && p.data[0] != 0))
        return false;
    for (size_t i = 0; i < p.size; i++)
        sum = sum * 256 + p.data[i];
    double limit = 1;
    for (size_t i = 0; i < p.size; i++)
        limit *= 256;
    *value = is_signed && p.data[0] & 0x80 ? sum - limit : sum;
    return true;
}

static bool take_integer(struct piece *from, double *value)
{
    struct piece content;
    return take_tag(from, TAG_INTEGER, &content) && number_of(content, true, value);
}

static bool id_take(struct piece *p, uint32_t *id)
{
    uint64_t value = 0;
    for (; p->size > 0 && value <= UINT32_MAX >> 7; p->data++, p->size--) {
        value = value << 7 | (p->data[0] & 0x7f);
        if (!(p->data[0] & 0x80)) {
            p->data++;
            p->size--;
            *id = (uint32_t)value;
            return true;
        }
    }
    return false;
}

static bool same_oid(struct piece p, const struct vg_snmp_oid *oid)
{
    uint32_t id;
    if (!id_take(&p, &id) || id != oid->id[0] * 40 + oid->id[1])
        return false;
    for (uint32_t i = 2; i < oid->count; i++)
        if (!id_take(&p, &id) || id != oid->id[i])
            return false;
    return p.size == 0;
}

static enum vg_status strange(struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("the meter's answer is not understood"), NULL,
                        "SNMP");
}

static enum vg_status value_of(unsigned tag, struct piece content, double *value,
                               struct vg_fault *fault)
{
    bool known = false;
    switch (tag) {
    case TAG_INTEGER:
        known = number_of(content, true, value);
        break;
    case TAG_COUNTER32:
    case TAG_GAUGE32:
    case TAG_TICKS:
    case TAG_COUNTER64:
        known = number_of(content, false, value);
        break;
    case TAG_TEXT:
        known = vg_watts_parse((const char *)content.data, content.size, value) == VG_OK;
        break;
    case 0x80: /* noSuchObject, noSuchInstance, endOfMibView */
    case 0x81:
    case 0x82:
        return vg_fault_set(fault, VG_E_MISSING, N_("the power strip has no such value"),
                            N_("look for its OID in the maker's MIB"), "SNMP");
    default:
        break;
    }
    return known ? VG_OK
                 : vg_fault_set(fault, VG_E_INPUT, N_("the meter's answer is not a number"), NULL,
                                "SNMP 0x%02x", tag);
}

static bool same_text(struct piece p, const char *text)
{
    return p.size == strlen(text) && memcmp(p.data, text, p.size) == 0;
}

static bool is(double value, int32_t wanted)
{
    return value >= wanted && value <= wanted;
}

enum vg_status vg_snmp_answer_parse(const uint8_t *data, size_t size, const struct vg_snmp_get *get,
                                    double *value, struct vg_fault *fault)
{
    struct piece all = {data, size}, message, community, pdu, list, binding, oid, content;
    double version, request, error, at;
    unsigned tag;
    if (!take_tag(&all, TAG_SEQUENCE, &message) || !take_integer(&message, &version) ||
        !take_tag(&message, TAG_TEXT, &community) || !take_tag(&message, TAG_RESPONSE, &pdu) ||
        !take_integer(&pdu, &request) || !take_integer(&pdu, &error) || !take_integer(&pdu, &at))
        return strange(fault);
    if (!is(request, get->request) || !is(version, get->version == VG_SNMP_V2C) ||
        !same_text(community, get->community))
        return VG_E_STATE;
    if (is(error, 2)) /* noSuchName, of version 1 */
        return value_of(0x80, message, value, fault);
    if (!is(error, 0))
        return vg_fault_set(fault, VG_E_LACK, N_("the power strip refuses the question"), NULL,
                            "SNMP error %.0f", error);
    if (!take_tag(&pdu, TAG_SEQUENCE, &list) || !take_tag(&list, TAG_SEQUENCE, &binding) ||
        !take_tag(&binding, TAG_OID, &oid) || !take(&binding, &tag, &content) ||
        !same_oid(oid, &get->oid))
        return strange(fault);
    return value_of(tag, content, value, fault);
}
