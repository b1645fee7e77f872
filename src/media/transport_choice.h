/* By which transport a flux whose setting is AUTO is opened next: the one by which its pictures came,
 * the other only now and then. A server takes a connection by TCP and sends nothing: then UDP is to be
 * tried; but one that once sent by TCP and is silent now is more likely ill than changed. Pure. */
#ifndef VG_MEDIA_TRANSPORT_CHOICE_H
#define VG_MEDIA_TRANSPORT_CHOICE_H

#include <stdint.h>

#include "src/base/source_url.h"

/* So many silent sessions by the one that is proven, then one by the other. */
#define VG_TRANSPORT_PROVEN_TRIES 3u

/* Zeroed: nothing is known. */
struct vg_transport_choice {
    enum vg_transport proven; /* by which pictures came last: TCP, UDP; AUTO: none so far */
    enum vg_transport next;   /* to try first; AUTO: as the source has it */
    uint32_t silent;          /* sessions in a row by the proven one */
};

/* Pictures came by it. Of transports that AUTO does not choose between nothing is kept. */
void vg_transport_choice_proven(struct vg_transport_choice *choice, enum vg_transport transport);

/* It was opened by this one, and nothing came. */
void vg_transport_choice_silent(struct vg_transport_choice *choice, enum vg_transport transport);

#endif
